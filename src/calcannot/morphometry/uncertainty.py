"""How sure an area is: named components, and the 95 % interval they make together.

Components are standard uncertainties as shares of the area, independent of one another, so that their squares add up
(JCGM 100:2008, 5.1). What each covers, and how the interval was held against rendered sections: docs/uncertainty.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from calcannot.model.analysis import AreaUncertainty
from calcannot.model.recipe_rules import Stain
from calcannot.morphometry.geometry import crofton_perimeter

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import RegionTable
    from calcannot.model.resolved import ResolvedRecipe

COVERAGE_FACTOR: Final = 1.96
"""Standard uncertainties in half of a 95 % interval."""

POINT_COUNT_VARIANCE: Final = 0.0724
"""Variance of a pixel count in px², over the outline's length in px.

Counting the centres of a square grid that fall into a shape at a random place (Gundersen and Jensen 1987, J Microsc
147:229, after Matérn). Of a disc this is a standard deviation of the area that falls as r^-1.5.
"""

UNMIXED_OUTLINE_PX: Final = 0.65
"""Standard uncertainty in px of an outline that is cut in an unmixed stain.

An unmixed amount is no linear function of light, so a blurred edge does not cross half-way at its true place. On 60
rendered sections with the recipe von-kossa-stain outlines lay 0.5 px too far out, with a scatter of 0.4 px.
"""


def outline_uncertainty(regions: RegionTable, resolved: ResolvedRecipe) -> float | None:
    """Standard uncertainty of the area, as a share, of where its outline is drawn.

    Known of shadows cut at the level of their own edge, and of what is cut in an unmixed stain; else None.
    """
    area_px = int(regions.area.sum())
    places_px = [each for surface in resolved.surfaces if (each := surface.outline_uncertainty_px) is not None]
    if any(isinstance(rule.channel, Stain) for rule in (*resolved.rules, *resolved.or_rules)):
        places_px.append(UNMIXED_OUTLINE_PX)
    if not area_px or not places_px:
        return None
    return max(places_px) * _outline_px(regions) / area_px


def area_uncertainty(
    regions: RegionTable,
    area_low_px: int,
    area_high_px: int,
    calibration: Calibration | None,
    outline: float | None = None,
) -> AreaUncertainty | None:
    """Components of the uncertainty of the calcified area; None where there is no area.

    Parameters
    ----------
    regions
        Of the image.
    area_low_px, area_high_px
        Calcified area with the threshold moved by one step of its sensitivity, narrower and wider.
    outline
        Standard uncertainty, as a share of the area, of where a soft edge is drawn; None where that is no question.
    """
    area_px = int(regions.area.sum())
    if not area_px:
        return None
    scale = calibration.relative_uncertainty if calibration else None
    return AreaUncertainty(
        # One step of the sensitivity is taken for one standard uncertainty of the threshold. Cleanup may keep less of a
        # wider mask than of a narrower one.
        threshold_low=max(0, area_px - area_low_px) / area_px,
        threshold_high=max(0, area_high_px - area_px) / area_px,
        sampling=math.sqrt(POINT_COUNT_VARIANCE * _outline_px(regions)) / area_px,
        outline=outline,
        # Half of a 95 % interval of a length, and an area is two lengths.
        calibration=None if scale is None else 2 * scale / COVERAGE_FACTOR,
    )


def _outline_px(regions: RegionTable) -> float:
    """Length of all outlines in px, pixels taken to be square."""
    return float(crofton_perimeter(regions.crossings, 1.0, 1.0).sum())


def interval_shares(uncertainty: AreaUncertainty, *, with_scale: bool) -> tuple[float, float]:
    """Ends of the 95 % interval as shares of the area; the lower is never below 0.

    Parameters
    ----------
    with_scale
        Whether the area is a physical one, which the pixel size's own error moves as well.
    """
    others = [uncertainty.sampling, uncertainty.outline or 0.0]
    if with_scale:
        others.append(uncertainty.calibration or 0.0)
    below = COVERAGE_FACTOR * math.hypot(uncertainty.threshold_low, *others)
    above = COVERAGE_FACTOR * math.hypot(uncertainty.threshold_high, *others)
    return max(0.0, 1 - below), 1 + above
