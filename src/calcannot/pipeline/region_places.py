"""Which measured regions a stroke is about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.segment.polygons import inside

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.regions import LabelledRuns

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RegionPlaces:
    """Where the regions of an image lie.

    Attributes
    ----------
    runs
        Their pixels.
    count
        How many there are.
    """

    runs: LabelledRuns
    count: int

    @cached_property
    def _anchors(self) -> tuple[IntArray, IntArray]:
        """Row and column of the middle of each region's longest run."""
        runs = self.runs
        length = (runs.stop - runs.start).astype(np.int64)
        row_of = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
        order = np.lexsort((np.arange(length.size), -length, runs.region))
        first = order[np.searchsorted(runs.region[order], np.arange(1, self.count + 1))]
        return row_of[first], runs.start[first] + length[first] // 2

    def place_of(self, region: int) -> tuple[int, int]:
        """Row and column of a pixel of a region, counted from 0, by which a stroke holds it."""
        rows, cols = self._anchors
        return int(rows[region]), int(cols[region])

    def within(self, stroke: Stroke) -> IntArray:
        """Regions, counted from 0, whose longest run has its middle inside the stroke."""
        box = self._box(stroke)
        if box is None or not self.count:
            return np.empty(0, np.int64)
        row, col, height, width = box
        rows, cols = self._anchors
        near = np.flatnonzero((rows >= row) & (rows < row + height) & (cols >= col) & (cols < col + width))
        return near[inside(stroke, *box)[rows[near] - row, cols[near] - col]]

    def under(self, stroke: Stroke) -> IntArray:
        """Regions, counted from 0, that have a pixel inside the stroke."""
        box = self._box(stroke)
        if box is None or not self.count:
            return np.empty(0, np.int64)
        found = np.unique(self.runs.labels(*box)[inside(stroke, *box)]).astype(np.int64) - 1
        return found[found >= 0]

    def _box(self, stroke: Stroke) -> tuple[int, int, int, int] | None:
        """Part of the image that the stroke's bounds cover; None where they lie beside it."""
        x_min, y_min, x_max, y_max = stroke.bounds()
        row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
        height = min(self.runs.height_px, math.ceil(y_max)) - row
        width = min(self.runs.width_px, math.ceil(x_max)) - col
        return (row, col, height, width) if height > 0 and width > 0 else None
