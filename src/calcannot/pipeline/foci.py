"""Foci of an image: the recipe's parameters, and what header and reader say of sides and kinds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from calcannot.model.annotation import StrokeKind
from calcannot.model.foci import Foci, Side
from calcannot.model.recipe import FociRule
from calcannot.model.recipe_lengths import Length
from calcannot.morphometry.foci import foci_of

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.regions import RegionTable
    from calcannot.pipeline.region_places import RegionPlaces

RADIOGRAPH_FOCI: Final = FociRule(joining=Length(um=2000.0, px=10.0))
"""Septa between the lobules of a deposit are about 1 mm wide, and blur hides as much again."""

_SAYS: Final = (StrokeKind.REGION, StrokeKind.ADD, StrokeKind.ACCEPT)


def find_foci(
    info: ImageInfo, recipe: Recipe, annotations: Annotations, regions: RegionTable, places: RegionPlaces
) -> Foci | None:
    """Foci by the recipe's rule, or a radiograph's own; None for a section whose recipe has none."""
    rule = recipe.foci or (RADIOGRAPH_FOCI if recipe.kind == "radiograph" else None)
    if rule is None:
        return None
    scaled = info.calibration is not None
    joining_px = rule.joining.in_px(info.calibration, "foci.joining")
    joining = rule.joining.um if scaled and rule.joining.um is not None else joining_px
    if info.calibration is not None and rule.joining.um is None:
        joining = joining_px * info.calibration.mean_um_per_px
    minimum = (
        0 if rule.minimum_area is None else math.ceil(rule.minimum_area.in_px(info.calibration, "foci.minimum_area"))
    )
    sides, kinds = _said_of(places, annotations, str(info.metadata.get("side", "")))
    return foci_of(places.runs, regions, float(joining), minimum, info.calibration, sides, kinds)


def _said_of(places: RegionPlaces, annotations: Annotations, header_side: str) -> tuple[list[str], list[str]]:
    """Side and morphology of each region: of the last stroke that says so and holds the middle of its longest run."""
    sides = [header_side if header_side in set(Side) else ""] * places.count
    kinds = [""] * places.count
    telling = [stroke for stroke in annotations.of(*_SAYS) if stroke.side or stroke.morphology]
    for stroke in telling:
        for region in places.under(stroke) if stroke.reach_px else places.within(stroke):
            sides[region] = stroke.side or sides[region]
            kinds[region] = stroke.morphology or kinds[region]
    return sides, kinds
