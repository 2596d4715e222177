"""Area of regions with everything that their outlines enclose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def filled_areas(runs: LabelledRuns, area: Int64, holes: Int64, rows: Int64) -> Int64:
    """Area of each region with its holes and all that lies in them; int64 (n,).

    A hole is a 4-connected piece of everything else that cannot reach the outside of the region's box. It may hold
    other regions: what a region encloses is found from its own runs alone.

    Parameters
    ----------
    area, holes
        int64 (n,): pixels and number of holes; a region without a hole is left as it is.
    rows
        int64 (n, 2): first row and the row after the last.
    """
    filled = area.copy()
    pierced = np.flatnonzero(holes > 0)
    if pierced.size:
        place = np.full(area.size + 1, -1, np.int32)
        place[pierced + 1] = np.arange(pierced.size)
        first, row_of, start, stop = _runs_of(runs.row_start, runs.start, runs.stop, runs.region, place, pierced.size)
        for number, region in enumerate(pierced):
            part = slice(int(first[number]), int(first[number + 1]))
            filled[region] += _enclosed(row_of[part], start[part], stop[part], rows[region, 0], rows[region, 1])
    return filled


@compiled
def _runs_of(
    row_start: Int64, start: Int32, stop: Int32, region: Int32, place: Int32, count: int
) -> tuple[Int64, Int32, Int32, Int32]:
    """Runs of some regions, sorted by region and then as they were."""
    first = np.zeros(count + 1, np.int64)
    for run in range(region.size):
        if place[region[run]] >= 0:
            first[place[region[run]] + 1] += 1
    for i in range(count):
        first[i + 1] += first[i]
    to = first.copy()
    row_of, starts, stops = (
        np.empty(first[count], np.int32), np.empty(first[count], np.int32), np.empty(first[count], np.int32)
    )  # fmt: skip
    for row in range(row_start.size - 1):
        for run in range(row_start[row], row_start[row + 1]):
            number = place[region[run]]
            if number >= 0:
                row_of[to[number]], starts[to[number]], stops[to[number]] = row, start[run], stop[run]
                to[number] += 1
    return first, row_of, starts, stops


@compiled
def _enclosed(row_of: Int32, start: Int32, stop: Int32, first_row: int, end_row: int) -> int:
    """Pixels between the runs of one region that no path outside of it reaches.

    Gaps between the runs of a row are joined to those of the row above; what lies left of the first run of a row, right
    of its last or above and below the region is outside, and so is each gap that touches that.
    """
    n = row_of.size
    gap_start, gap_stop = np.empty(n, np.int32), np.empty(n, np.int32)
    parent = np.empty(n + 1, np.int32)  # of gap i at i + 1; 0 is the outside
    parent[0] = 0
    gaps = above_first = above_end = 0
    above_left = above_right = 0  # ends of the row above: beyond them is outside
    run = 0
    for row in range(first_row, end_row):
        left = start[run]
        row_first = gaps
        while run + 1 < n and row_of[run + 1] == row:
            gap_start[gaps], gap_stop[gaps] = stop[run], start[run + 1]
            parent[gaps + 1] = gaps + 1
            at_end = row in (first_row, end_row - 1)
            if at_end or gap_start[gaps] < above_left or gap_stop[gaps] > above_right:
                parent[gaps + 1] = 0
            gaps += 1
            run += 1
        right = stop[run]
        run += 1
        other = above_first
        for gap in range(row_first, gaps):
            while other < above_end and gap_stop[other] <= gap_start[gap]:
                other += 1
            touching = other
            while touching < above_end and gap_start[touching] < gap_stop[gap]:
                _unite(parent, gap + 1, touching + 1)
                touching += 1
        # The gaps of the row above that reach beyond this row's ends are outside too.
        for gap in range(above_first, above_end):
            if gap_start[gap] < left or gap_stop[gap] > right:
                _unite(parent, gap + 1, 0)
        above_first, above_end, above_left, above_right = row_first, gaps, left, right
    total = 0
    for gap in range(gaps):
        if _root(parent, gap + 1) != 0:
            total += gap_stop[gap] - gap_start[gap]
    return total


@compiled
def _root(parent: Int32, gap: int) -> int:
    while parent[gap] != gap:
        parent[gap] = parent[parent[gap]]
        gap = parent[gap]
    return gap


@compiled
def _unite(parent: Int32, one: int, other: int) -> None:
    a, b = _root(parent, one), _root(parent, other)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b
