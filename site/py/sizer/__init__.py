"""The page for engineers, size.html: its form becomes a question, the answer becomes the page's parts."""
