"""Which regions are near enough to be one focus, and how far foci are apart.

The distance of two pixels is that between their outlines: 0 where they touch by a side or a corner.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

# Nearest pixels by their centres, among which the nearest by their outlines is looked for.
_CANDIDATES: Final = 4

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def joined(runs: LabelledRuns, count: int, distance: float, row_size: float, col_size: float) -> Int64:
    """Give each region the number of its group, from 0 in the order of their first regions; int64 (count,).

    Parameters
    ----------
    count
        Regions in ``runs``.
    distance
        Regions this far apart or nearer are one group.
    row_size, col_size
        Of a pixel, in the unit of ``distance``.
    """
    root = np.arange(count, dtype=np.int64)
    if distance > 0 and count > 1:
        rows = math.floor(distance / row_size) + 1
        _join(runs.row_start, runs.start, runs.stop, runs.region, root, distance, rows, row_size, col_size)
    roots = _roots(root)
    _, groups = np.unique(roots, return_inverse=True)
    return np.asarray(groups, dtype=np.int64).reshape(-1)


def nearest_distances(runs: LabelledRuns, group: Int64, count: int, row_size: float, col_size: float) -> Floats:
    """Least distance from each group's pixels to those of another; NaN with one group; float64 (count,).

    Parameters
    ----------
    group
        int64 (regions,): number of each region's group from 0, -1 for none.
    """
    from scipy.spatial import cKDTree

    nearest = np.full(count, np.nan)
    if count < 2:
        return nearest
    owner = group[runs.region - 1]
    places = _outline(runs.row_start, runs.start, runs.stop, owner)
    order = np.argsort(places[:, 2], kind="stable")
    first = np.searchsorted(places[order, 2], np.arange(count + 1))
    points = [places[order[first[k] : first[k + 1]], :2].astype(np.float64) for k in range(count)]
    size = np.array((row_size, col_size))
    trees = [cKDTree(each * size) for each in points]
    low, high = (np.array([f(each, axis=0) for each in points]) for f in (np.min, np.max))
    for one in range(count):
        between = np.maximum(np.maximum(low - high[one], low[one] - high) - 1, 0) * size
        bound = np.hypot(between[:, 0], between[:, 1])
        bound[one] = np.inf
        best = np.inf
        for other in np.argsort(bound, kind="stable"):
            if bound[other] >= best:
                break
            few, many = sorted((one, int(other)), key=lambda k: len(points[k]))
            _, at = trees[many].query(points[few] * size, k=min(_CANDIDATES, len(points[many])), workers=1)
            gap = np.abs(points[few][:, None] - points[many][at.reshape(len(points[few]), -1)]) - 1
            gap = np.maximum(gap, 0) * size
            best = min(best, float(np.hypot(gap[..., 0], gap[..., 1]).min()))
        nearest[one] = best
    return nearest


@compiled
def _find(root: Int64, node: int) -> int:
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node


@compiled
def _roots(root: Int64) -> Int64:
    found = np.empty(root.size, np.int64)
    for node in range(root.size):
        found[node] = _find(root, node)
    return found


@compiled
def _join(
    row_start: Int64, start: Int32, stop: Int32, region: Int32, root: Int64,
    distance: float, rows: int, row_size: float, col_size: float,
) -> None:  # fmt: skip
    height = row_start.size - 1
    for row in range(height):
        if row_start[row] == row_start[row + 1]:
            continue
        for other in range(row, min(height, row + rows + 1)):
            down = max(0, other - row - 1) * row_size
            left = distance * distance - down * down
            if left < 0:
                break
            reach = np.sqrt(left) / col_size
            first = row_start[other]
            last = row_start[other + 1]
            for i in range(row_start[row], row_start[row + 1]):
                while first < last and stop[first] + reach < start[i]:
                    first += 1
                j = first
                while j < last and start[j] <= stop[i] + reach:
                    one, two = _find(root, region[i] - 1), _find(root, region[j] - 1)
                    # The lower number stays: groups are then in the order of their first regions.
                    if one < two:
                        root[two] = one
                    elif two < one:
                        root[one] = two
                    j += 1


@compiled
def _outline(row_start: Int64, start: Int32, stop: Int32, owner: Int64) -> Int64:
    """(row, col, owner) of pixels that have a neighbour above, below or beside that is not of their owner."""
    height = row_start.size - 1
    size = 1024
    found = np.empty((size, 3), np.int64)
    count = 0
    for row in range(height):
        for i in range(row_start[row], row_start[row + 1]):
            if owner[i] < 0:
                continue
            for col in range(start[i], stop[i]):
                if start[i] < col < stop[i] - 1 and 0 < row < height - 1:
                    covered = 0
                    for other in (row - 1, row + 1):
                        low, high = row_start[other], row_start[other + 1]
                        while low < high:
                            middle = (low + high) // 2
                            if stop[middle] <= col:
                                low = middle + 1
                            else:
                                high = middle
                        if low < row_start[other + 1] and start[low] <= col and owner[low] == owner[i]:
                            covered += 1
                    if covered == 2:
                        continue
                if count == size:
                    size *= 2
                    larger = np.empty((size, 3), np.int64)
                    larger[:count] = found
                    found = larger
                found[count, 0], found[count, 1], found[count, 2] = row, col, owner[i]
                count += 1
    return found[:count]
