"""Decide pixels: channels, thresholds, local background, cleanup."""
