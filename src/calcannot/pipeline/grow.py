"""Grow a lesion from a click: how far to look, at which level to stop, and whether it has run out of the lesion.

The answer is a stroke, not a mask: the click with the radius of its region of interest, and with a share of the peak
where the one that is found by itself will not do. Any measurement of that stroke gives the mask shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.pipeline.clicks import cut_at, surface_of
from calcannot.pipeline.growth import Growth, Leak, disc, growth_in, pieces_in
from calcannot.pipeline.reach import Reach, find_reaches
from calcannot.segment.allowed import with_exclusions
from calcannot.segment.polygons import inside_any

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe

SHARES: Final = tuple(k / 100 for k in range(10, 95, 5))
"""Shares of the peak that are tried, from below, where growth at the level that was found runs out of the lesion."""


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
    if info.channels != 1:
        raise RecipeError("lesions are grown on grey films only", path=info.name, remedy="draw a region instead")
    if recipe.background is None:
        what = f"the recipe {recipe.name} has no local background to grow from"
        raise RecipeError(what, path=info.name, remedy="choose --recipe radiograph-local")
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
    pieces = pieces_in(source, recipe, stroke, surface, excluded)
    if len(pieces) > 1:
        # Septa part the lesion: the click is one place in each piece.
        stroke = replace(stroke, rings=tuple(pieces))
        surface = surface_of(source, recipe, stroke, drawn)
    growth = growth_in(source, recipe, stroke, surface, surface, excluded)
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
    return growth_in(source, recipe, stroke, surface, growth.found, excluded)


def _click(row: float, col: float, reach: Reach, name: str) -> Stroke:
    """A small disc inside the lesion; its id says where was clicked, so that the same click is the same stroke."""
    ring = disc(reach.row, reach.col, reach.radius_px)
    identity = hashlib.sha256(f"click {row:.3f} {col:.3f}".encode()).hexdigest()[:32]
    title = name or f"click at x {col:.0f}, y {row:.0f}"
    return Stroke(identity, StrokeKind.REGION, (ring,), name=title, reach_px=round(reach.reach_px, 3))
