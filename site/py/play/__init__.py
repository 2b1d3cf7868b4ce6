"""The game, run.html: the engine's own server under a peak, and whoever runs it."""
