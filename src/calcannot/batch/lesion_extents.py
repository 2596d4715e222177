"""How far mineral reaches in each region of interest, from the mask of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.batch.case_run import STROKES
from calcannot.morphometry.geometry import extent_of
from calcannot.morphometry.hull import common_hull
from calcannot.pipeline.region_places import RegionPlaces
from calcannot.store.annotation_file import read_annotation_file

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.result_item import ResultItem


@dataclass(frozen=True, slots=True)
class RegionExtent:
    """Mineral in one region of interest: its area, the largest diameter of its hull and the width across it.

    In mm where there is a pixel size (the px lengths are then None), else in px of square pixels.
    """

    name: str
    area_px: int
    area_mm2: float | None
    length_mm: float | None
    width_mm: float | None
    length_px: float | None
    width_px: float | None


def extents_in_regions(item: ResultItem, case: CaseFolder, image_id: str) -> list[RegionExtent]:
    """Measure what each region of interest of a run holds; regions without mineral are left out."""
    drawn = strokes_of(item, case, image_id)
    if not item.totals.region_count or drawn is None:
        return []
    return [extent for stroke in drawn.regions if (extent := _within(item, stroke)) is not None]


def strokes_of(item: ResultItem, case: CaseFolder, image_id: str) -> Annotations | None:
    """The strokes that a run measured.

    A run of a case keeps them. Where it did not, those of the case are taken, unless the number of regions of interest
    has changed since: then they are not known.
    """
    kept = item.folder / STROKES
    if kept.exists():
        return read_annotation_file(kept).state.annotations()
    drawn = case.annotations(image_id)
    return drawn if len(drawn.regions) == item.regions_of_interest else None


def _within(item: ResultItem, stroke: Stroke) -> RegionExtent | None:
    """Runs whose middle lies in the stroke, or for a click those of the regions under it."""
    runs, size = item.runs, item.calibration
    rows = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
    if stroke.reach_px is None:
        chosen = _inside(stroke, (runs.start + runs.stop) / 2, rows + 0.5)
    else:
        chosen = np.isin(runs.region, RegionPlaces(runs, item.totals.region_count).under(stroke) + 1)
    if not chosen.any():
        return None
    start, stop, rows = runs.start[chosen], runs.stop[chosen], rows[chosen]
    hull = common_hull(np.concatenate([rows, rows, rows + 1, rows + 1]), np.concatenate([start, stop, start, stop]))
    name, area_px = stroke.name or f"region {stroke.id[:8]}", int((stop - start).sum())
    if size is None:
        return RegionExtent(name, area_px, None, None, None, *extent_of(*hull, 1.0, 1.0))
    length_um, width_um = extent_of(*hull, size.um_per_px_row, size.um_per_px_col)
    return RegionExtent(name, area_px, area_px * size.pixel_area_um2 / 1e6, length_um / 1e3, width_um / 1e3, None, None)


def _inside(stroke: Stroke, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Points inside an odd number of rings."""
    import shapely

    inside = np.zeros(x.size, np.bool_)
    for ring in stroke.rings:
        inside ^= shapely.contains_xy(shapely.Polygon(ring), x, y)
    return inside
