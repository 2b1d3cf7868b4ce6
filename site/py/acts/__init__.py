"""What belongs to one act alone."""
