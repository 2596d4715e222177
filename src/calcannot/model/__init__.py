"""Frozen value types: no file format, no image library, no window."""
