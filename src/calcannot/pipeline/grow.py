"""Grow a lesion from a click: how far to look, at which level to stop, and whether it has run out of the lesion.

The answer is a stroke, not a mask: the click with the radius of its region of interest, and with a share of the peak
where the one that is found by itself will not do. Any measurement of that stroke gives the mask shown.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.classes import CORE, MINERAL
from calcannot.pipeline.clicks import cut_at, surface_of
from calcannot.pipeline.reach import Reach, find_reaches, gap_of, hanging_together
from calcannot.segment.above_background import classes_above
from calcannot.segment.allowed import with_exclusions
from calcannot.segment.polygons import inside, inside_any
from calcannot.segment.seeds import grown, region_around

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import Surface

Mask = npt.NDArray[np.bool_]

SHARES: Final = tuple(k / 100 for k in range(10, 95, 5))
"""Shares of the peak that are tried, from below, where growth at the level that was found runs out of the lesion."""

_CORNERS = 16


class Leak(StrEnum):
    """What a growth has run into."""

    NONE = "nothing"
    RIM = "the rim of its circle, which is background"
    FILM = "the edge of the film"
    EXCLUSION = "what is excluded"


@dataclass(frozen=True, eq=False)
class Growth:
    """A lesion that was grown from a click.

    Attributes
    ----------
    stroke
        The click: what is kept.
    surface
        Local background around it, and the level of the outline.
    mask
        Pixels of the lesion in the box of the region of interest, bool (height, width): those that a measurement of
        ``stroke`` gives, but for holes that the recipe fills.
    row, col
        Place of the box in the image.
    leak
        What the growth has run into.
    found
        The surface with the level that was found by itself.
    held
        Growth at that level ran out of the lesion, and was held by a higher one.
    """

    stroke: Stroke
    surface: Surface
    mask: Mask
    row: int
    col: int
    leak: Leak
    found: Surface
    held: bool = False

    @property
    def area_px(self) -> int:
        """Pixels of the lesion."""
        return int(np.count_nonzero(self.mask))


def grow(
    source: ImageSource,
    recipe: Recipe,
    row: float,
    col: float,
    annotations: Annotations | None = None,
    *,
    share: float | None = None,
    name: str = "",
) -> Growth:
    """Grow the lesion that a pixel belongs to.

    Parameters
    ----------
    source
        A radiograph.
    recipe
        With a local background.
    row, col
        Of the click; the centre of the first pixel is (0, 0).
    annotations
        Exclusions stop the growth; no mineral, no background.
    share
        Where to stop, as a share of the peak above the local background, above 0 and below 1; found unless given.

    Raises
    ------
    AnnotationError
        If the click lies beside the image or on an exclusion, nothing there rises above its surroundings, or the share
        is none.
    RecipeError
        If the recipe has no local background, or the image has colours.
    """
    info, drawn = source.info, annotations or Annotations()
    if recipe.background is None:
        what = f"the recipe {recipe.name} has no local background to grow from"
        raise RecipeError(what, path=info.name, remedy="choose --recipe radiograph-local")
    if info.channels != 1:
        raise RecipeError("lesions are grown on grey films only", path=info.name, remedy="draw a region instead")
    if share is not None and not 0 < share < 1:
        what = f"a share of {share:g} of the peak is none"
        raise AnnotationError(what, remedy="give a number above 0 and below 1, such as 0.4")
    if not (-0.5 <= row < info.height_px - 0.5 and -0.5 <= col < info.width_px - 0.5):
        what = f"the click at x {col:g}, y {row:g} lies beside the image"
        raise AnnotationError(what, path=info.name, remedy=f"the image is {info.width_px} x {info.height_px} px")
    excluded = with_exclusions(info, drawn).of(StrokeKind.EXCLUDE)
    pixel = (round(row), round(col), 1, 1)
    if inside_any(excluded, *pixel).any():
        what = f"the click at x {col:g}, y {row:g} lies on what is excluded"
        raise AnnotationError(what, path=info.name, remedy="click on a lesion")
    for number, reach in enumerate(find_reaches(source, recipe, round(row), round(col), excluded)):
        growth = _from(source, recipe, _click(row, col, reach, name), drawn, excluded, share)
        # The wider circle is for lesions that the rim of the first hides, not for what runs out of both.
        if growth is not None and (number == 0 or (growth.leak is not Leak.RIM and not growth.held)):
            return growth
    what = f"nothing at x {col:g}, y {row:g} rises above its surroundings by more than they vary"
    remedy = "click into the lesion, where it is densest, exclude the bone beside it, or draw a region"
    raise AnnotationError(what, path=info.name, remedy=remedy)


def _from(
    source: ImageSource,
    recipe: Recipe,
    stroke: Stroke,
    drawn: Annotations,
    excluded: tuple[Stroke, ...],
    share: float | None,
) -> Growth | None:
    """Grow in one region of interest; None where nothing does."""
    surface = surface_of(source, recipe, stroke, drawn)
    if surface.peak <= surface.core:
        return None
    pieces = _pieces(source, recipe, stroke, surface, excluded)
    if len(pieces) > 1:
        # Septa part the lesion: the click is one place in each piece.
        stroke = replace(stroke, rings=tuple(pieces))
        surface = surface_of(source, recipe, stroke, drawn)
    growth = _grown(source, recipe, stroke, surface, surface, excluded)
    if share is not None:
        growth = _cut(source, recipe, growth, share, excluded)
    if not growth.area_px:
        return None
    if share is None and growth.leak is Leak.RIM:
        for tried in SHARES:
            if tried > surface.peak_fraction:
                held = _cut(source, recipe, growth, tried, excluded)
                if held.leak is not Leak.RIM:
                    return replace(held, held=True) if held.area_px else growth
    return growth


def at_share(
    source: ImageSource, recipe: Recipe, growth: Growth, share: float | None, annotations: Annotations | None = None
) -> Growth:
    """The same growth at another share of the peak, or at that which was found; the background stays as it was fitted.

    Parameters
    ----------
    annotations
        As they were given to ``grow``.
    """
    excluded = with_exclusions(source.info, annotations or Annotations()).of(StrokeKind.EXCLUDE)
    return _cut(source, recipe, growth, share, excluded)


def _cut(
    source: ImageSource, recipe: Recipe, growth: Growth, share: float | None, excluded: tuple[Stroke, ...]
) -> Growth:
    stroke = replace(growth.stroke, peak_fraction=share)
    surface = growth.found if share is None else cut_at(growth.found, share, recipe.background, source.info)
    return _grown(source, recipe, stroke, surface, growth.found, excluded)


def _grown(
    source: ImageSource, recipe: Recipe, stroke: Stroke, surface: Surface, found: Surface, excluded: tuple[Stroke, ...]
) -> Growth:
    box, mineral, _, out = _classified(source, stroke, surface, excluded)
    row, col = box[:2]
    core = (classes_above(source, (surface,), (stroke,), *box) & CORE) != 0
    mask = _of_size(grown(mineral, mineral & core), _least_px(source, recipe))
    return Growth(stroke, surface, mask, row, col, _leak(source, stroke, surface, mask, out, box), found)


def _classified(
    source: ImageSource, stroke: Stroke, surface: Surface, excluded: tuple[Stroke, ...]
) -> tuple[tuple[int, int, int, int], Mask, Mask, Mask]:
    """Box of the region of interest, and in it: mineral, what proves it wherever it lies, and what is excluded."""
    assert stroke.reach_px is not None
    circle = region_around(stroke, stroke.reach_px)
    x_min, y_min, x_max, y_max = circle.bounds()
    row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
    height = min(source.info.height_px, math.ceil(y_max)) - row
    width = min(source.info.width_px, math.ceil(x_max)) - col
    box = (row, col, height, width)
    classes = classes_above(source, (surface,), (circle,), *box)
    out = inside_any(excluded, *box)
    return box, ((classes & MINERAL) != 0) & ~out, (classes & CORE) != 0, out


def _least_px(source: ImageSource, recipe: Recipe) -> int:
    """Least area of a region in px, as the recipe is resolved."""
    least = recipe.cleanup.minimum_area if recipe.cleanup else None
    return 1 if least is None else math.ceil(least.in_px(source.info.calibration, "cleanup.minimum_area"))


def _of_size(mask: Mask, least_px: int) -> Mask:
    """A mask without its pieces of fewer pixels."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    enough = np.bincount(labels.ravel()) >= least_px
    enough[0] = False
    return np.asarray(enough[labels])


def _pieces(
    source: ImageSource, recipe: Recipe, stroke: Stroke, surface: Surface, excluded: tuple[Stroke, ...]
) -> list[npt.NDArray[np.float64]]:
    """A disc well inside each piece of what hangs together with a click across septa."""
    from scipy import ndimage

    box, mineral, core, _ = _classified(source, stroke, surface, excluded)
    whole = hanging_together(mineral, inside(stroke, *box), gap_of(recipe, source.info))
    least_px = _least_px(source, recipe)
    labels, count = ndimage.label(whole, np.ones((3, 3)))
    depth = np.where(core, ndimage.distance_transform_edt(np.pad(whole, 1))[1:-1, 1:-1], 0.0)
    discs = []
    for piece in range(1, count + 1):
        inner = np.where(labels == piece, depth, 0.0)
        if np.count_nonzero(labels == piece) >= least_px and inner.max() > 0:
            row, col = np.unravel_index(int(inner.argmax()), inner.shape)
            discs.append(_disc(float(row) + box[0], float(col) + box[1], max(1.0, float(inner.max()) / 2)))
    return discs


def _leak(
    source: ImageSource, stroke: Stroke, surface: Surface, mask: Mask, out: Mask, box: tuple[int, int, int, int]
) -> Leak:
    from scipy import ndimage

    assert stroke.reach_px is not None
    row, col, height, width = box
    x_min, y_min, x_max, y_max = stroke.bounds()
    rows, cols = np.nonzero(mask)
    away = np.hypot(rows + row + 0.5 - (y_min + y_max) / 2, cols + col + 0.5 - (x_min + x_max) / 2)
    if away.size and away.max() > stroke.reach_px - surface.rim_px:
        return Leak.RIM
    edges = (
        mask[0].any() and row == 0, mask[-1].any() and row + height == source.info.height_px,
        mask[:, 0].any() and col == 0, mask[:, -1].any() and col + width == source.info.width_px,
    )  # fmt: skip
    if any(edges):
        return Leak.FILM
    return Leak.EXCLUSION if (ndimage.binary_dilation(mask) & out).any() else Leak.NONE


def _click(row: float, col: float, reach: Reach, name: str) -> Stroke:
    """A small disc inside the lesion; its id says where was clicked, so that the same click is the same stroke."""
    ring = _disc(reach.row, reach.col, reach.radius_px)
    identity = hashlib.sha256(f"click {row:.3f} {col:.3f}".encode()).hexdigest()[:32]
    title = name or f"click at x {col:.0f}, y {row:.0f}"
    return Stroke(identity, StrokeKind.REGION, (ring,), name=title, reach_px=round(reach.reach_px, 3))


def _disc(row: float, col: float, radius_px: float) -> npt.NDArray[np.float64]:
    turn = np.arange(_CORNERS) * 2 * np.pi / _CORNERS
    centre = np.array([col + 0.5, row + 0.5])
    return np.round(centre + radius_px * np.stack([np.cos(turn), np.sin(turn)], axis=1), 3)
