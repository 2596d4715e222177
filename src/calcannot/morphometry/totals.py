"""Totals of an image from its regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.model.analysis import Totals
from calcannot.morphometry.geometry import extent_of
from calcannot.morphometry.hull import common_hull
from calcannot.morphometry.uncertainty import area_uncertainty, interval_shares

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import RegionTable

UM2_PER_MM2 = 1e6
UM_PER_MM = 1e3


def totals_of(
    regions: RegionTable,
    reference_area_px: int,
    area_low_px: int,
    area_high_px: int,
    calibration: Calibration | None,
    outline: float | None = None,
) -> Totals:
    """Sum up regions; physical values only where there is a calibration.

    Parameters
    ----------
    outline
        As of ``area_uncertainty``.
    """
    area_px = int(regions.area.sum())
    largest_px = int(regions.area.max()) if len(regions) else None

    def mm2(pixels: float | None) -> float | None:
        if calibration is None or pixels is None:
            return None
        return pixels * calibration.pixel_area_um2 / UM2_PER_MM2

    length_mm = width_mm = length_px = width_px = None
    if len(regions):
        hull = common_hull(regions.hull_row, regions.hull_col)
        if calibration is None:
            length_px, width_px = extent_of(*hull, 1.0, 1.0)
        else:
            length_um, width_um = extent_of(*hull, calibration.um_per_px_row, calibration.um_per_px_col)
            length_mm, width_mm = length_um / UM_PER_MM, width_um / UM_PER_MM
    uncertainty = area_uncertainty(regions, area_low_px, area_high_px, calibration, outline)

    def end_px(side: int, *, with_scale: bool = False) -> float | None:
        return None if uncertainty is None else area_px * interval_shares(uncertainty, with_scale=with_scale)[side]

    return Totals(
        region_count=len(regions),
        calcified_area_px=area_px,
        calcified_area_mm2=mm2(area_px),
        reference_area_px=reference_area_px,
        reference_area_mm2=mm2(reference_area_px),
        calcified_fraction=area_px / reference_area_px if reference_area_px else None,
        largest_area_px=largest_px,
        largest_area_mm2=mm2(largest_px),
        extent_length_mm=length_mm,
        extent_width_mm=width_mm,
        extent_length_px=length_px,
        extent_width_px=width_px,
        area_low_px=area_low_px,
        area_high_px=area_high_px,
        area_low_mm2=mm2(area_low_px),
        area_high_mm2=mm2(area_high_px),
        area_ci95_low_px=end_px(0),
        area_ci95_high_px=end_px(1),
        area_ci95_low_mm2=mm2(end_px(0, with_scale=True)),
        area_ci95_high_mm2=mm2(end_px(1, with_scale=True)),
        area_uncertainty=uncertainty,
    )
