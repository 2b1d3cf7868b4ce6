"""Anybody's measurements against the engine: `python3 build.py validate --data FILE.csv` (docs/validating.md)."""
