"""Regions of interest as their strokes say them: drawn or clicked, cut where a person chose or where it is found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.model.recipe_lengths import Length
from calcannot.pipeline.background import fit_background

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.recipe import LocalBackground, Recipe
    from calcannot.model.regions import RegionTable
    from calcannot.model.resolved import ResolvedRecipe, Surface
    from calcannot.pipeline.region_places import RegionPlaces

BONE_EDGE_RATIO: Final = 0.05
"""Share of a rim off its background above which an area is not to be believed.

On rendered films (36 lesions, seeds 1000 to 1005) it was at most 0.03 without bone, and 0.14 or more wherever the edge
of an iliac wing moved an area by 10 % or more.
"""

_HALF_DIAGONAL_PX = 0.71  # from the centre of a pixel to its corner


def surface_of(source: ImageSource, recipe: Recipe, region: Stroke, annotations: Annotations) -> Surface:
    """Local background of a region of interest, drawn or clicked; errors as ``fit_background``."""
    assert recipe.background is not None
    if region.reach_px is not None:
        reached = recipe.background.model_copy(update={"seed_reach": Length(px=region.reach_px)})
        recipe = recipe.model_copy(update={"background": reached})
    surface = fit_background(source, recipe, region, annotations)
    if region.peak_fraction is None:
        return surface
    return cut_at(surface, region.peak_fraction, recipe.background, source.info)


def cut_at(surface: Surface, share: float, background: LocalBackground | None, info: ImageInfo) -> Surface:
    """The surface with its outline at a share of the peak that a person chose.

    Where the lesion's own edge lies is then not asked: the outline is known to no better than the film's blur.
    """
    if surface.peak <= surface.core:
        return surface
    blur = None if background is None else background.edge_blur
    return replace(
        surface,
        threshold=share * surface.peak,
        peak_fraction=share,
        edge_roundness=None,
        edge_blur_px=None,
        profile_uncertainty=None,
        outline_uncertainty_px=None if blur is None else blur.in_px(info.calibration, "background.edge_blur"),
    )


def click_warnings(
    places: RegionPlaces, regions: RegionTable, annotations: Annotations, resolved: ResolvedRecipe
) -> list[str]:
    """What a growth has run into, clicks from which nothing grew, and outlines that a person chose."""
    drawn = {stroke.id: stroke for stroke in annotations.regions}
    found = []
    for surface in resolved.surfaces:
        stroke, name = drawn[surface.region], name_of(surface, annotations)
        if stroke.peak_fraction is not None and 0 < surface.peak_fraction < 1:
            shown = 1 - surface.peak_fraction**2
            found.append(
                f"The outline in {name} is drawn at {surface.peak_fraction:.0%} of the peak because that was "
                f"chosen, and not at the lesion's own edge: of an ellipsoid that is about {shown:.0%} of the area."
            )
        if not surface.seed_reach_px:
            continue
        grown = places.under(stroke)
        if not grown.size:
            found.append(f"Nothing grew from {name}: nothing there rises above the local background.")
        elif any(_leaves(regions, int(each), stroke, surface) for each in grown):
            found.append(
                f"The growth from {name} runs into the rim of its circle, the edge of the film or an exclusion: it has "
                "left the lesion, or the lesion is cut off. Do not believe the area: raise the share of the peak, "
                "exclude what it ran into, or draw the region."
            )
    return found


def _leaves(regions: RegionTable, region: int, stroke: Stroke, surface: Surface) -> bool:
    """Whether a region touches a border, or reaches into the rim, which is background."""
    if regions.touches_border[region]:
        return True
    x_min, y_min, x_max, y_max = stroke.bounds()
    hull = slice(int(regions.hull_start[region]), int(regions.hull_start[region + 1]))
    away = np.hypot(regions.hull_row[hull] - (y_min + y_max) / 2, regions.hull_col[hull] - (x_min + x_max) / 2)
    return bool(away.max() > surface.seed_reach_px - surface.rim_px + _HALF_DIAGONAL_PX)


def name_of(surface: Surface, annotations: Annotations) -> str:
    """What a person calls the region of interest of a surface, behind the word region."""
    name = next((s.name or s.id[:8] for s in annotations.regions if s.id == surface.region), surface.region[:8])
    return name if name.lower().startswith("region") else f"region {name}"
