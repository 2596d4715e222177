"""How far mineral reaches in each region of interest, from the mask of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.morphometry.geometry import extent_of
from calcannot.morphometry.hull import common_hull
from calcannot.report.document import MeasuredExtent
from calcannot.report.numbers import area_text, extent_text

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import LabelledRuns
    from calcannot.store.results_reader import ResultItem


def extents_of(item: ResultItem, annotations: Annotations | None) -> list[MeasuredExtent]:
    """Extent and area in each region of interest, then of the whole image.

    Regions that were drawn or taken away after the run are not those that it measured: then only the whole is given.
    """
    totals = item.totals
    lengths = (totals.extent_length_mm, totals.extent_width_mm, totals.extent_length_px, totals.extent_width_px)
    area = area_text(totals.calcified_area_mm2, totals.calcified_area_px)
    whole = MeasuredExtent(item.name, "all regions together", _times(extent_text(*lengths)), area)
    drawn = annotations.regions if annotations else ()
    if not totals.region_count or not drawn or len(drawn) != item.regions_of_interest:
        return [whole]
    within = [_within(item, stroke) for stroke in drawn]
    return [*(each for each in within if each is not None), whole]


def _within(item: ResultItem, stroke: Stroke) -> MeasuredExtent | None:
    """Runs whose middle lies in the stroke."""
    runs = item.runs
    rows = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
    chosen = _inside(stroke, (runs.start + runs.stop) / 2, rows + 0.5)
    if not chosen.any():
        return None
    area_px = int((runs.stop - runs.start)[chosen].sum())
    length, width = _extent(runs, rows[chosen], chosen, item.calibration)
    where = stroke.name or f"region {stroke.id[:8]}"
    if item.calibration is None:
        size = _times(extent_text(None, None, length, width))
        return MeasuredExtent(item.name, where, size, area_text(None, area_px))
    area_mm2 = area_px * item.calibration.pixel_area_um2 / 1e6
    size = _times(extent_text(length / 1e3, width / 1e3, None, None))
    return MeasuredExtent(item.name, where, size, area_text(area_mm2, area_px))


def _times(size: str) -> str:
    return size.replace(" x ", " × ")


def _extent(
    runs: LabelledRuns, rows: npt.NDArray[np.intp], chosen: npt.NDArray[np.bool_], calibration: Calibration | None
) -> tuple[float, float]:
    start, stop = runs.start[chosen], runs.stop[chosen]
    corner_rows = np.concatenate([rows, rows, rows + 1, rows + 1])
    hull = common_hull(corner_rows, np.concatenate([start, stop, start, stop]))
    sizes = (calibration.um_per_px_row, calibration.um_per_px_col) if calibration else (1.0, 1.0)
    return extent_of(*hull, *sizes)


def _inside(stroke: Stroke, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Points inside an odd number of rings."""
    import shapely

    inside = np.zeros(x.size, np.bool_)
    for ring in stroke.rings:
        inside ^= shapely.contains_xy(shapely.Polygon(ring), x, y)
    return inside
