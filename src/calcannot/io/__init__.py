"""Reads images: one call opens any supported file, sniffed by content, with its calibration and its provenance."""

from calcannot.io.array_source import ArraySource

__all__ = ["ArraySource"]
