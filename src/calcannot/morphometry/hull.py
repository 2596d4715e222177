"""Convex hulls of regions on pixel corners, in exact integers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_AT_ONCE: Final = 1 << 14  # regions; of fewer, more runs of others are looked at, more take more memory


def region_hulls(runs: LabelledRuns, rows: Int64, workers: int = 1) -> tuple[Int64, Int32, Int32]:
    """Hull vertices of the regions: offsets int64 (n + 1,), rows and columns int32.

    Vertices run clockwise as seen on the screen, none in the middle of a side.

    Parameters
    ----------
    rows
        int64 (n, 2): first row of each region and the row after its last.
    """
    count = len(rows)
    first = np.zeros(count + 1, np.int64)
    np.cumsum(rows[:, 1] - rows[:, 0], out=first[1:])
    parts = [slice(begin, min(begin + _AT_ONCE, count)) for begin in range(0, count, _AT_ONCE)]
    most = max((int(first[part.stop] - first[part.start]) for part in parts), default=0)
    of_thread = threading.local()

    def work(part: slice) -> tuple[Int64, Int32, Int32]:
        if not hasattr(of_thread, "ends"):
            # A line of corners has at most two vertices.
            of_thread.ends, of_thread.vertices = (
                np.empty((most, 2), np.int32),
                np.empty((2, 2 * (most + _AT_ONCE)), np.int32),
            )
        ends, (hull_row, hull_col) = of_thread.ends, of_thread.vertices
        own_first, own_rows = first[part.start : part.stop + 1] - first[part.start], rows[part]
        top, bottom = int(own_rows[:, 0].min()), int(own_rows[:, 1].max())
        lines = runs.row_start[top : bottom + 1]
        _row_ends(lines, runs.start, runs.stop, runs.region, part.start + 1, own_first, own_rows, top, ends)
        offsets = _hulls(own_first, own_rows[:, 0], ends, hull_row, hull_col)
        return offsets, hull_row[: offsets[-1]].copy(), hull_col[: offsets[-1]].copy()

    with ThreadPoolExecutor(workers) as pool:
        hulls = list(pool.map(work, parts))
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(offsets) for offsets, _, _ in hulls)])
    nothing = np.zeros(0, np.int32)
    hull_row, hull_col = (np.concatenate([nothing, *(hull[side] for hull in hulls)]) for side in (1, 2))
    return np.cumsum(sizes), hull_row, hull_col


def common_hull(rows: npt.NDArray[np.integer], cols: npt.NDArray[np.integer]) -> tuple[Int32, Int32]:
    """Hull of points, for example of the vertices of many hulls: what they span together."""
    if rows.size == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    extremes = _row_extremes_of_points(rows, cols, int(rows.min()), int(rows.max()))
    vertices = np.empty((2 * len(extremes) + 2, 2), np.int64)
    n = _chain(extremes, len(extremes), vertices)
    return vertices[:n, 0].astype(np.int32), vertices[:n, 1].astype(np.int32)


@compiled
def _row_extremes_of_points(
    rows: npt.NDArray[np.integer], cols: npt.NDArray[np.integer], first: int, last: int
) -> Int64:
    """Rows that have points, and their first and last column; int64 (n, 3)."""
    ends = np.empty((last - first + 1, 2), np.int64)
    ends[:, 0], ends[:, 1] = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    for i in range(rows.size):
        line, col = rows[i] - first, np.int64(cols[i])
        ends[line, 0] = min(ends[line, 0], col)
        ends[line, 1] = max(ends[line, 1], col)
    extremes = np.empty((last - first + 1, 3), np.int64)
    n = 0
    for line in range(last - first + 1):
        if ends[line, 0] <= ends[line, 1]:
            extremes[n, 0], extremes[n, 1], extremes[n, 2] = first + line, ends[line, 0], ends[line, 1]
            n += 1
    return extremes[:n]


@compiled
def _row_ends(
    row_start: Int64, start: Int32, stop: Int32, region: Int32, number: int, first: Int64, rows: Int64, top: int,
    ends: Int32,
) -> None:  # fmt: skip
    """Write the first column of each row of some regions and the column after its last.

    ``row_start`` begins with the row ``top``; ``number`` is that of the first of the regions.
    """
    count = first.size - 1
    ends[: first[count], 0] = -1
    for line in range(row_start.size - 1):
        for run in range(row_start[line], row_start[line + 1]):
            own = region[run] - number
            if own < 0 or own >= count:
                continue
            place = first[own] + top + line - rows[own, 0]
            if ends[place, 0] < 0:
                ends[place, 0] = start[run]
            ends[place, 1] = stop[run]


@compiled
def _hulls(first: Int64, first_row: Int64, ends: Int32, hull_row: Int32, hull_col: Int32) -> Int64:
    """Write the vertices of one region after another; gives where each begins."""
    count = first.size - 1
    offsets = np.zeros(count + 1, np.int64)
    highest = 0
    for region in range(count):
        highest = max(highest, first[region + 1] - first[region])
    extremes = np.empty((highest + 1, 3), np.int64)
    vertices = np.empty((2 * highest + 4, 2), np.int64)
    total = 0
    for region in range(count):
        begin = first[region]
        rows = first[region + 1] - begin
        # A row's pixels have corners on the line above, which the row before has too, and on the line below.
        for line in range(rows + 1):
            above, below = begin + max(line - 1, 0), begin + min(line, rows - 1)
            extremes[line, 0] = first_row[region] + line
            extremes[line, 1] = min(ends[above, 0], ends[below, 0])
            extremes[line, 2] = max(ends[above, 1], ends[below, 1])
        m = _chain(extremes, rows + 1, vertices)
        for i in range(m):
            hull_row[total + i], hull_col[total + i] = vertices[i, 0], vertices[i, 1]
        total += m
        offsets[region + 1] = total
    return offsets


@compiled
def _chain(extremes: Int64, n: int, vertices: Int64) -> int:
    """Monotone chain (Andrew 1979) over n rows with a left and a right end; returns the number of vertices."""
    m = 0
    for side in range(2):  # right ends going down, then left ends going up
        base = m
        for k in range(n):
            i = k if side == 0 else n - 1 - k
            row, col = extremes[i, 0], extremes[i, 2 - side]
            while m - base >= 2:
                turn = (vertices[m - 1, 1] - vertices[m - 2, 1]) * (row - vertices[m - 2, 0]) - (
                    vertices[m - 1, 0] - vertices[m - 2, 0]
                ) * (col - vertices[m - 2, 1])
                if turn > 0:
                    break
                m -= 1
            vertices[m, 0], vertices[m, 1] = row, col
            m += 1
    # Where the top or bottom is a single corner both chains name it.
    if m > 1 and vertices[0, 0] == vertices[m - 1, 0] and vertices[0, 1] == vertices[m - 1, 1]:
        m -= 1
    k = n  # the chain of right ends has at most n vertices; find a repeated bottom corner
    for i in range(min(k, m - 1)):
        if vertices[i, 0] == vertices[i + 1, 0] and vertices[i, 1] == vertices[i + 1, 1]:
            for j in range(i, m - 1):
                vertices[j, 0], vertices[j, 1] = vertices[j + 1, 0], vertices[j + 1, 1]
            m -= 1
            break
    return m
