"""The state of the page, and everything that can happen to it."""
