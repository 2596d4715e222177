"""Which region a pixel belongs to, and a pixel of each region: at once among a hundred thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Ints = npt.NDArray[np.int64]


class RegionIndex:
    """Looks regions up, counted from 0.

    Parameters
    ----------
    runs
        Of a measurement.
    """

    def __init__(self, runs: LabelledRuns) -> None:
        self._runs = runs
        count = int(runs.region.max()) if runs.region.size else 0
        self._first_run = np.zeros(count, np.int32)
        self._first_run[runs.region[::-1] - 1] = np.arange(runs.region.size, dtype=np.int32)[::-1]

    def __len__(self) -> int:
        return int(self._first_run.size)

    def at(self, rows: npt.ArrayLike, cols: npt.ArrayLike) -> Ints:
        """Region of each pixel, -1 for none; int64, shape of ``rows``."""
        rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        runs = self._runs
        if not runs.region.size:
            return np.full(rows.shape, -1, np.int64)
        inside = (rows >= 0) & (rows < runs.height_px) & (cols >= 0) & (cols < runs.width_px)
        row = np.where(inside, rows, 0)
        # Halving the runs of each pixel's row: the last one that begins at or before its column.
        first, low, high = runs.row_start[row], runs.row_start[row], runs.row_start[row + 1]
        while (low < high).any():
            middle = np.minimum((low + high) // 2, runs.start.size - 1)
            begins = (low < high) & (runs.start[middle] <= cols)
            high = np.where((low < high) & ~begins, middle, high)
            low = np.where(begins, middle + 1, low)
        run = np.maximum(low - 1, 0)
        inside &= (low > first) & (runs.stop[run] > cols)
        return np.where(inside, runs.region[run].astype(np.int64) - 1, -1)

    def pixel_of(self, region: int) -> tuple[int, int]:
        """Row and column of a pixel in the middle of the region's first row."""
        run = int(self._first_run[region])
        row = int(np.searchsorted(self._runs.row_start, run, side="right")) - 1
        return row, int(self._runs.start[run] + self._runs.stop[run] - 1) // 2
