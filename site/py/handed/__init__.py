"""What a class hands in: snapshots checked against the engine, as a table."""
