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
        rows = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
        self._begins = rows * runs.width_px + runs.start
        count = int(runs.region.max()) if runs.region.size else 0
        self._first_run = np.zeros(count, np.int64)
        self._first_run[runs.region[::-1] - 1] = np.arange(runs.region.size)[::-1]

    def __len__(self) -> int:
        return int(self._first_run.size)

    def at(self, rows: npt.ArrayLike, cols: npt.ArrayLike) -> Ints:
        """Region of each pixel, -1 for none; int64, shape of ``rows``."""
        rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
        runs = self._runs
        run = np.searchsorted(self._begins, rows * runs.width_px + cols, side="right") - 1
        inside = (rows >= 0) & (rows < runs.height_px) & (cols >= 0) & (cols < runs.width_px) & (run >= 0)
        run = np.maximum(run, 0)
        if not runs.region.size:
            return np.full(rows.shape, -1, np.int64)
        inside &= (self._begins[run] // runs.width_px == rows) & (runs.stop[run] > cols)
        return np.where(inside, runs.region[run].astype(np.int64) - 1, -1)

    def pixel_of(self, region: int) -> tuple[int, int]:
        """Row and column of a pixel in the middle of the region's first row."""
        run = int(self._first_run[region])
        row = int(self._begins[run] // self._runs.width_px)
        return row, int(self._runs.start[run] + self._runs.stop[run] - 1) // 2
