"""Act I: the memory wall."""
