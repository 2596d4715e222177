"""How far around a click a lesion reaches: circles of growing radius, in a film reduced to what each needs.

Inside a large lesion a small circle sees a lobule above the septa around it, and takes those for background; over a
bone a large circle has the bone's edges in its rim. So the radius is the smallest at which what grows stays out of the
rim, stands nearly as clear of the unevenness of its surroundings as at any radius, and of those nearly as high.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.pipeline.foci import RADIOGRAPH_FOCI
from calcannot.segment.background import fit_surface, surface_at
from calcannot.segment.polygons import inside_any
from calcannot.segment.resolve import smoothing_px
from calcannot.segment.seeds import grown
from calcannot.segment.smoothing import read_smoothed

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.recipe import Recipe

Mask = npt.NDArray[np.bool_]

FIRST_RIMS: Final = 2.0
"""Radius of the first circle in widths of the rim: 12 mm."""
STEP: Final = 1.3
MOST_RIMS: Final = 12.0
"""Radius of the last: 72 mm."""
BEYOND_RIMS: Final = 10 / 6
"""What a region of interest holds beyond its lesion: 10 mm."""
NEARLY: Final = 0.6
"""Of the clearest and of the highest at any radius."""
_FINE: Final = 64
"""Pixels along the radius of a circle that are looked at."""
_ROUNDS: Final = 4
MOST_GROWTH: Final = 1.5
"""A circle that shows part of a lesion shows two thirds of its reach at least."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a click belongs, and how far around it is looked.

    Attributes
    ----------
    row, col
        The place inside the lesion that is farthest from its outline; the centre of the first pixel is (0, 0).
    radius_px
        Of a disc there that lies well inside the lesion.
    reach_px
        Of the region of interest.
    """

    row: float
    col: float
    radius_px: float
    reach_px: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What grows inside a circle: the lesion, how high it stands, and whether it stays out of the rim."""

    mask: Mask
    row: int
    col: int
    step: int
    peak: float
    stays: bool
    radius_px: float
    sigma: float

    @property
    def clearness(self) -> float:
        """Peak over the unevenness of its surroundings; noise of less than a twentieth of the peak does not count."""
        return self.peak / (self.sigma + self.peak / 20)


def find_reaches(
    source: ImageSource, recipe: Recipe, row: int, col: int, excluded: tuple[Stroke, ...]
) -> tuple[Reach, ...]:
    """Find regions of interest around a click, the likeliest first; none where nothing stands out at any radius.

    Parameters
    ----------
    row, col
        Pixel of the click.
    excluded
        Neither lesion nor background.
    """
    assert recipe.background is not None
    rim_px = recipe.background.rim.in_px(source.info.calibration, "background.rim")
    look = partial(_look, source, recipe, rim_px, excluded)
    largest = math.hypot(source.info.height_px, source.info.width_px)
    seen = []
    radius = FIRST_RIMS * rim_px
    while radius <= MOST_RIMS * rim_px:
        each = look(row, col, radius)
        if each is not None:
            seen.append(each)
        if radius > largest:
            break
        radius *= STEP
    if not seen:
        return ()
    staying = [each for each in seen if each.stays] or seen
    clearest = max(each.clearness for each in staying)
    clear = [each for each in staying if each.clearness >= NEARLY * clearest]
    highest = max(each.peak for each in clear)
    chosen = next(each for each in clear if each.peak >= NEARLY * highest)
    tight = _around(chosen, BEYOND_RIMS * rim_px)
    for _ in range(_ROUNDS):
        # A click near the edge of a lesion has seen part of it only, and the rest in the rim.
        again = look(round(tight.row), round(tight.col), tight.reach_px)
        if again is None or not again.stays:
            break
        wider = _around(again, BEYOND_RIMS * rim_px)
        if not tight.reach_px + again.step < wider.reach_px <= MOST_GROWTH * chosen.radius_px:
            break  # it has settled, or it has run into bone
        tight = wider
    # Over bone the rim of the smaller circle may be worse than that in which the lesion was seen.
    return tight, replace(tight, reach_px=max(tight.reach_px, chosen.radius_px))


def _look(
    source: ImageSource,
    recipe: Recipe,
    rim_px: float,
    excluded: tuple[Stroke, ...],
    row: int,
    col: int,
    radius_px: float,
) -> _Seen | None:
    assert recipe.background is not None
    step = max(1, int(radius_px / _FINE))
    reach = math.ceil(radius_px / step)
    top, left = max(row % step, row - reach * step), max(col % step, col - reach * step)
    height = (min(source.info.height_px, row + (reach + 1) * step) - top) // step * step
    width = (min(source.info.width_px, col + (reach + 1) * step) - left) // step * step
    box = (top, left, height, width)
    # As smooth as the recipe allows: this is a search, and the outline is drawn later.
    smoothing = smoothing_px(recipe, source.info)
    values = _reduced(read_smoothed(source, *box, smoothing, rounded=False), step)
    out = np.asarray(inside_any(excluded, *box).reshape(height // step, step, width // step, step).any(axis=(1, 3)))
    here = (row - top) // step, (col - left) // step
    rows, cols = np.ogrid[: values.shape[0], : values.shape[1]]
    away = np.hypot(rows - here[0], cols - here[1])
    within = away <= radius_px / step
    seed = away <= 1.5
    try:
        surface = fit_surface(
            values, within, rim_px / step, recipe.background.k_sigma, recipe.background.peak_fraction,
            smoothing_sigma_px=smoothing, left_out=out, seed=seed & within, name="", row=0, col=0,
        )  # fmt: skip
    except RecipeError:
        return None
    residual = values - surface_at(surface, 0, 0, *values.shape)
    gap_px = gap_of(recipe, source.info) / step
    mask = hanging_together((residual > surface.threshold) & within & ~out, seed, gap_px)
    if surface.peak <= surface.core or not mask.any():
        return None
    stays = not (mask & (away > (radius_px - rim_px) / step)).any()
    return _Seen(mask, top, left, step, surface.peak, stays, radius_px, surface.sigma)


def gap_of(recipe: Recipe, info: ImageInfo) -> float:
    """How far apart pieces of one lesion may lie, in px: what is one focus."""
    return (recipe.foci or RADIOGRAPH_FOCI).joining.in_px(info.calibration, "foci.joining")


def hanging_together(mask: Mask, seed: Mask, gap_px: float) -> Mask:
    """What of a mask hangs together with a pixel of the seed across gaps up to a width; bool (height, width)."""
    from scipy import ndimage

    near = mask if gap_px < 1 else ndimage.distance_transform_edt(~mask) <= gap_px / 2
    return grown(near, seed & mask) & mask


def _reduced(pixels: npt.NDArray[np.generic], step: int) -> npt.NDArray[np.float64]:
    """Means of blocks."""
    height, width = pixels.shape
    return np.asarray(pixels.astype(np.float64).reshape(height // step, step, width // step, step).mean(axis=(1, 3)))


def _around(seen: _Seen, beyond_px: float) -> Reach:
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(seen.mask, 1))[1:-1, 1:-1]
    row, col = (int(each) for each in np.unravel_index(int(depth.argmax()), depth.shape))
    rows, cols = np.nonzero(seen.mask)
    farthest = float(np.hypot(rows - row, cols - col).max() + 0.5)
    half = (seen.step - 1) / 2
    return Reach(
        row=seen.row + row * seen.step + half,
        col=seen.col + col * seen.step + half,
        radius_px=max(1.0, float(depth[row, col]) * seen.step / 2),
        reach_px=farthest * seen.step + beyond_px,
    )
