"""Runs of mineral over a band: full-width rows of an image, joined from the boxes that stand side by side in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import (
    ALL_BITS,
    BLOCK,
    bits_between,
    compiled,
    first_bit,
    largest_of,
    least_of,
    sum_of,
)
from calcannot.model.classes import MINERAL
from calcannot.morphometry.box_runs import (
    FIELDS,
    FLAGS,
    LEVEL_MAX,
    LEVEL_MIN,
    LEVEL_SUM,
    MASKS,
    START,
    STOP,
    BoxRuns,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.morphometry.box_runs import KeptLevels

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class BandRuns(NamedTuple):
    """Runs of one mask in a band, row by row, from left to right; none touches the next.

    Attributes
    ----------
    row_start
        int64 (height + 1,): runs ``row_start[r]`` to ``row_start[r + 1]`` lie in row r of the band.
    start, stop
        int32 (n,): columns of the image.
    level_sum, level_min, level_max
        int64, int32, int32 (n,): of the channel levels along the run.
    flags
        uint8 (n,): bits that any pixel of the run has.
    """

    row_start: Int64
    start: Int32
    stop: Int32
    level_sum: Int64
    level_min: Int32
    level_max: Int32
    flags: Bytes


def joined_boxes(boxes: Sequence[BoxRuns], height: int) -> list[BandRuns]:
    """Runs of a band for each of ``MASKS``, from its boxes from left to right; those without runs may be left out."""
    counts = np.zeros((len(boxes), len(MASKS), height), np.int32)
    for number, box in enumerate(boxes):
        counts[number] = box.counts
    runs = np.concatenate([np.zeros((0, FIELDS), np.int32), *(box.runs for box in boxes)])
    first_of_box = np.cumsum([0, *(len(box.runs) for box in boxes)])
    return [BandRuns(*_join(counts, runs, first_of_box, mask)) for mask in range(len(MASKS))]


def joined_levels(boxes: Sequence[tuple[Sequence[int], KeptLevels]], height: int, bounds: Int32) -> list[BandRuns]:
    """Runs of a band for each of ``MASKS``, from pixels whose level is known.

    Parameters
    ----------
    boxes
        First columns of boxes that have such pixels, and their pixels; in any order.
    height
        Rows of the band.
    bounds
        int32 (3, 2): least and largest level of each mask; no pixel where the least is larger.
    """
    counts = np.concatenate([np.zeros((0, height), np.uint16), *(kept[0] for _, kept in boxes)])
    runs = np.concatenate([np.zeros((0, 2), np.uint16), *(kept[1] for _, kept in boxes)])
    # Levels are looked at 64 at a time, beyond the last too.
    levels = np.concatenate([*(kept[2] for _, kept in boxes), np.zeros(BLOCK, np.uint8)])
    sizes = np.concatenate([np.zeros((1, 2), np.int64), *(kept[3] for _, kept in boxes)]).cumsum(axis=0)
    cols = np.array([col for some, _ in boxes for col in some], np.int64)
    order = np.argsort(cols)
    first_run, first_level = (np.ascontiguousarray(each) for each in sizes.T)
    rows, *found, sums, highest = _of_levels(counts, runs, levels, first_run, first_level, cols, order, bounds)
    masks = list[BandRuns]()
    for number, mask in enumerate(MASKS):
        n = int(rows[number, -1])
        start, stop, lowest = (each[number, :n].copy() for each in found)
        level_sum, level_max = np.zeros(n, np.int64), np.zeros(n, np.int32)
        if mask == MINERAL:
            level_sum[:], level_max[:] = sums[:n], highest[:n]
        masks.append(BandRuns(rows[number], start, stop, level_sum, lowest, level_max, np.zeros(n, np.uint8)))
    return masks


def beside(some: Sequence[BandRuns], others: Sequence[BandRuns]) -> list[BandRuns]:
    """Runs of a band for each of ``MASKS`` from those of some of its boxes and those of its other boxes."""
    joined = []
    for one, other in zip(some, others, strict=True):
        halves = [np.concatenate([getattr(one, name), getattr(other, name)]) for name in BandRuns._fields[1:]]
        joined.append(BandRuns(*_beside(one.row_start, other.row_start, *halves)))
    return joined


@compiled
def _beside(
    one: Int64, other: Int64, starts: Int32, stops: Int32, sums: Int64, lowest: Int32, highest: Int32, bits: Bytes
) -> tuple[Int64, Int32, Int32, Int64, Int32, Int32, Bytes]:
    """Runs in order of their columns; one that ends where the next begins is one run with it.

    ``one`` and ``other`` are where rows begin among the first and among the second half of all runs.
    """
    height, first_other = one.size - 1, one[-1]
    row_start = np.zeros(height + 1, np.int64)
    start, stop, level_sum = np.empty_like(starts), np.empty_like(stops), np.empty_like(sums)
    level_min, level_max, flags = np.empty_like(lowest), np.empty_like(highest), np.empty_like(bits)
    n = 0
    for row in range(height):
        i, i_end = one[row], one[row + 1]
        j, j_end = first_other + other[row], first_other + other[row + 1]
        while i < i_end or j < j_end:
            if j == j_end or (i < i_end and starts[i] < starts[j]):
                run = i
                i += 1
            else:
                run = j
                j += 1
            if n > row_start[row] and stop[n - 1] == starts[run]:
                stop[n - 1] = stops[run]
                level_sum[n - 1] += sums[run]
                level_min[n - 1] = min(level_min[n - 1], lowest[run])
                level_max[n - 1] = max(level_max[n - 1], highest[run])
                flags[n - 1] |= bits[run]
            else:
                start[n], stop[n], level_sum[n] = starts[run], stops[run], sums[run]
                level_min[n], level_max[n], flags[n] = lowest[run], highest[run], bits[run]
                n += 1
        row_start[row + 1] = n
    return row_start, start[:n], stop[:n], level_sum[:n], level_min[:n], level_max[:n], flags[:n]


@compiled
def _join(counts: Int32, runs: Int32, first_of_box: Int64, mask: int) -> tuple[
    Int64, Int32, Int32, Int64, Int32, Int32, Bytes
]:  # fmt: skip
    """Runs of one mask row by row; a run that ends where the next box begins one is one run with it."""
    boxes, height = counts.shape[0], counts.shape[2]
    place = np.empty(boxes, np.int64)
    most = 0
    for box in range(boxes):
        place[box] = first_of_box[box]
        for before in range(mask):
            place[box] += counts[box, before].sum()
        most += counts[box, mask].sum()
    row_start = np.zeros(height + 1, np.int64)
    start, stop = np.empty(most, np.int32), np.empty(most, np.int32)
    level_sum = np.empty(most, np.int64)
    level_min, level_max = np.empty(most, np.int32), np.empty(most, np.int32)
    flags = np.empty(most, np.uint8)
    n = 0
    for row in range(height):
        for box in range(boxes):
            for _ in range(counts[box, mask, row]):
                run = runs[place[box]]
                place[box] += 1
                if n > row_start[row] and stop[n - 1] == run[START]:
                    stop[n - 1] = run[STOP]
                    level_sum[n - 1] += run[LEVEL_SUM]
                    level_min[n - 1] = min(level_min[n - 1], run[LEVEL_MIN])
                    level_max[n - 1] = max(level_max[n - 1], run[LEVEL_MAX])
                    flags[n - 1] |= np.uint8(run[FLAGS])
                else:
                    start[n], stop[n], level_sum[n] = run[START], run[STOP], run[LEVEL_SUM]
                    level_min[n], level_max[n], flags[n] = run[LEVEL_MIN], run[LEVEL_MAX], run[FLAGS]
                    n += 1
        row_start[row + 1] = n
    return (
        row_start, start[:n].copy(), stop[:n].copy(), level_sum[:n].copy(), level_min[:n].copy(),
        level_max[:n].copy(), flags[:n].copy(),
    )  # fmt: skip


@compiled
def _of_levels(
    counts: Shorts, known: Shorts, levels: Bytes, first_run: Int64, first_level: Int64, cols: Int64, order: Int64,
    bounds: Int32,
) -> tuple[Int64, Int32, Int32, Int32, Int64, Int32]:  # fmt: skip
    """Runs of the pixels with levels within the bounds of each mask, one mask after another in one walk.

    Where rows begin, starts, stops and least levels, each for every mask; sums and largest levels of the first.
    """
    masks, height = bounds.shape[0], counts.shape[1]
    # At most every second pixel of a run begins another; memory that is not written to costs nothing.
    most = (levels.size + known.shape[0]) // 2
    row_start = np.zeros((masks, height + 1), np.int64)
    start, stop = np.empty((masks, most), np.int32), np.empty((masks, most), np.int32)
    level_min = np.empty((masks, most), np.int32)
    level_sum, level_max = np.empty(most, np.int64), np.empty(most, np.int32)
    run_at, level_at = first_run.copy(), first_level.copy()
    for row in range(height):
        row_start[:, row + 1] = row_start[:, row]
        for box in order:
            for _ in range(counts[box, row]):
                run, at = run_at[box], level_at[box]
                first, length = cols[box] + int(known[run, 0]), int(known[run, 1]) - int(known[run, 0])
                run_at[box] += 1
                level_at[box] += length
                for block in range(0, length, BLOCK):
                    for mask in range(masks):
                        low, high = bounds[mask, 0], bounds[mask, 1]
                        if low > high:
                            continue
                        bits = _bits_of_run(levels, at, block, length, np.uint8(low), np.uint8(high - low))
                        while bits != np.uint64(0):
                            begin = first_bit(bits)
                            size = first_bit(~(bits >> np.uint64(begin)))
                            part = (ALL_BITS >> np.uint64(BLOCK - size)) << np.uint64(begin)
                            bits &= ~part
                            begin += first + block
                            n = row_start[mask, row + 1]
                            joins = n > row_start[mask, row] and stop[mask, n - 1] == begin
                            i = n - joins
                            lowest = least_of(levels, at + block, part)
                            level_min[mask, i] = min(lowest, level_min[mask, i]) if joins else lowest
                            stop[mask, i] = begin + size
                            if mask == 0:
                                total, highest = sum_of(levels, at + block, part), largest_of(levels, at + block, part)
                                level_sum[i] = total + level_sum[i] if joins else total
                                level_max[i] = max(highest, level_max[i]) if joins else highest
                            if not joins:
                                start[mask, i] = begin
                                row_start[mask, row + 1] = n + 1
    return row_start, start, stop, level_min, level_sum, level_max


@compiled
def _bits_of_run(levels: Bytes, at: int, block: int, length: int, least: np.uint8, span: np.uint8) -> np.uint64:
    """Of the 64 pixels from ``block`` of the run at ``at``: which lie within the bounds."""
    bits: np.uint64 = bits_between(levels, at + block, least, span)
    if block + BLOCK > length:
        bits &= ALL_BITS >> np.uint64(block + BLOCK - length)
    return bits
