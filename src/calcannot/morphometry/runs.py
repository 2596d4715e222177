"""Runs of mineral pixels, gathered band by band.

A row of the image is one row of runs however it was tiled, so nothing that is computed from runs can depend on the size
or the order of tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.model.classes import ADDED, EDGE

Classes = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class RunTable:
    """All runs of one class of pixels, in raster order.

    Attributes
    ----------
    row_start
        int64 (height + 1,), as in ``LabelledRuns``.
    start, stop
        int32 (n,).
    level_sum, level_min, level_max
        int64, int32, int32 (n,): of the channel levels along the run.
    flags
        uint8 (n,): EDGE and ADDED bits of any pixel of the run.
    """

    height_px: int
    width_px: int
    row_start: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    stop: npt.NDArray[np.int32]
    level_sum: npt.NDArray[np.int64]
    level_min: npt.NDArray[np.int32]
    level_max: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]

    def background(self) -> RunTable:
        """Runs of everything else; levels and flags are 0."""
        row_start, start, stop = _gaps(self.row_start, self.start, self.stop, self.width_px)
        none = np.zeros(start.size, np.int32)
        return RunTable(
            self.height_px, self.width_px, row_start, start, stop, none.astype(np.int64), none, none,
            none.astype(np.uint8),
        )  # fmt: skip


@dataclass(slots=True)
class RunCollector:
    """Takes bands of classified pixels from top to bottom and keeps the runs of one class."""

    width_px: int
    bit: int
    _parts: list[tuple[npt.NDArray[np.generic], ...]] = field(default_factory=list)
    _counts: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add_band(self, classes: Classes, levels: Levels) -> None:
        """Append full-width rows: ``classes`` uint8 and ``levels`` int32, both (rows, width)."""
        counts = _count_runs(classes, self.bit)
        self._counts.append(counts)
        self._parts.append(_extract_runs(classes, levels, self.bit, counts))

    def finish(self) -> RunTable:
        """All runs so far as one table."""
        counts = np.concatenate(self._counts)
        row_start = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts, out=row_start[1:])
        columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
        self._parts.clear()
        return RunTable(int(counts.size), self.width_px, row_start, *columns)


@compiled
def _count_runs(classes: Classes, bit: int) -> npt.NDArray[np.int64]:
    height, width = classes.shape
    counts = np.zeros(height, np.int64)
    for row in range(height):
        inside = False
        total = 0
        for col in range(width):
            mineral = (classes[row, col] & bit) != 0
            if mineral and not inside:
                total += 1
            inside = mineral
        counts[row] = total
    return counts


@compiled
def _extract_runs(
    classes: Classes, levels: Levels, bit: int, counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.generic], ...]:
    total = counts.sum()
    start = np.empty(total, np.int32)
    stop = np.empty(total, np.int32)
    level_sum = np.empty(total, np.int64)
    level_min = np.empty(total, np.int32)
    level_max = np.empty(total, np.int32)
    flags = np.empty(total, np.uint8)
    height, width = classes.shape
    n = 0
    for row in range(height):
        if counts[row] == 0:
            continue
        col = 0
        while col < width:
            if (classes[row, col] & bit) == 0:
                col += 1
                continue
            first = col
            total_level = 0
            lowest = highest = levels[row, col]
            seen = 0
            while col < width and (classes[row, col] & bit) != 0:
                level = levels[row, col]
                total_level += level
                lowest = min(lowest, level)
                highest = max(highest, level)
                seen |= classes[row, col]
                col += 1
            start[n], stop[n] = first, col
            level_sum[n], level_min[n], level_max[n] = total_level, lowest, highest
            flags[n] = seen & (EDGE | ADDED)
            n += 1
    return start, stop, level_sum, level_min, level_max, flags


@compiled
def _gaps(
    row_start: npt.NDArray[np.int64], start: npt.NDArray[np.int32], stop: npt.NDArray[np.int32], width: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    height = row_start.size - 1
    most = start.size + height
    gap_row = np.zeros(height + 1, np.int64)
    gap_start = np.empty(most, np.int32)
    gap_stop = np.empty(most, np.int32)
    n = 0
    for row in range(height):
        col = 0
        for run in range(row_start[row], row_start[row + 1]):
            if start[run] > col:
                gap_start[n], gap_stop[n] = col, start[run]
                n += 1
            col = stop[run]
        if col < width:
            gap_start[n], gap_stop[n] = col, width
            n += 1
        gap_row[row + 1] = n
    return gap_row, gap_start[:n], gap_stop[:n]
