"""Foci: regions that a reader would call one deposit, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.resolved import ResolvedRecipe

Floats = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


# Columns of ``foci.csv`` after the image's name.
FOCUS_COLUMNS = (
    "focus", "side", "morphology", "region_count", "area_px", "area_mm2", "long_axis_mm", "long_axis_angle_deg",
    "perpendicular_mm", "short_axis_mm", "product_mm2", "hull_area_mm2", "nearest_focus_mm", "centroid_row_px",
    "centroid_col_px", "bbox_row_min_px", "bbox_col_min_px", "bbox_row_max_px", "bbox_col_max_px", "touches_border",
    "long_axis_px", "perpendicular_px", "short_axis_px", "nearest_focus_px", "peak_fraction_low", "peak_fraction_high",
)  # fmt: skip


class Side(StrEnum):
    """Of the patient, from the header or a person; never from where something lies in the picture."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"


class Morphology(StrEnum):
    """What a reader calls a deposit on a radiograph. A choice of the reader, never of the program."""

    AMORPHOUS = "amorphous"
    LOBULATED = "lobulated"
    CHICKEN_WIRE = "chicken-wire"
    FLUID_LEVEL = "fluid-level"


_UM_PER_MM = 1e3
_UM2_PER_MM2 = 1e6

# SNOMED CT, where there is a code for a calcification on a radiograph; the others go without one.
MORPHOLOGY_SCT: Final = {Morphology.AMORPHOUS: "129760005"}


@dataclass(frozen=True, slots=True, eq=False)
class Foci:
    """Foci of an image, in the order in which their first pixel is met; each array has shape (n,).

    Lengths are in µm where the image has a pixel size (``scaled``), else in px of square pixels.

    Attributes
    ----------
    scaled
        Whether lengths are in µm.
    joining, minimum_area_px
        The parameters that define a focus, besides the threshold: regions no further apart than this are one, and one
        of less area is none.
    of_region
        int64 (regions,): the focus of each region, from 1; 0 where it is in none.
    area_px, region_count
        Of each focus.
    long_axis, long_axis_angle_deg
        Largest distance between two corners of its pixels, and its direction as for regions.
    perpendicular
        Width of its hull across the long axis: what a calliper shows.
    short_axis
        Longest unbroken chord across the long axis inside mineral (the short axis of RECIST and WHO).
    hull_area
        Of its convex hull, in the unit squared.
    nearest
        Least distance to another focus, between outlines; NaN where there is one focus.
    row_min, row_max, col_min, col_max, centroid_row, centroid_col
        In px; maxima are exclusive.
    touches_border
        Where one of its regions does.
    side, morphology
        Codes of `Side` and `Morphology`, or empty: not told.
    spread
        Largest distance between two pixel corners of any foci; 0 without foci.
    centroid_spread
        Largest distance between the centroids of two foci.
    """

    scaled: bool
    joining: float
    minimum_area_px: int
    of_region: IntArray
    area_px: IntArray
    region_count: IntArray
    long_axis: Floats
    long_axis_angle_deg: Floats
    perpendicular: Floats
    short_axis: Floats
    hull_area: Floats
    nearest: Floats
    row_min: IntArray
    row_max: IntArray
    col_min: IntArray
    col_max: IntArray
    centroid_row: Floats
    centroid_col: Floats
    touches_border: npt.NDArray[np.bool_]
    side: tuple[str, ...]
    morphology: tuple[str, ...]
    spread: float
    centroid_spread: float

    def __len__(self) -> int:
        return int(self.area_px.size)

    def area_px_of(self, side: Side | None) -> int:
        """Sum of the areas of one side; None for foci whose side is not told."""
        wanted = "" if side is None else side.value
        return int(sum(int(area) for area, each in zip(self.area_px, self.side, strict=True) if each == wanted))

    @property
    def asymmetry(self) -> float | None:
        """Left less right over their sum, -1 to 1; None where neither side has a focus, or a side is not told."""
        left, right = self.area_px_of(Side.LEFT), self.area_px_of(Side.RIGHT)
        if left + right == 0 or self.area_px_of(None):
            return None
        return (left - right) / (left + right)


def foci_totals(foci: Foci, calibration: Calibration | None, resolved: ResolvedRecipe) -> dict[str, Any]:
    """What is said of all foci of an image together, with the parameters that define them.

    None where a value does not exist. Lengths in mm and areas in mm² where there is a pixel size, else px.
    ``threshold`` is that of the mask.
    """
    unit, length = ("mm", 1 / _UM_PER_MM) if foci.scaled else ("px", 1.0)
    area = calibration.pixel_area_um2 / _UM2_PER_MM2 if calibration else 1.0
    nearest = foci.nearest[np.isfinite(foci.nearest)]
    return {
        "count": len(foci),
        "unit": unit,
        "joining": foci.joining * length,
        "minimum_area": foci.minimum_area_px * area,
        "threshold": resolved.threshold,
        "peak_fractions": [surface.peak_fraction for surface in resolved.surfaces],
        "sum_of_areas": float(foci.area_px.sum()) * area,
        "sum_of_long_axes": float(foci.long_axis.sum()) * length,
        "sum_of_products": float((foci.long_axis * foci.perpendicular).sum()) * length**2,
        "sum_of_hull_areas": float(foci.hull_area.sum()) * length**2,
        "spread": foci.spread * length,
        "centroid_spread": foci.centroid_spread * length,
        "nearest_least": float(nearest.min()) * length if nearest.size else None,
        "nearest_largest": float(nearest.max()) * length if nearest.size else None,
        **{f"{side.value}_area": foci.area_px_of(side) * area for side in Side},
        "side_not_told_area": foci.area_px_of(None) * area,
        "asymmetry": foci.asymmetry,
    }
