"""Frames onto nodes, plots and canvases; the browser's objects are handed in."""
