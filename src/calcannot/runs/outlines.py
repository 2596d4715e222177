"""Outlines of regions along pixel edges: outline and mask hold the same information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.runs.components import label_components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Ring = Int32
"""int32 (n, 2): corners in (x, y) from the image's top-left corner; the last is not the first again."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Polygons of all regions.

    A region is 8-connected. Where its pixels touch at a corner only, it is cut there: it becomes several polygons, each
    4-connected, so that no ring touches itself and every polygon is valid by the OGC's rules. A polygon has one outer
    ring and any number of holes.

    Attributes
    ----------
    points
        int32 (n, 2): corners of all rings in (x, y). Outer rings have a positive area by the shoelace formula, holes
        a negative one.
    ring_start
        int64 (rings + 1,): points of a ring.
    polygon_start
        int64 (polygons + 1,): rings of a polygon, the outer one first.
    region_start
        int64 (regions + 1,): polygons of region i + 1.
    """

    points: Int32
    ring_start: Int64
    polygon_start: Int64
    region_start: Int64

    def __len__(self) -> int:
        return self.region_start.size - 1

    def polygons(self, region: int) -> list[list[Ring]]:
        """Polygons of a region (from 1), each a list of rings with the outer one first."""
        first, last = self.region_start[region - 1], self.region_start[region]
        return [
            [
                self.points[self.ring_start[ring] : self.ring_start[ring + 1]]
                for ring in range(self.polygon_start[polygon], self.polygon_start[polygon + 1])
            ]
            for polygon in range(first, last)
        ]

    def __iter__(self) -> Iterator[list[list[Ring]]]:
        return (self.polygons(region) for region in range(1, len(self) + 1))


def trace_outlines(runs: LabelledRuns) -> Outlines:
    """Outlines of all regions, in the order of their numbers."""
    part, parts = label_components(runs.row_start, runs.start, runs.stop, diagonal=False)
    step, pinched = _link(runs.row_start, runs.start, runs.stop)
    points, ring_start, ring_part, is_hole = _walk(
        runs.row_start, runs.start, runs.stop, part.astype(np.int32), step, pinched
    )
    regions = int(runs.region.max()) if runs.region.size else 0
    region_of_part = np.zeros(parts, np.int32)
    region_of_part[part] = runs.region
    order = np.lexsort((is_hole, ring_part, region_of_part[ring_part]))
    ring_part, is_hole = ring_part[order], is_hole[order]
    polygon_start = np.append(np.flatnonzero(~is_hole), order.size).astype(np.int64)
    polygon_region = region_of_part[ring_part[polygon_start[:-1]]]
    region_start = np.searchsorted(polygon_region, np.arange(1, regions + 2)).astype(np.int64)
    return Outlines(*_in_order(points, ring_start, order), polygon_start, region_start)


# A vertical side of a run is a node: 2 i is the left side of run i, walked upwards, 2 i + 1 the right side, walked
# downwards. Mineral lies on the right-hand side of the walk, so an outer ring runs east along its top.


@compiled
def _link(row_start: Int64, start: Int32, stop: Int32) -> tuple[Int32, Bools]:
    """The side that follows each side, int32 (2 n,), and whether the way there touches a corner met twice."""
    step = np.empty(2 * start.size, np.int32)
    pinched = np.zeros(2 * start.size, np.bool_)
    height = row_start.size - 1
    for line in range(height + 1):
        above, above_end = (row_start[line - 1], row_start[line]) if line > 0 else (0, 0)
        below, below_end = (row_start[line], row_start[line + 1]) if line < height else (0, 0)
        in_above = in_below = False
        begun = -1  # the side at the left end of the horizontal edge that is being followed
        begun_pinched = False
        while above < above_end or below < below_end:
            x_above = (stop[above] if in_above else start[above]) if above < above_end else np.int32(2**31 - 1)
            x_below = (stop[below] if in_below else start[below]) if below < below_end else np.int32(2**31 - 1)
            x = min(x_above, x_below)
            at_above, at_below = x_above == x, x_below == x
            upper = 2 * above + (1 if in_above else 0)
            lower = 2 * below + (1 if in_below else 0)
            if at_above and at_below and in_above == in_below:
                if in_above:
                    step[upper] = lower
                else:
                    step[lower] = upper
            else:
                # At a corner met twice the walk stays with the pixel whose horizontal edge it follows.
                pinch = at_above and at_below
                of_above = upper if at_above else lower
                of_below = lower if at_below else upper
                if in_above and not in_below:  # an edge below mineral ends here; it is walked westwards
                    step[of_above] = begun
                    pinched[of_above] |= pinch or begun_pinched
                elif in_below and not in_above:  # an edge above mineral ends here
                    step[begun] = of_below
                    pinched[begun] |= pinch or begun_pinched
                now_above, now_below = in_above != at_above, in_below != at_below
                if now_above != now_below:
                    begun = of_above if now_above else of_below
                    begun_pinched = pinch
            if at_above:
                if in_above:
                    above += 1
                in_above = not in_above
            if at_below:
                if in_below:
                    below += 1
                in_below = not in_below
    return step, pinched


@compiled
def _walk(
    row_start: Int64, start: Int32, stop: Int32, part: Int32, step: Int32, pinched: Bools
) -> tuple[Int32, Int64, Int32, Bools]:
    """Follow all sides; rings in the order of their first side, cut where they meet themselves."""
    n = start.size
    turns = 0
    for side in range(2 * n):
        turns += 2 if _turns(side, step[side], start, stop) else 0
    points = np.empty((turns, 2), np.int32)
    ring_start = np.zeros(turns // 4 + 1, np.int64)
    ring_part = np.empty(turns // 4, np.int32)
    is_hole = np.empty(turns // 4, np.bool_)
    seen = np.zeros(2 * n, np.bool_)
    row_of = np.empty(n, np.int32)
    for row in range(row_start.size - 1):
        row_of[row_start[row] : row_start[row + 1]] = row
    filled = rings = 0
    for first in range(2 * n):
        if seen[first]:
            continue
        begin = filled
        meets = False
        side = first
        while not seen[side]:
            seen[side] = True
            after = step[side]
            if _turns(side, after, start, stop):
                run = side >> 1
                y = row_of[run] + (side & 1)
                points[filled, 0], points[filled, 1] = _x(side, start, stop), y
                points[filled + 1, 0], points[filled + 1, 1] = _x(after, start, stop), y
                filled += 2
                meets |= pinched[side]
            side = after
        ends = _simple_rings(points[begin:filled]) if meets else np.array([filled - begin], np.int64)
        at = begin
        for end in ends:
            area = np.int64(0)
            until = begin + end
            for i in range(at, until):
                j = i + 1 if i + 1 < until else at
                area += np.int64(points[i, 0]) * points[j, 1] - np.int64(points[j, 0]) * points[i, 1]
            ring_part[rings] = part[first >> 1]
            is_hole[rings] = area < 0
            rings += 1
            ring_start[rings] = until
            at = until
    return points, ring_start[: rings + 1], ring_part[:rings], is_hole[:rings]


@compiled
def _x(side: int, start: Int32, stop: Int32) -> np.int64:
    return np.int64(stop[side >> 1] if side & 1 else start[side >> 1])


@compiled
def _turns(side: int, after: int, start: Int32, stop: Int32) -> bool:
    # A side goes straight on only into one of its own kind in the same column.
    return (side & 1) != (after & 1) or _x(side, start, stop) != _x(after, start, stop)


@compiled
def _simple_rings(points: Int32) -> Int64:
    """Reorder the points of a closed walk into rings that pass no corner twice; where each ends, int64 (rings,)."""
    n = points.shape[0]
    key = points[:, 1].astype(np.int64) << 32 | points[:, 0]
    order = np.argsort(key, kind="mergesort")
    earlier = np.full(n, -1, np.int64)  # the first visit of the same corner: none is visited more than twice
    for i in range(1, n):
        if key[order[i]] == key[order[i - 1]]:
            earlier[order[i]] = order[i - 1]
    stack = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    result = np.empty((n, 2), np.int32)
    ends = np.empty(n, np.int64)
    depth = filled = rings = 0
    for i in range(n):
        before = earlier[i]
        if before >= 0 and place[before] >= 0:
            for j in range(place[before], depth):
                result[filled] = points[stack[j]]
                filled += 1
            for j in range(place[before] + 1, depth):
                place[stack[j]] = -1
            depth = place[before] + 1
            ends[rings] = filled
            rings += 1
        else:
            stack[depth] = i
            place[i] = depth
            depth += 1
    for j in range(depth):
        result[filled] = points[stack[j]]
        filled += 1
    ends[rings] = filled
    points[:] = result
    return ends[: rings + 1]


@compiled
def _in_order(points: Int32, ring_start: Int64, order: Int64) -> tuple[Int32, Int64]:
    moved = np.empty_like(points)
    starts = np.zeros(order.size + 1, np.int64)
    for i in range(order.size):
        size = ring_start[order[i] + 1] - ring_start[order[i]]
        starts[i + 1] = starts[i] + size
        moved[starts[i] : starts[i + 1]] = points[ring_start[order[i]] : ring_start[order[i] + 1]]
    return moved, starts
