"""Regions as the columns of ``regions.csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.morphometry.geometry import geometry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.analysis import Analysis
    from calcannot.model.regions import RegionTable

_AT_ONCE = 1 << 16  # regions: of a million, their columns take more memory than all that was measured of them

Column = npt.NDArray[np.generic]


def region_columns(analysis: Analysis) -> dict[str, Column]:
    """Columns in the order of the file, without the image's name; NaN where a field does not exist.

    Lengths are in µm where there is a calibration, else in px (of square pixels). Areas are in px always.
    """
    return _columns(analysis, analysis.regions, 1)


def region_blocks(analysis: Analysis, workers: int | None = None) -> Iterator[dict[str, Column]]:
    """The same columns, some ten thousand rows at a time: what a file is written from."""
    for begin in range(0, len(analysis.regions), _AT_ONCE):
        yield _columns(analysis, analysis.regions.rows(begin, begin + _AT_ONCE), begin + 1, workers)


def _columns(analysis: Analysis, regions: RegionTable, first: int, workers: int | None = None) -> dict[str, Column]:
    calibration, fractions = analysis.info.calibration, analysis.peak_fraction
    rows_um, cols_um = (calibration.um_per_px_row, calibration.um_per_px_col) if calibration else (1.0, 1.0)
    geometry = geometry_of(regions, rows_um, cols_um, workers)
    pixel_area = rows_um * cols_um
    missing = np.full(len(regions), np.nan)
    area = regions.area.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A digitised disc can come out above 1, which no shape in the plane does.
        circularity = np.minimum(1.0, 4 * np.pi * area * pixel_area / geometry.perimeter**2)
        solidity = area * pixel_area / geometry.hull_area

    def um(values: Column) -> Column:
        return values if calibration else missing

    def px(values: Column) -> Column:
        return missing if calibration else values

    def value(levels: Column) -> Column:
        return np.asarray(analysis.value_offset + levels.astype(np.float64) * analysis.value_step)

    return {
        "region": np.arange(first, first + len(regions)),
        "area_px": regions.area,
        "area_um2": um(area * pixel_area),
        "centroid_row_px": regions.row_sum / area,
        "centroid_col_px": regions.col_sum / area,
        "bbox_row_min_px": regions.row_min,
        "bbox_col_min_px": regions.col_min,
        "bbox_row_max_px": regions.row_max,
        "bbox_col_max_px": regions.col_max,
        "perimeter_um": um(geometry.perimeter),
        "feret_max_um": um(geometry.feret_max),
        "feret_max_angle_deg": geometry.feret_max_angle_deg,
        "width_um": um(geometry.width),
        "feret_min_um": um(geometry.feret_min),
        "filled_area_um2": um(regions.filled_area * pixel_area),
        "hull_area_um2": um(geometry.hull_area),
        "solidity": solidity,
        "circularity": circularity,
        "touches_border": regions.touches_border,
        "value_mean": value(regions.level_sum / area),
        "value_min": value(regions.level_min),
        "value_max": value(regions.level_max),
        "perimeter_px": px(geometry.perimeter),
        "feret_max_px": px(geometry.feret_max),
        "width_px": px(geometry.width),
        "feret_min_px": px(geometry.feret_min),
        "filled_area_px": regions.filled_area,
        "hull_area_px": geometry.hull_area / pixel_area,
        "hole_count": regions.hole_count,
        "peak_fraction": missing if fractions is None else fractions[first - 1 : first - 1 + len(regions)],
    }
