"""Foci as the columns of ``foci.csv``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis

Column = npt.NDArray[np.generic]

_UM_PER_MM = 1e3
_UM2_PER_MM2 = 1e6


def focus_columns(analysis: Analysis) -> dict[str, Column]:
    """Columns in the order of the file, without the image's name; NaN or an empty text where a field does not exist.

    Raises
    ------
    ValueError
        If the recipe asked for no foci.
    """
    foci, calibration = analysis.foci, analysis.info.calibration
    if foci is None:
        message = "the recipe asked for no foci"
        raise ValueError(message)
    missing = np.full(len(foci), np.nan)

    def mm(values: npt.NDArray[np.float64]) -> Column:
        return np.asarray(values / _UM_PER_MM) if foci.scaled else missing

    def px(values: Column) -> Column:
        return missing if foci.scaled else values

    area_mm2 = foci.area_px * calibration.pixel_area_um2 / _UM2_PER_MM2 if calibration else missing
    product = foci.long_axis * foci.perpendicular
    return {
        "focus": np.arange(1, len(foci) + 1),
        "side": np.array(foci.side, dtype=np.str_),
        "morphology": np.array(foci.morphology, dtype=np.str_),
        "region_count": foci.region_count,
        "area_px": foci.area_px,
        "area_mm2": area_mm2,
        "long_axis_mm": mm(foci.long_axis),
        "long_axis_angle_deg": foci.long_axis_angle_deg,
        "perpendicular_mm": mm(foci.perpendicular),
        "short_axis_mm": mm(foci.short_axis),
        "product_mm2": product / _UM2_PER_MM2 if foci.scaled else missing,
        "hull_area_mm2": foci.hull_area / _UM2_PER_MM2 if foci.scaled else missing,
        "nearest_focus_mm": mm(foci.nearest),
        "centroid_row_px": foci.centroid_row,
        "centroid_col_px": foci.centroid_col,
        "bbox_row_min_px": foci.row_min,
        "bbox_col_min_px": foci.col_min,
        "bbox_row_max_px": foci.row_max,
        "bbox_col_max_px": foci.col_max,
        "touches_border": foci.touches_border,
        "long_axis_px": px(foci.long_axis),
        "perpendicular_px": px(foci.perpendicular),
        "short_axis_px": px(foci.short_axis),
        "nearest_focus_px": px(foci.nearest),
        "peak_fraction_low": _of_members(np.fmin, analysis),
        "peak_fraction_high": _of_members(np.fmax, analysis),
    }


def _of_members(extreme: np.ufunc, analysis: Analysis) -> Column:
    """Smallest or largest share of the peak among the regions of each focus; NaN where there is none."""
    assert analysis.foci is not None
    found = np.full(len(analysis.foci) + 1, np.nan)
    if analysis.peak_fraction is not None:
        extreme.at(found, analysis.foci.of_region, analysis.peak_fraction)
    return found[1:]


def focus_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Rows of ``foci.csv`` as plain values, None where a field does not exist."""
    columns = focus_columns(analysis)
    return [{name: _plain(values[k].item()) for name, values in columns.items()} for k in range(len(columns["focus"]))]


def _plain(value: Any) -> Any:
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value
