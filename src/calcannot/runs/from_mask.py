"""Runs of a mask that is given as pixels, a band of rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.model.regions import LabelledRuns
from calcannot.runs.components import label_components

Int32 = npt.NDArray[np.int32]


@dataclass(slots=True)
class RunBuilder:
    """Takes rows of a mask from top to bottom and gives its regions.

    Parameters
    ----------
    width_px
        Width of the whole mask.
    """

    width_px: int
    _counts: list[Int32] = field(default_factory=list)
    _starts: list[Int32] = field(default_factory=list)
    _stops: list[Int32] = field(default_factory=list)

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Append full-width rows, (height, width): a pixel that is not 0 is mineral."""
        counts, start, stop = _runs(np.ascontiguousarray(rows != 0))
        self._counts.append(counts)
        self._starts.append(start)
        self._stops.append(stop)

    def finish(self) -> LabelledRuns:
        """Regions are 8-connected and numbered from 1 in raster order of their first pixel, as ``analyse`` does."""
        counts = np.concatenate([np.zeros(1, np.int32), *self._counts])
        row_start = np.cumsum(counts, dtype=np.int64)
        start = np.concatenate([np.zeros(0, np.int32), *self._starts])
        stop = np.concatenate([np.zeros(0, np.int32), *self._stops])
        labels, _ = label_components(row_start, start, stop, diagonal=True)
        return LabelledRuns(row_start.size - 1, self.width_px, row_start, start, stop, labels + np.int32(1))


def runs_of_mask(mask: npt.NDArray[Any]) -> LabelledRuns:
    """Regions of a mask that is in memory; (height, width), a pixel that is not 0 is mineral."""
    builder = RunBuilder(mask.shape[1])
    builder.add(mask)
    return builder.finish()


@compiled
def _runs(mask: npt.NDArray[np.bool_]) -> tuple[Int32, Int32, Int32]:
    height, width = mask.shape
    counts = np.zeros(height, np.int32)
    for row in range(height):
        before = False
        for col in range(width):
            now = mask[row, col]
            if now and not before:
                counts[row] += 1
            before = now
    total = counts.sum()
    start = np.empty(total, np.int32)
    stop = np.empty(total, np.int32)
    n = 0
    for row in range(height):
        if counts[row] == 0:
            continue
        before = False
        for col in range(width):
            now = mask[row, col]
            if now and not before:
                start[n] = col
            elif before and not now:
                stop[n] = col
                n += 1
            before = now
        if before:
            stop[n] = width
            n += 1
    return counts, start, stop
