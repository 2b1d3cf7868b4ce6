"""Python in more than one thread: jobs there and back."""
