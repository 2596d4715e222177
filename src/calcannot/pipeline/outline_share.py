"""At which share of its peak the outline of each region is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.pipeline.region_places import RegionPlaces


def peak_fraction_of(
    places: RegionPlaces, annotations: Annotations, resolved: ResolvedRecipe
) -> npt.NDArray[np.float64] | None:
    """Share of each region, float64 (n,), of the region of interest or click that it was found by.

    Where two of them overlap the lower one, for that is the outline which stands. None without a local background; NaN
    for a region that no background explains, such as one that was painted.
    """
    if not resolved.surfaces:
        return None
    drawn = {stroke.id: stroke for stroke in annotations.regions}
    found = np.full(places.count, np.nan)
    for surface in resolved.surfaces:
        stroke = drawn[surface.region]
        if 0 < surface.peak_fraction < 1:
            regions = places.under(stroke) if surface.seed_reach_px else places.within(stroke)
            found[regions] = np.fmin(found[regions], surface.peak_fraction)
    return found
