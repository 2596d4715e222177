"""The edge of a dense round object, found from one point inside it.

Rays run from the middle of the object outwards. Where a ray falls to a share of the way from the object's level to
that of its surroundings is a point of the edge. On a film that follows the log of exposure the edge of an opaque
object lies lower than half-way, by an amount that depends on scatter, which nobody wrote down: between 20 and 50 % of
the way up. So the edge is taken in the middle of these two, and their distance is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalibrationError

Float = npt.NDArray[np.floating]

_UPPER: Final = 0.50
_LOWER: Final = 0.20
_STEP_PX: Final = 0.25
_MOST_RAYS: Final = 360
_LEAST_RAYS: Final = 24
_ROUNDS: Final = 12
_OUTLIER: Final = 4.0
_LEAST_RADIUS_PX: Final = 5.0
_NO_OBJECT = "there is no dense round object with a free edge round this point"
_REMEDY = "give a point inside it, or set five points or more on its edge"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectEdge:
    """Points on an edge.

    Attributes
    ----------
    points
        float64 (n, 2), (x, y) in px of the given window, from its top-left corner.
    half_width_px
        Half the distance between the two levels between which the edge lies.
    spread_px
        Standard deviation of the points about a smooth outline.
    """

    points: Float
    half_width_px: float
    spread_px: float


def find_edge(window: npt.NDArray[Any], x: float, y: float, *, aspect: float = 1.0) -> ObjectEdge:
    """Find the edge of the object that holds a point.

    Parameters
    ----------
    window
        Pixels with denser brighter, shape (height, width); the object and about its radius of surroundings.
    x, y
        A point inside the object, px from the window's top-left corner.
    aspect
        Height over width of a pixel.

    Raises
    ------
    CalibrationError
        If there is none, or other objects hide more than a third of its edge.
    """
    grey = window.astype(np.float64)
    centre_x, centre_y, radius, low, high = _rough(grey, x, y, aspect)
    count = int(np.clip(2 * math.pi * radius / 2, _LEAST_RAYS, _MOST_RAYS))
    angles = np.arange(count) * (2 * math.pi / count)
    steps = np.arange(0.4 * radius, 1.6 * radius, _STEP_PX)
    cols = centre_x + np.outer(np.cos(angles), steps)
    rows = centre_y + np.outer(np.sin(angles), steps) / aspect
    profiles = _sampled(grey, rows - 0.5, cols - 0.5)
    # Beyond the window lies what surrounds the object on the whole.
    profiles = np.where(np.isfinite(profiles), profiles, low)
    outer = np.median(profiles[:, steps > 1.25 * radius], axis=1)
    inner = np.median(profiles[:, steps < 0.7 * radius], axis=1)
    found = [
        _crossings(profiles, steps, outer + share * (inner - outer))
        for share in (_UPPER, (_UPPER + _LOWER) / 2, _LOWER)
    ]
    good = np.isfinite(found).all(axis=0) & (inner - outer > 0.3 * (high - low))
    spread = 0.0
    for _ in range(3):
        if good.sum() < max(_LEAST_RAYS * 2 // 3, count * 2 // 3):
            raise CalibrationError(_NO_OBJECT, remedy=_REMEDY)
        off = found[1] - _smooth(angles, found[1], good)
        spread = float(np.sqrt(np.mean(off[good] ** 2)))
        typical = 1.4826 * float(np.median(np.abs(off[good]))) + 1e-9
        good &= np.abs(off) <= max(_OUTLIER * typical, 0.5)
    distance = found[1][good]
    points = np.stack(
        [centre_x + distance * np.cos(angles[good]), centre_y + distance * np.sin(angles[good]) / aspect], axis=1
    )
    return ObjectEdge(points, float(np.median(found[2][good] - found[0][good])) / 2, spread)


def _rough(grey: Float, x: float, y: float, aspect: float) -> tuple[float, float, float, float, float]:
    """Middle, radius in columns' px, level of the surroundings and of the object."""
    from scipy import ndimage

    height, width = grey.shape
    row, col = math.floor(y), math.floor(x)
    if not (0 <= row < height and 0 <= col < width):
        raise CalibrationError("the point lies outside the image", remedy=_REMEDY)
    near = grey[max(0, row - 2) : row + 3, max(0, col - 2) : col + 3]
    high, low = float(np.median(near)), float(np.median(grey))
    rows, cols = np.mgrid[:height, :width] + 0.5
    centre_x, centre_y, radius = x, y, 0.0
    for _ in range(_ROUNDS):
        labels, _n = ndimage.label(grey >= (low + high) / 2)
        if high <= low or labels[row, col] == 0:
            raise CalibrationError(_NO_OBJECT, remedy=_REMEDY)
        object_ = ndimage.binary_fill_holes(labels == labels[row, col])
        centre_x, centre_y = float(cols[object_].mean()), float(rows[object_].mean())
        before, radius = radius, math.sqrt(object_.sum() * aspect / math.pi)
        away = np.hypot(cols - centre_x, (rows - centre_y) * aspect)
        ring = (away > 1.3 * radius) & (away < 1.7 * radius)
        touches = object_[0].any() or object_[-1].any() or object_[:, 0].any() or object_[:, -1].any()
        if radius < _LEAST_RADIUS_PX or not ring.any() or touches:
            raise CalibrationError(_NO_OBJECT, remedy=_REMEDY)
        low, high = float(np.median(grey[ring])), float(np.median(grey[away < 0.5 * radius]))
        if abs(radius - before) < 0.05:
            break
    return centre_x, centre_y, radius, low, high


def _sampled(grey: Float, rows: Float, cols: Float) -> Float:
    from scipy import ndimage

    return np.asarray(ndimage.map_coordinates(grey, [rows, cols], order=1, mode="constant", cval=np.nan))


def _crossings(profiles: Float, steps: Float, levels: Float) -> Float:
    """Distance at which each profile first falls below its level, between samples; NaN where it does not."""
    below = profiles < levels[:, None]
    below[:, 0] = False
    first = below.argmax(axis=1)
    rays = np.arange(len(profiles))
    before, after = profiles[rays, first - 1], profiles[rays, first]
    share = (before - levels) / np.where(before > after, before - after, np.nan)
    return np.where(first > 0, steps[first - 1] + share * _STEP_PX, np.nan)


def _smooth(angles: Float, distance: Float, good: npt.NDArray[np.bool_]) -> Float:
    """Waves of up to two periods through distances from the middle: a circle, its offset, an ellipse."""
    waves = np.stack([np.ones_like(angles), *(f(k * angles) for k in (1, 2) for f in (np.cos, np.sin))], axis=1)
    fit = np.linalg.lstsq(waves[good], distance[good], rcond=None)[0]
    return np.asarray(waves @ fit)
