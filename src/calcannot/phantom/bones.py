"""Soft body and iliac wings: how many centimetres of each a ray meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from calcannot.phantom.shape import Floats


def _grid_mm(size_px: tuple[int, int], spacing_mm: float) -> tuple[Floats, Floats]:
    """Row and column distances from the middle of the film, shapes (height, 1) and (1, width)."""
    rows, cols = ((np.arange(size) - (size - 1) / 2) * spacing_mm for size in size_px)
    return rows[:, None].astype(np.float64), cols[None, :].astype(np.float64)


def body_cm(size_px: tuple[int, int], spacing_mm: float) -> Floats:
    """Soft tissue: 22 cm in the middle, less by 6 ((x/180)² + (y/220)²); float64, shape (height, width)."""
    rows, cols = _grid_mm(size_px, spacing_mm)
    return np.asarray(np.clip(22 - 6 * ((cols / 180) ** 2 + (rows / 220) ** 2), 0, None), dtype=np.float64)


def iliac_wings_cm(size_px: tuple[int, int], spacing_mm: float) -> Floats:
    """Cortical bone of two iliac wings: 0.35 cm, 0.5 cm along the crest, edges smoothed over 1 mm.

    Each wing is a crescent, an ellipse less another further towards the middle and down; the crest is its outer 6 mm.
    """
    rows, cols = _grid_mm(size_px, spacing_mm)
    bone = np.zeros(size_px)
    for side in (-1, 1):
        outer = np.hypot((cols * side - 82) / 62, (rows - 20) / 85)
        inner = np.hypot((cols * side - 40) / 62, (rows - 75) / 80)
        wing = (outer < 1) & (inner > 1)
        bone = np.where(wing, np.where(outer > 0.92, 0.5, 0.35), bone)
    return np.asarray(ndimage.gaussian_filter(bone, 1.0 / spacing_mm), dtype=np.float64)
