"""Mineral as runs of pixels, and the table of its regions."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

# Columns of ``regions.csv`` after the image's name, with the names that Arrow has for their types.
REGION_COLUMNS = {
    "region": "int64", "area_px": "int64", "area_um2": "float64", "centroid_row_px": "float64",
    "centroid_col_px": "float64", "bbox_row_min_px": "int64", "bbox_col_min_px": "int64", "bbox_row_max_px": "int64",
    "bbox_col_max_px": "int64", "perimeter_um": "float64", "feret_max_um": "float64", "feret_max_angle_deg": "float64",
    "width_um": "float64", "feret_min_um": "float64", "filled_area_um2": "float64", "hull_area_um2": "float64",
    "solidity": "float64", "circularity": "float64", "touches_border": "bool", "value_mean": "float64",
    "value_min": "float64", "value_max": "float64", "perimeter_px": "float64", "feret_max_px": "float64",
    "width_px": "float64", "feret_min_px": "float64", "filled_area_px": "int64", "hull_area_px": "float64",
    "hole_count": "int64", "peak_fraction": "float64",
}  # fmt: skip

_CELLS_AT_ONCE = 1 << 19  # of a mask being drawn: its sums then stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRuns:
    """A label image as runs: what masks, outlines and overlays are drawn from.

    Attributes
    ----------
    height_px, width_px
        Size of the image.
    row_start
        int64 (height + 1,): runs ``row_start[r]`` to ``row_start[r + 1]`` lie in row r, from left to right.
    start, stop
        int32 (n,): first column of a run and the column after its last.
    region
        int32 (n,): number of the region, from 1.
    """

    height_px: int
    width_px: int
    row_start: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    stop: npt.NDArray[np.int32]
    region: npt.NDArray[np.int32]

    def labels(self, row: int, col: int, height: int, width: int) -> npt.NDArray[np.int32]:
        """Region number of every pixel of a box, 0 for none; int32 (height, width)."""
        box = np.zeros((height, width), dtype=np.int32)
        first, last = int(self.row_start[row]), int(self.row_start[row + height])
        if first == last:
            return box
        rows = np.repeat(np.arange(height), np.diff(self.row_start[row : row + height + 1]))
        start = np.clip(self.start[first:last] - col, 0, width)
        stop = np.clip(self.stop[first:last] - col, 0, width)
        seen = stop > start
        # A run adds its number at its start and takes it off at its stop; the sum along the row is the label.
        change = np.zeros((height, width + 1), dtype=np.int32)
        region = self.region[first:last]
        np.add.at(change, (rows[seen], start[seen]), region[seen])
        np.add.at(change, (rows[seen], stop[seen]), -region[seen])
        np.cumsum(change[:, :-1], axis=1, out=box)
        return box

    def mask(self, row: int, col: int, height: int, width: int) -> npt.NDArray[np.bool_]:
        """Whether each pixel of a box is mineral; bool (height, width)."""
        return self.labels(row, col, height, width) > 0

    def reduced(self, row: int, height: int, factor: int) -> npt.NDArray[np.uint8]:
        """Full-width rows as 0/1, reduced by the maximum of ``factor`` x ``factor`` pixels: small grains stay visible.

        Returns
        -------
        ndarray
            uint8 (ceil(height / factor), ceil(width / factor)).
        """
        width = -(-self.width_px // factor)
        band = np.zeros((-(-height // factor), width), np.uint8)
        rows = max(1, _CELLS_AT_ONCE // width)
        for top in range(0, len(band), rows):
            part = band[top : top + rows]
            self._draw(part, row + top * factor, min(len(part) * factor, height - top * factor), factor)
        return band

    def _draw(self, band: npt.NDArray[np.uint8], row: int, height: int, factor: int) -> None:
        first, last = int(self.row_start[row]), int(self.row_start[row + height])
        if first == last:
            return
        # A run covers the reduced columns from that of its first pixel to that of its last: 1 is added where it begins
        # and taken off behind it, and the sum along the row is positive where there is a run.
        rows, width = band.shape
        line = np.repeat(np.arange(height) // factor, np.diff(self.row_start[row : row + height + 1])) * (width + 1)
        begin = line + self.start[first:last] // factor
        behind = line + (self.stop[first:last] - 1) // factor + 1
        size = rows * (width + 1)
        change = np.bincount(begin, minlength=size) - np.bincount(behind, minlength=size)
        np.greater(np.cumsum(change.reshape(rows, width + 1), axis=1)[:, :-1], 0, out=band.view(np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class RegionTable:
    """Regions in the order in which a reader's eye meets their first pixel: row by row, left to right.

    All in pixels and grey levels; each array has shape (n,). Lengths that depend on the pixel's shape are in
    ``Geometry``. Boxes are half open: the maximum is exclusive.

    Attributes
    ----------
    hull_start
        int64 (n + 1,): vertices of region i are ``hull_start[i]`` to ``hull_start[i + 1]``.
    hull_row, hull_col
        int32: vertices of the convex hulls, on pixel corners (corner (0, 0) is the top-left of pixel (0, 0)).
    crossings
        int64 (n, 4): times that grid lines cross the boundary, along columns of a row, rows of a column, the
        falling and the rising diagonal.
    """

    area: IntArray
    row_sum: IntArray
    col_sum: IntArray
    row_min: IntArray
    row_max: IntArray
    col_min: IntArray
    col_max: IntArray
    crossings: IntArray
    filled_area: IntArray
    hole_count: IntArray
    touches_border: npt.NDArray[np.bool_]
    level_sum: IntArray
    level_min: IntArray
    level_max: IntArray
    hull_start: IntArray
    hull_row: npt.NDArray[np.int32]
    hull_col: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return int(self.area.size)

    def rows(self, begin: int, end: int) -> RegionTable:
        """Regions ``begin`` to ``end``, without a copy; the vertices of all hulls stay."""
        shared = {"hull_row", "hull_col"}
        names = [each.name for each in fields(self) if each.name not in shared]
        parts = {name: getattr(self, name)[begin : end + (name == "hull_start")] for name in names}
        return replace(self, **parts)
