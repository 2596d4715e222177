"""Masks as runs of pixels: where they come from, what hangs together, and their outlines."""
