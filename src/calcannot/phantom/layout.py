"""Where deposits go: scattered so that none touches another, or heaped into one mass."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from calcannot.phantom.raster import centre_mask
from calcannot.phantom.shape import Bools, Shape, Union
from calcannot.phantom.shapes import Ellipse, Lobulated, disc

GAP_PX = 6.0  # least distance between two deposits: no blur or threshold joins them
SMALLEST_RADIUS_PX = 6.0
LARGEST_GRAIN_UM = 25.0
_TRIES = 4000


def mass(allowed: Bools, area_px2: float, rng: np.random.Generator) -> Union:
    """One mass of 5 to 12 overlapping ellipses about the middle of the allowed pixels.

    Parameters
    ----------
    allowed
        Pixels that may be mineral, shape (height, width).
    area_px2
        Area aimed at; the area reached is read off the coverage.
    rng
        Source of chance.
    """
    rows, cols = np.nonzero(allowed)
    centre = (float(rows.mean()), float(cols.mean()))
    reach = 0.5 * min(np.ptp(rows), np.ptp(cols))
    core = (0.55, 0.45)
    plan = [(0.0, 0.0, *core, rng.uniform(0, 180))]
    for turn in np.linspace(0, 360, int(rng.integers(4, 12)), endpoint=False):
        away, angle = rng.uniform(0.3, 0.42), math.radians(turn + rng.uniform(-12, 12))
        a, b = rng.uniform(0.28, 0.42), rng.uniform(0.2, 0.3)
        plan.append((away * math.sin(angle), away * math.cos(angle), a, b, rng.uniform(0, 180)))

    def at(scale: float, middle: tuple[float, float]) -> Union:
        return Union(tuple(Ellipse(middle[0] + scale * r, middle[1] + scale * c, scale * a, scale * b, t)
                           for r, c, a, b, t in plan))  # fmt: skip

    unit = centre_mask([at(200.0, (300.0, 300.0))], (600, 600)).sum() / 200.0**2
    return at(min(math.sqrt(area_px2 / unit), 1.4 * reach), centre)


def scatter(
    allowed: Bools, taken: Shape | None, area_px2: float, um_per_px: float, rng: np.random.Generator
) -> list[Shape]:
    """Discs, ellipses and rosettes that keep ``GAP_PX`` from each other, the border and whatever is not allowed.

    Parameters
    ----------
    allowed
        Pixels that may be mineral, shape (height, width).
    taken
        A mass to stay away from, or None.
    area_px2
        Sum of areas aimed at; reached from below, to within the smallest grain, unless there is no room.
    um_per_px
        Pixel size in µm, for the largest grain.
    rng
        Source of chance.
    """
    free = np.pad(allowed, 1)
    if taken is not None:
        free[1:-1, 1:-1] &= ~centre_mask([taken], (allowed.shape[0], allowed.shape[1]))
    clearance = ndimage.distance_transform_edt(free)[1:-1, 1:-1]
    largest = max(2.5 * SMALLEST_RADIUS_PX, LARGEST_GRAIN_UM / um_per_px)
    found: list[Shape] = []
    left = area_px2
    for _ in range(_TRIES):
        row, col = rng.uniform(0, allowed.shape[0] - 1), rng.uniform(0, allowed.shape[1] - 1)
        grain = _grain(row, col, min(largest, math.sqrt(max(left, 0.0) / math.pi)), rng)
        if grain is None:
            break
        if clearance[round(row), round(col)] < grain.reach_px + GAP_PX + 1:
            continue
        if any(math.hypot(g.row_px - row, g.col_px - col) < g.reach_px + grain.reach_px + GAP_PX for g in found):
            continue
        found.append(grain)
        left -= grain.area_px2 or 0.0
    return found


def _grain(row_px: float, col_px: float, largest_px: float, rng: np.random.Generator) -> Shape | None:
    """One grain whose inner radius is at least ``SMALLEST_RADIUS_PX``; None when that is too much area."""
    if largest_px < SMALLEST_RADIUS_PX:
        return None
    radius = rng.uniform(SMALLEST_RADIUS_PX, largest_px) if largest_px > 1.2 * SMALLEST_RADIUS_PX else largest_px
    kind, angle = rng.integers(3), rng.uniform(0, 180)
    slim = rng.uniform(0.6, 0.95)
    if kind == 1 and radius * slim >= SMALLEST_RADIUS_PX:
        return Ellipse(row_px, col_px, radius, radius * slim, angle)
    if kind == 2 and radius * 0.85 >= SMALLEST_RADIUS_PX:
        ripple = 0.12
        return Lobulated(row_px, col_px, radius / (1 + ripple), ripple, int(rng.integers(3, 7)), angle)
    return disc(row_px, col_px, radius)
