"""Convex hulls of regions on pixel corners, in exact integers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_AT_ONCE: Final = 4096  # regions; fewer are not worth another thread


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
    ends = _row_ends(runs.row_start, runs.start, runs.stop, runs.region, first, rows)
    at_once = max(_AT_ONCE, -(-count // max(1, workers)))
    parts = [slice(begin, min(begin + at_once, count)) for begin in range(0, count, at_once)]

    def work(part: slice) -> tuple[Int64, Int32, Int32]:
        return _hulls(first[part.start : part.stop + 1], rows[part, 0], ends)

    if len(parts) < 2:
        return work(slice(0, count))
    with ThreadPoolExecutor(workers) as pool:
        hulls = list(pool.map(work, parts))
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(offsets) for offsets, _, _ in hulls)])
    hull_row, hull_col = (np.concatenate([np.zeros(0, np.int32), *each]) for each in list(zip(*hulls, strict=True))[1:])
    return np.cumsum(sizes), hull_row, hull_col


def common_hull(rows: npt.NDArray[np.integer], cols: npt.NDArray[np.integer]) -> tuple[Int32, Int32]:
    """Hull of points, for example of the vertices of many hulls: what they span together."""
    if rows.size == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    order = np.lexsort((cols, rows))
    # Each point is an empty run: its left and its right end are the same corner.
    row, col = rows[order].astype(np.int64), cols[order].astype(np.int32)
    vertices = np.empty((2 * row.size + 2, 2), np.int64)
    extremes = _row_extremes_of_points(row, col)
    n = _chain(extremes, vertices)
    return vertices[:n, 0].astype(np.int32), vertices[:n, 1].astype(np.int32)


@compiled
def _row_extremes_of_points(row: Int64, col: Int32) -> Int64:
    extremes = np.empty((row.size, 3), np.int64)
    n = 0
    for i in range(row.size):
        if n and extremes[n - 1, 0] == row[i]:
            extremes[n - 1, 2] = col[i]
        else:
            extremes[n, 0], extremes[n, 1], extremes[n, 2] = row[i], col[i], col[i]
            n += 1
    return extremes[:n]


@compiled
def _row_ends(row_start: Int64, start: Int32, stop: Int32, region: Int32, first: Int64, rows: Int64) -> Int32:
    """First column of each row of each region and the column after its last; int32 (rows of all regions, 2)."""
    ends = np.empty((first[-1], 2), np.int32)
    ends[:, 0] = np.iinfo(np.int32).max
    ends[:, 1] = -1
    for row in range(row_start.size - 1):
        for run in range(row_start[row], row_start[row + 1]):
            number = region[run] - 1
            entry = ends[first[number] + row - rows[number, 0]]
            entry[0] = min(entry[0], start[run])
            entry[1] = max(entry[1], stop[run])
    return ends


@compiled
def _hulls(first: Int64, first_row: Int64, ends: Int32) -> tuple[Int64, Int32, Int32]:
    count = first.size - 1
    offsets = np.zeros(count + 1, np.int64)
    highest = 0
    for region in range(count):
        highest = max(highest, first[region + 1] - first[region])
    extremes = np.empty((highest + 1, 3), np.int64)
    vertices = np.empty((2 * highest + 4, 2), np.int64)
    size = 1024
    hull_row = np.empty(size, np.int32)
    hull_col = np.empty(size, np.int32)
    total = 0
    for region in range(count):
        rows = first[region + 1] - first[region]
        # A row's pixels have corners on the line above, which the row before has too, and on the line below.
        for line in range(rows + 1):
            above = ends[first[region] + max(line - 1, 0)]
            below = ends[first[region] + min(line, rows - 1)]
            extremes[line, 0] = first_row[region] + line
            extremes[line, 1] = min(above[0], below[0])
            extremes[line, 2] = max(above[1], below[1])
        m = _chain(extremes[: rows + 1], vertices)
        if total + m > size:
            size = 2 * (total + m)
            hull_row = _grown(hull_row, size)
            hull_col = _grown(hull_col, size)
        for i in range(m):
            hull_row[total + i], hull_col[total + i] = vertices[i, 0], vertices[i, 1]
        total += m
        offsets[region + 1] = total
    return offsets, hull_row[:total].copy(), hull_col[:total].copy()


@compiled
def _grown(array: Int32, size: int) -> Int32:
    larger = np.empty(size, np.int32)
    larger[: array.size] = array
    return larger


@compiled
def _chain(extremes: Int64, vertices: Int64) -> int:
    """Monotone chain (Andrew 1979) over rows with a left and a right end; returns the number of vertices."""
    n = extremes.shape[0]
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
