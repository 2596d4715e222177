"""Pieces: the components of one band, measured in the thread that has it; and what two bands share at their seam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.runs.components import label_components

if TYPE_CHECKING:
    from calcannot.morphometry.band_runs import BandRuns

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

# What is added up from runs to pieces and from pieces to components: first the sums, then what is the least and then
# what is the largest of them, then bits of flags.
AREA, ROW_SUM, COL_SUM, CROSS, LEVEL_SUM, RUNS, CONTACTS = 0, 1, 2, 3, 7, 8, 9
ROW_MIN, COL_MIN, LEVEL_MIN = 10, 11, 12
ROW_MAX, COL_MAX, LEVEL_MAX, BORDER = 13, 14, 15, 16
BITS = 17


class Layout(NamedTuple):
    """Columns of a table: sums, from ``min_from`` minima, from ``max_from`` maxima, and last the bits."""

    min_from: int
    max_from: int
    bits: int


REGIONS = Layout(ROW_MIN, ROW_MAX, BITS)
"""All that a region is measured by."""

AREAS = Layout(1, 2, 2)
"""Area, least level and bits: enough to say which components are regions, and how large."""


class Pieces(NamedTuple):
    """Components of one mask in a band, numbered from 0 in raster order of their first pixel.

    Attributes
    ----------
    table
        int64 (n, columns of the layout).
    labels
        int32: piece of each run.
    top, bottom
        Runs of the first and of the last row: starts, stops and pieces, int32 (3, k) each.
    """

    table: Int64
    labels: Int32
    top: Int32
    bottom: Int32


def pieces_of(runs: BandRuns, row: int, height_px: int, width_px: int, layout: Layout) -> Pieces:
    """Label and measure a band whose first row is ``row`` of an image of this size."""
    labels, count = label_components(runs.row_start, runs.start, runs.stop, diagonal=True)
    table = empty_table(count, layout)
    if layout == REGIONS:
        _gather(*runs, labels, row, height_px, width_px, table)
    else:
        _gather_areas(runs.start, runs.stop, runs.level_min, runs.flags, labels, table)
    ends = []
    for line in (0, runs.row_start.size - 2):
        part = slice(int(runs.row_start[line]), int(runs.row_start[line + 1]))
        ends.append(np.stack([runs.start[part], runs.stop[part], labels[part]]))
    return Pieces(table, labels, *ends)


def empty_table(count: int, layout: Layout, order: Literal["C", "F"] = "C") -> Int64:
    """Table of components to which nothing was added yet; by columns where these are what is asked for later."""
    table = np.zeros((count, layout.bits + 1), np.int64, order)
    table[:, layout.min_from : layout.max_from] = np.iinfo(np.int64).max
    table[:, layout.max_from : layout.bits] = np.iinfo(np.int64).min
    return table


def join_at_seam(above: Int32, below: Int32, table: Int64) -> Int32:
    """Pairs of pieces that touch across a seam; int32 (k, 2): piece above, piece below.

    Parameters
    ----------
    above, below
        Runs of the row above the seam and of the row below it, as in ``Pieces``.
    table
        Of the pieces below: what their first row was counted too much for is taken off.
    """
    return _join_at_seam(above, below, table, table.shape[1] > BITS)


def add_pieces(part: Int64, component: Int32, table: Int64, layout: Layout) -> None:
    """Add pieces to the components that they belong to."""
    _merge(part, component, table, *layout)


@compiled
def _contact(first: int, end: int, low: int, high: int) -> tuple[int, int, int]:
    """Pixels of a run that have a pixel of a run of the row above straight, at the left and at the right above it."""
    straight = max(0, min(end, high) - max(first, low))
    falling = max(0, min(end - 1, high) - max(first - 1, low))
    rising = max(0, min(end + 1, high) - max(first + 1, low))
    return straight, falling, rising


@compiled
def _gather(
    row_start: Int64, start: Int32, stop: Int32, level_sum: Int64, level_min: Int32, level_max: Int32, flags: Bytes,
    labels: Int32, first_row: int, height: int, width: int, table: Int64,
) -> None:  # fmt: skip
    for line in range(row_start.size - 1):
        row = first_row + line
        above, above_end = (row_start[line - 1], row_start[line]) if line else (0, 0)
        for run in range(row_start[line], row_start[line + 1]):
            first, end = int(start[run]), int(stop[run])
            length = end - first
            entry = table[labels[run]]
            while above < above_end and stop[above] + 1 <= first:
                above += 1
            other = above
            straight = falling = rising = 0
            while other < above_end and start[other] < end + 1:
                a, b, c = _contact(first, end, int(start[other]), int(stop[other]))
                straight, falling, rising = straight + a, falling + b, rising + c
                entry[CONTACTS] += 1
                other += 1
            entry[AREA] += length
            entry[ROW_SUM] += row * length
            entry[COL_SUM] += (first + end - 1) * length // 2
            # A vertical or diagonal grid line enters the region where a pixel has no mineral above, above left or above
            # right. Lines enter as often as they leave.
            entry[CROSS] += 2
            entry[CROSS + 1] += 2 * (length - straight)
            entry[CROSS + 2] += 2 * (length - falling)
            entry[CROSS + 3] += 2 * (length - rising)
            entry[LEVEL_SUM] += level_sum[run]
            entry[RUNS] += 1
            entry[ROW_MIN] = min(entry[ROW_MIN], row)
            entry[COL_MIN] = min(entry[COL_MIN], first)
            entry[LEVEL_MIN] = min(entry[LEVEL_MIN], level_min[run])
            entry[ROW_MAX] = max(entry[ROW_MAX], row + 1)
            entry[COL_MAX] = max(entry[COL_MAX], end)
            entry[LEVEL_MAX] = max(entry[LEVEL_MAX], level_max[run])
            at_border = first == 0 or end == width or row == 0 or row == height - 1
            entry[BORDER] = max(entry[BORDER], np.int64(at_border))
            entry[BITS] |= flags[run]


@compiled
def _gather_areas(start: Int32, stop: Int32, level_min: Int32, flags: Bytes, labels: Int32, table: Int64) -> None:
    for run in range(start.size):
        entry = table[labels[run]]
        entry[0] += int(stop[run]) - int(start[run])
        entry[1] = min(entry[1], level_min[run])
        entry[2] |= flags[run]


@compiled
def _merge(part: Int64, component: Int32, table: Int64, min_from: int, max_from: int, bits: int) -> None:
    for i in range(part.shape[0]):
        source, entry = part[i], table[component[i]]
        for column in range(min_from):
            entry[column] += source[column]
        for column in range(min_from, max_from):
            entry[column] = min(entry[column], source[column])
        for column in range(max_from, bits):
            entry[column] = max(entry[column], source[column])
        entry[bits] |= source[bits]


@compiled
def _join_at_seam(above: Int32, below: Int32, table: Int64, of_regions: bool) -> Int32:
    pairs = np.empty((above.shape[1] + below.shape[1], 2), np.int32)
    n = 0
    nearest = 0
    for run in range(below.shape[1]):
        first, end, label = int(below[0, run]), int(below[1, run]), below[2, run]
        while nearest < above.shape[1] and above[1, nearest] + 1 <= first:
            nearest += 1
        other = nearest
        while other < above.shape[1] and above[0, other] < end + 1:
            if of_regions:
                straight, falling, rising = _contact(first, end, int(above[0, other]), int(above[1, other]))
                table[label, CROSS + 1] -= 2 * straight
                table[label, CROSS + 2] -= 2 * falling
                table[label, CROSS + 3] -= 2 * rising
                table[label, CONTACTS] += 1
            pairs[n, 0], pairs[n, 1] = above[2, other], label
            n += 1
            other += 1
    return pairs[:n].copy()
