"""Reads images: one call opens any supported file, sniffed by content, with its calibration and its provenance."""

from calcannot.io.array_source import ArraySource
from calcannot.io.hashing import sha256_of
from calcannot.io.open import open_image

__all__ = ["ArraySource", "open_image", "sha256_of"]
