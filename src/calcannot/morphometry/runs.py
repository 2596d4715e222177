"""Runs of mineral pixels of a whole image, joined from boxes.

A row of the image is one row of runs however it was tiled, so nothing that is computed from runs can depend on the size
or the order of tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
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

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RunTable:
    """All runs of one mask, in raster order.

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
    row_start: Int64
    start: Int32
    stop: Int32
    level_sum: Int64
    level_min: Int32
    level_max: Int32
    flags: npt.NDArray[np.uint8]

    def background(self) -> tuple[Int64, Int32, Int32]:
        """Row starts, starts and stops of the runs of everything else."""
        return _gaps(self.row_start, self.start, self.stop, self.width_px)


@dataclass(slots=True)
class RunCollector:
    """Takes bands of boxes from top to bottom and joins their runs across the seams."""

    width_px: int
    reference_px: int = 0
    _counts: tuple[list[Int32], ...] = field(default_factory=lambda: tuple([] for _ in MASKS))
    _fields: tuple[list[Int32], ...] = field(default_factory=lambda: tuple([] for _ in MASKS))
    _sums: tuple[list[Int64], ...] = field(default_factory=lambda: tuple([] for _ in MASKS))

    def add_band(self, boxes: Sequence[BoxRuns]) -> None:
        """Append rows: boxes side by side from the image's left border to its right, all of one height."""
        self.reference_px += sum(box.reference_px for box in boxes)
        filled = [box for box in boxes if len(box.runs)]
        height = boxes[0].counts.shape[1]
        if not filled:
            for mask in range(len(MASKS)):
                self._counts[mask].append(np.zeros(height, np.int32))
            return
        counts = np.stack([box.counts for box in filled])
        runs = np.concatenate([box.runs for box in filled])
        first_of_box = np.cumsum([0, *(len(box.runs) for box in filled)])
        for mask in range(len(MASKS)):
            joined_counts, fields, sums = _join(counts, runs, first_of_box, mask)
            self._counts[mask].append(joined_counts)
            self._fields[mask].append(fields)
            self._sums[mask].append(sums)

    def finish(self, mask: int) -> RunTable:
        """All runs of one of ``MASKS``; can be asked for once."""
        position = MASKS.index(mask)
        counts = np.concatenate(self._counts[position])
        row_start = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts, out=row_start[1:])
        parts = self._fields[position]
        fields = np.concatenate(parts, axis=1) if parts else np.zeros((FIELDS - 1, 0), np.int32)
        sums = np.concatenate(self._sums[position]) if parts else np.zeros(0, np.int64)
        parts.clear()
        self._sums[position].clear()
        start, stop, level_min, level_max, flags = fields
        return RunTable(
            int(counts.size), self.width_px, row_start, start, stop, sums, level_min, level_max, flags.astype(np.uint8)
        )


@compiled
def _join(counts: Int32, runs: Int32, first_of_box: Int64, mask: int) -> tuple[Int32, Int32, Int64]:
    """Runs of one mask row by row; a run that ends where the next box begins one is one run with it.

    Returns counts (height,), start, stop, least and largest level and flags as rows of int32 (5, n), sums int64 (n,).
    """
    boxes, height = counts.shape[0], counts.shape[2]
    place = np.empty(boxes, np.int64)
    most = 0
    for box in range(boxes):
        place[box] = first_of_box[box]
        for before in range(mask):
            place[box] += counts[box, before].sum()
        most += counts[box, mask].sum()
    joined = np.zeros(height, np.int32)
    fields = np.empty((5, most), np.int32)
    sums = np.empty(most, np.int64)
    n = 0
    for row in range(height):
        row_first = n
        for box in range(boxes):
            for _ in range(counts[box, mask, row]):
                run = runs[place[box]]
                place[box] += 1
                if n > row_first and fields[1, n - 1] == run[START]:
                    fields[1, n - 1] = run[STOP]
                    fields[2, n - 1] = min(fields[2, n - 1], run[LEVEL_MIN])
                    fields[3, n - 1] = max(fields[3, n - 1], run[LEVEL_MAX])
                    fields[4, n - 1] |= run[FLAGS]
                    sums[n - 1] += run[LEVEL_SUM]
                else:
                    fields[0, n], fields[1, n] = run[START], run[STOP]
                    fields[2, n], fields[3, n], fields[4, n] = run[LEVEL_MIN], run[LEVEL_MAX], run[FLAGS]
                    sums[n] = run[LEVEL_SUM]
                    n += 1
        joined[row] = n - row_first
    return joined, fields[:, :n].copy(), sums[:n].copy()


@compiled
def _gaps(row_start: Int64, start: Int32, stop: Int32, width: int) -> tuple[Int64, Int32, Int32]:
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
