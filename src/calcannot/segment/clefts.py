"""Clefts and septa in a lesion: gaps that a closing fills, cut half-way between their floor and their sides.

A cleft has steep sides whatever the lesion's own edge is like, and a blurred step crosses half its height at its true
place. So a cleft is where the film is darker than half of what it would be, were the cleft filled. What it would be is
the closing of an image smooth enough that the closing does not run along the crests of the noise. The closing lies at
the lower side of a cleft, and the smoothing lowers both, so that half the height is a little more than half of it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

DEPTH_SIGMA = 3.0
"""A cleft is deeper than this many standard deviations of the noise: what is shallower may be noise."""

_HALF_SHARE = 0.55  # of the closing that half the height is: 0.5 keeps a fifth of thin walls, 0.6 widens broad ones
_SMOOTHING_SHARE = 0.25  # Gaussian before the closing, as a share of its radius


def closing_sigma_px(radius_px: float, smoothing_px: float) -> float:
    """Gaussian before the closing: no less than that of what it is compared with, above which noise would lift it."""
    return max(_SMOOTHING_SHARE * radius_px, smoothing_px)


def hidden_by_noise(radius_px: float, smoothing_px: float) -> bool:
    """Whether the film had to be smoothed so far that walls and gaps much narrower than the widest cleft vanish."""
    return smoothing_px > _SMOOTHING_SHARE * radius_px > 0


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
    """Pixels of clefts: below half of the height, and deeper than noise; bool (height, width)."""
    return np.asarray((fine < _HALF_SHARE * closed) & (closed - fine > DEPTH_SIGMA * fine_sigma))


def without_clefts(residual: Float, closed: Float, sigma: float) -> Float:
    """The residual, with the closing where it lies deeper below that than noise; float64 (height, width)."""
    return np.where(closed - residual > DEPTH_SIGMA * sigma, closed, residual)
