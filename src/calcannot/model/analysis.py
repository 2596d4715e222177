"""The result of measuring one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from calcannot.model.annotation import Annotations
    from calcannot.model.foci import Foci
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.regions import LabelledRuns, RegionTable
    from calcannot.model.resolved import ResolvedRecipe


@dataclass(frozen=True, slots=True)
class AreaUncertainty:
    """Standard uncertainties of a calcified area, each a share of it. None: not known, or does not apply.

    Attributes
    ----------
    threshold_low, threshold_high
        Of where the threshold lies, towards less and towards more mineral.
    sampling
        Of counting whole pixels.
    outline
        Of where a soft edge is drawn.
    calibration
        Of the pixel size; counts for physical areas only.
    """

    threshold_low: float
    threshold_high: float
    sampling: float
    outline: float | None
    calibration: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What is reported of a whole image. Physical values are None where there is no calibration.

    Attributes
    ----------
    calcified_area_px, calcified_area_mm2
        Pixels of all regions; times the pixel's area.
    reference_area_px, reference_area_mm2
        Area that the fraction is a fraction of: tissue, region of interest or image, as the recipe says.
    calcified_fraction
        Calcified over reference area; None where the reference is empty.
    largest_area_px, largest_area_mm2
        Of the largest region; None where there is no region.
    extent_length_px, extent_length_mm
        Largest Feret diameter of the hull of all regions together: how far calcification reaches.
    extent_width_px, extent_width_mm
        Width of that hull perpendicular to it. Lengths in px only where there is no calibration.
    area_low_px, area_high_px
        Calcified area with the threshold moved by the recipe's sensitivity, narrower and wider.
    area_ci95_low_px, area_ci95_high_px
        95 % interval of the calcified area. In mm² the pixel size's own uncertainty is in it where that is known. None
        where there is no area.
    area_uncertainty
        What the interval is made of.
    """

    region_count: int
    calcified_area_px: int
    calcified_area_mm2: float | None
    reference_area_px: int
    reference_area_mm2: float | None
    calcified_fraction: float | None
    largest_area_px: int | None
    largest_area_mm2: float | None
    extent_length_mm: float | None
    extent_width_mm: float | None
    extent_length_px: float | None
    extent_width_px: float | None
    area_low_px: int
    area_high_px: int
    area_low_mm2: float | None
    area_high_mm2: float | None
    area_ci95_low_px: float | None = None
    area_ci95_high_px: float | None = None
    area_ci95_low_mm2: float | None = None
    area_ci95_high_mm2: float | None = None
    area_uncertainty: AreaUncertainty | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything known of a measured image. Masks, tables and pictures are derived from it.

    Attributes
    ----------
    info, recipe, annotations
        What was measured, by which rule as asked for, with which strokes.
    resolved
        The rule in numbers, as it ran.
    regions, runs
        Regions in raster order, and their pixels.
    value_offset, value_step
        Channel value = offset + level * step, for the levels in ``regions``.
    totals
        Of the image.
    foci
        Regions joined to foci; None where the recipe asks for none.
    peak_fraction
        Of each region, the share of the peak above the local background at which its outline is drawn, float64 (n,);
        None where the recipe has no local background.
    warnings
        Of the reader, the recipe and the measurement: complete sentences.
    timings_s
        Seconds by stage.
    """

    info: ImageInfo
    recipe: Recipe
    annotations: Annotations
    resolved: ResolvedRecipe
    regions: RegionTable
    runs: LabelledRuns
    value_offset: float
    value_step: float
    totals: Totals
    warnings: tuple[str, ...]
    foci: Foci | None = None
    peak_fraction: npt.NDArray[np.float64] | None = None
    timings_s: dict[str, float] = field(default_factory=dict)
