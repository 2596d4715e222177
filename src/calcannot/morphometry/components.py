"""Connected components of runs, and the nesting of regions and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.runs.components import label_components

if TYPE_CHECKING:
    from calcannot.morphometry.runs import RunTable

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def label_runs(runs: RunTable) -> tuple[Int32, int]:
    """Number the 8-connected components of runs from 0, in raster order of their first pixel.

    Background is 4-connected, the complement of 8: a hole is what a closed outline encloses.

    Returns
    -------
    labels
        int32 (n,), component of each run.
    count
        Number of components.
    """
    return label_components(runs.row_start, runs.start, runs.stop, diagonal=True)


def label_background(runs: RunTable) -> tuple[tuple[Int64, Int32, Int32], Int32, int]:
    """The 4-connected pieces of everything else: their runs (row starts, starts, stops), labels and number."""
    background = runs.background()
    return background, *label_components(*background, diagonal=False)


def filled_areas(runs: RunTable, labels: Int32, count: int, area: Int64) -> tuple[Int64, Int64]:
    """Area of each region with everything inside its outer outline, and its number of holes.

    A hole is a 4-connected piece of background that does not reach the image border; an island in a hole, and the
    island's own holes, lie inside the outline too.

    Returns
    -------
    filled_area, hole_count
        int64 (count,).
    """
    background, gaps, gap_count = label_background(runs)
    return _fill(
        runs.row_start, runs.start, runs.stop, labels, count, area,
        *background, gaps, gap_count, runs.width_px,
    )  # fmt: skip


@compiled
def _fill(
    row_start: Int64, start: Int32, stop: Int32, labels: Int32, count: int, area: Int64,
    gap_row_start: Int64, gap_start: Int32, gap_stop: Int32, gaps: Int32, gap_count: int, width: int,
) -> tuple[Int64, Int64]:  # fmt: skip
    height = row_start.size - 1
    gap_area = np.zeros(gap_count, np.int64)
    outside = np.zeros(gap_count, np.bool_)
    gap_owner = np.full(gap_count, -1, np.int64)  # region left of the gap's first pixel: the one around it
    region_owner = np.full(count, -1, np.int64)  # gap left of the region's first pixel, -1 at the image border
    for row in range(height):
        run = row_start[row]
        for gap in range(gap_row_start[row], gap_row_start[row + 1]):
            label = gaps[gap]
            if gap_start[gap] == 0 or gap_stop[gap] == width or row in (0, height - 1):
                outside[label] = True
            while run < row_start[row + 1] and stop[run] < gap_start[gap]:
                run += 1
            if gap_area[label] == 0 and gap_start[gap] > 0:
                gap_owner[label] = labels[run]
            gap_area[label] += gap_stop[gap] - gap_start[gap]
    seen = np.zeros(count, np.bool_)
    for row in range(height):
        gap = gap_row_start[row]
        for run in range(row_start[row], row_start[row + 1]):
            label = labels[run]
            if seen[label]:
                continue
            seen[label] = True
            while gap < gap_row_start[row + 1] and gap_stop[gap] < start[run]:
                gap += 1
            if start[run] > 0:
                region_owner[label] = gaps[gap]
    filled = area.copy()
    hole_count = np.zeros(count, np.int64)
    hole_total = gap_area.copy()
    # Regions and holes are each numbered by their first pixel, and what is inside comes after what is around it: going
    # backwards, a region is complete when its turn comes, and so is a hole once all later regions have been added.
    gap_first = np.full(gap_count, -1, np.int64)
    region_first = np.full(count, -1, np.int64)
    for row in range(height):
        for run in range(row_start[row], row_start[row + 1]):
            if region_first[labels[run]] < 0:
                region_first[labels[run]] = row * width + start[run]
        for gap in range(gap_row_start[row], gap_row_start[row + 1]):
            if gap_first[gaps[gap]] < 0:
                gap_first[gaps[gap]] = row * width + gap_start[gap]
    region, hole = count - 1, gap_count - 1
    while region >= 0 or hole >= 0:
        if hole < 0 or (region >= 0 and region_first[region] > gap_first[hole]):
            owner = region_owner[region]
            if owner >= 0 and not outside[owner]:
                hole_total[owner] += filled[region]
            region -= 1
        else:
            if not outside[hole]:
                filled[gap_owner[hole]] += hole_total[hole]
                hole_count[gap_owner[hole]] += 1
            hole -= 1
    return filled, hole_count
