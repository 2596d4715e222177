"""Pixels of a box, smoothed where the recipe asks for it; exact whatever the box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from calcannot.segment.channels import Pixels

_TRUNCATE_SIGMAS = 4.0


def read_smoothed(
    source: ImageSource, row: int, col: int, height: int, width: int, sigma_px: float, *, rounded: bool = True
) -> Pixels:
    """Read a box with as many pixels around it as a Gaussian of ``sigma_px`` reaches, and smooth it.

    Each colour is smoothed for itself and ``rounded`` to the image's own levels, so that a table of levels still holds;
    float64 where it is not. At the image border the nearest pixel goes on.
    """
    if sigma_px <= 0:
        pixels = source.read(row, col, height, width)
        return pixels if rounded else pixels.astype(np.float64)
    from scipy import ndimage

    reach = int(_TRUNCATE_SIGMAS * sigma_px + 0.5)
    info = source.info
    top, left = max(0, row - reach), max(0, col - reach)
    bottom, right = min(info.height_px, row + height + reach), min(info.width_px, col + width + reach)
    pixels = source.read(top, left, bottom - top, right - left)
    sigmas = (sigma_px, sigma_px, 0.0)[: pixels.ndim]
    smooth = ndimage.gaussian_filter(pixels.astype(np.float64), sigmas, mode="nearest", truncate=_TRUNCATE_SIGMAS)
    core = smooth[row - top : row - top + height, col - left : col - left + width]
    if not rounded:
        return np.asarray(core)
    levels: Pixels = (np.rint(core) if pixels.dtype.kind in "iu" else core).astype(pixels.dtype)
    return levels
