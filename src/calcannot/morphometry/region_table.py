"""One pass over labelled runs that gathers everything a region's measurements are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.model.classes import EDGE
from calcannot.model.regions import LabelledRuns, RegionTable
from calcannot.morphometry.components import filled_areas
from calcannot.morphometry.hull import region_hulls

if TYPE_CHECKING:
    from calcannot.morphometry.runs import RunTable

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

# Columns of the table that the pass fills.
_AREA, _ROW_SUM, _COL_SUM, _ROW_MIN, _ROW_MAX, _COL_MIN, _COL_MAX = range(7)
_CROSS, _LEVEL_SUM, _LEVEL_MIN, _LEVEL_MAX, _BORDER, _COLUMNS = 7, 11, 12, 13, 14, 15


def areas_of(runs: RunTable, labels: Int32, count: int) -> Int64:
    """Pixels of each component; int64 (count,)."""
    lengths = runs.stop.astype(np.int64) - runs.start
    areas = np.zeros(count, np.int64)
    np.add.at(areas, labels, lengths)
    return areas


def flagged(runs: RunTable, labels: Int32, count: int, bit: int) -> npt.NDArray[np.bool_]:
    """Which components have a run with this flag; bool (count,)."""
    found = np.zeros(count, np.bool_)
    found[labels[(runs.flags & bit) != 0]] = True
    return found


def build_regions(
    runs: RunTable, labels: Int32, count: int, keep: npt.NDArray[np.bool_]
) -> tuple[RegionTable, LabelledRuns]:
    """Measure components and drop those not kept.

    What is enclosed by an outline does not depend on what was dropped inside it: filled areas are taken before.

    Parameters
    ----------
    labels, count
        From ``label_runs`` with ``diagonal=True``.
    keep
        bool (count,).

    Returns
    -------
    RegionTable, LabelledRuns
        Regions numbered from 1 in raster order of their first pixel.
    """
    sums = _gather(runs.row_start, runs.start, runs.stop, labels, count, runs.level_sum, runs.level_min,
                   runs.level_max, runs.flags & EDGE, runs.width_px)  # fmt: skip
    filled, holes = filled_areas(runs, labels, count, sums[:, _AREA])
    number = np.cumsum(keep, dtype=np.int64).astype(np.int32)
    number[~keep] = 0
    labelled = _kept_runs(runs, number[labels])
    hull_start, hull_row, hull_col = region_hulls(labelled, int(keep.sum()))
    kept = sums[keep]
    table = RegionTable(
        area=kept[:, _AREA], row_sum=kept[:, _ROW_SUM], col_sum=kept[:, _COL_SUM],
        row_min=kept[:, _ROW_MIN], row_max=kept[:, _ROW_MAX], col_min=kept[:, _COL_MIN], col_max=kept[:, _COL_MAX],
        crossings=kept[:, _CROSS : _CROSS + 4], filled_area=filled[keep], hole_count=holes[keep],
        touches_border=kept[:, _BORDER] != 0, level_sum=kept[:, _LEVEL_SUM], level_min=kept[:, _LEVEL_MIN],
        level_max=kept[:, _LEVEL_MAX], hull_start=hull_start, hull_row=hull_row, hull_col=hull_col,
    )  # fmt: skip
    return table, labelled


def _kept_runs(runs: RunTable, region: Int32) -> LabelledRuns:
    kept = region > 0
    row_of = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
    row_start = np.zeros(runs.height_px + 1, np.int64)
    np.cumsum(np.bincount(row_of[kept], minlength=runs.height_px), out=row_start[1:])
    return LabelledRuns(runs.height_px, runs.width_px, row_start, runs.start[kept], runs.stop[kept], region[kept])


@compiled
def _gather(
    row_start: Int64, start: Int32, stop: Int32, labels: Int32, count: int,
    level_sum: Int64, level_min: Int32, level_max: Int32, edge: npt.NDArray[np.integer], width: int,
) -> Int64:  # fmt: skip
    table = np.zeros((count, _COLUMNS), np.int64)
    table[:, _ROW_MIN] = table[:, _COL_MIN] = table[:, _LEVEL_MIN] = np.iinfo(np.int64).max
    table[:, _LEVEL_MAX] = np.iinfo(np.int64).min
    height = row_start.size - 1
    for row in range(height):
        above = row_start[row - 1] if row else 0
        above_end = row_start[row] if row else 0
        for run in range(row_start[row], row_start[row + 1]):
            first, end = np.int64(start[run]), np.int64(stop[run])
            length = end - first
            # Pixels of the run whose neighbour above, above left and above right is mineral too: the rest is where a
            # vertical or diagonal grid line enters the region. Lines enter as often as they leave.
            straight = falling = rising = np.int64(0)
            while above < above_end and stop[above] + 1 <= first:
                above += 1
            other = above
            while other < above_end and start[other] < end + 1:
                low, high = np.int64(start[other]), np.int64(stop[other])
                straight += max(np.int64(0), min(end, high) - max(first, low))
                falling += max(np.int64(0), min(end - 1, high) - max(first - 1, low))
                rising += max(np.int64(0), min(end + 1, high) - max(first + 1, low))
                other += 1
            entry = table[labels[run]]
            entry[_AREA] += length
            entry[_ROW_SUM] += row * length
            entry[_COL_SUM] += (first + end - 1) * length // 2
            entry[_ROW_MIN] = min(entry[_ROW_MIN], row)
            entry[_ROW_MAX] = row + 1
            entry[_COL_MIN] = min(entry[_COL_MIN], first)
            entry[_COL_MAX] = max(entry[_COL_MAX], end)
            entry[_CROSS] += 2
            entry[_CROSS + 1] += 2 * (length - straight)
            entry[_CROSS + 2] += 2 * (length - falling)
            entry[_CROSS + 3] += 2 * (length - rising)
            entry[_LEVEL_SUM] += level_sum[run]
            entry[_LEVEL_MIN] = min(entry[_LEVEL_MIN], level_min[run])
            entry[_LEVEL_MAX] = max(entry[_LEVEL_MAX], level_max[run])
            if first == 0 or end == width or row in (0, height - 1) or edge[run]:
                entry[_BORDER] = 1
    return table
