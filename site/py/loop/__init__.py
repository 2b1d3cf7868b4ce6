"""What goes on while the page is open. The browser's objects are handed in."""
