"""Convex hulls of regions on pixel corners, in exact integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def region_hulls(runs: LabelledRuns, count: int) -> tuple[Int64, Int32, Int32]:
    """Hull vertices of regions 1 to ``count``: offsets int64 (count + 1,), rows and columns int32.

    Vertices run clockwise as seen on the screen, none in the middle of a side.
    """
    order = np.argsort(runs.region, kind="stable")
    first = np.searchsorted(runs.region[order], np.arange(1, count + 2))
    row_of = np.repeat(np.arange(runs.height_px, dtype=np.int64), np.diff(runs.row_start))
    return _hulls(first, row_of[order], runs.start[order], runs.stop[order])


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
def _hulls(first: Int64, row: Int64, start: Int32, stop: Int32) -> tuple[Int64, Int32, Int32]:
    count = first.size - 1
    offsets = np.zeros(count + 1, np.int64)
    size = 1024
    hull_row = np.empty(size, np.int32)
    hull_col = np.empty(size, np.int32)
    total = 0
    for region in range(count):
        begin, end = first[region], first[region + 1]
        extremes = np.empty((2 * (end - begin) + 2, 3), np.int64)
        n = 0
        run = begin
        while run < end:
            this_row, low, high = row[run], np.int64(start[run]), np.int64(stop[run])
            while run < end and row[run] == this_row:
                low = min(low, np.int64(start[run]))
                high = max(high, np.int64(stop[run]))
                run += 1
            # The row's pixels have corners on the line above (shared with the row before) and the line below.
            if n and extremes[n - 1, 0] == this_row:
                extremes[n - 1, 1] = min(extremes[n - 1, 1], low)
                extremes[n - 1, 2] = max(extremes[n - 1, 2], high)
            else:
                extremes[n, 0], extremes[n, 1], extremes[n, 2] = this_row, low, high
                n += 1
            extremes[n, 0], extremes[n, 1], extremes[n, 2] = this_row + 1, low, high
            n += 1
        vertices = np.empty((2 * n + 2, 2), np.int64)
        m = _chain(extremes[:n], vertices)
        if total + m > size:
            size = 2 * (total + m)
            hull_row = _grown(hull_row, size)
            hull_col = _grown(hull_col, size)
        for i in range(m):
            hull_row[total + i], hull_col[total + i] = vertices[i, 0], vertices[i, 1]
        total += m
        offsets[region + 1] = total
    return offsets, hull_row[:total], hull_col[:total]


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
