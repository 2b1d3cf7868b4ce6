"""What instructors edit, read and checked; texts and controls made of it."""
