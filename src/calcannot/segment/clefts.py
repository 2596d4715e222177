"""Clefts and septa in a lesion: gaps that a closing fills, cut half-way between their floor and their sides.

A cleft has steep sides whatever the lesion's own edge is like, and a blurred step crosses half its height at its true
place. So a cleft is where the film is darker than half of what it would be, were the cleft filled. What it would be is
the closing of an image smooth enough that the closing does not run along the crests of the noise.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

DEPTH_SIGMA = 3.0
"""A cleft is deeper than this many standard deviations of the noise: what is shallower may be noise."""


SMOOTHING_SHARE = 0.25
"""Gaussian before the closing, as a share of its radius."""


def reach_px(radius_px: float) -> int:
    """Pixels around a box that decide its closing."""
    return 2 * round(radius_px)


def filled(residual: Float, radius_px: float) -> Float:
    """Grey closing by a regular octagon of this inner radius; float64 (height, width).

    The octagon is a square and then a diamond, so that the cost does not grow with its area.
    """
    from scipy import ndimage

    square = round(radius_px * (math.sqrt(2) - 1))
    diamond = round(radius_px) - square
    cross = ndimage.generate_binary_structure(2, 1)
    closed = ndimage.maximum_filter(residual, size=2 * square + 1, mode="nearest")
    for _ in range(diamond):
        closed = ndimage.maximum_filter(closed, footprint=cross, mode="nearest")
    closed = ndimage.minimum_filter(closed, size=2 * square + 1, mode="nearest")
    for _ in range(diamond):
        closed = ndimage.minimum_filter(closed, footprint=cross, mode="nearest")
    return np.asarray(closed)


def cleft(fine: Float, closed: Float, fine_sigma: float) -> Mask:
    """Pixels of clefts: below half of the closing, and deeper than noise; bool (height, width)."""
    return np.asarray((fine < 0.5 * closed) & (closed - fine > DEPTH_SIGMA * fine_sigma))


def without_clefts(residual: Float, closed: Float, sigma: float) -> Float:
    """The residual, with the closing where it lies deeper below that than noise; float64 (height, width)."""
    return np.where(closed - residual > DEPTH_SIGMA * sigma, closed, residual)
