"""Tiles of one image: where they lie, how much mineral each holds, and their pixels at the wanted scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.errors import OutputError

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.image import ImageSource
    from calcannot.model.regions import LabelledRuns

Bools = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

RESAMPLING: Final = (
    "Image: mean over the area of each new pixel, from the full resolution. Mask: mineral where at least half of the "
    "area of the new pixel is mineral. Neither where the scale is that of the image."
)


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Square tiles over an image, from the top-left corner; the last of a row or column is moved back into the image.

    Attributes
    ----------
    height_px, width_px
        Size of the image.
    size_px
        Side of a tile in its own pixels.
    factor_row, factor_col
        Pixels of the image per pixel of a tile; 1 or more.
    rows, cols
        int64: first row and column of the tiles, in pixels of the image.
    """

    height_px: int
    width_px: int
    size_px: int
    factor_row: float
    factor_col: float
    rows: Int64
    cols: Int64

    @property
    def box_height(self) -> float:
        """Rows of the image that a tile spans; more than there are where the image is smaller than a tile."""
        return self.size_px * self.factor_row

    @property
    def box_width(self) -> float:
        """Columns of the image that a tile spans."""
        return self.size_px * self.factor_col

    def corner(self, i: int, j: int) -> tuple[int, int]:
        """Row and column of a tile's first pixel in the image."""
        return int(self.rows[i]), int(self.cols[j])


def grid_of(
    height_px: int,
    width_px: int,
    calibration: Calibration | None,
    *,
    size_px: int,
    overlap_px: int,
    um_per_px: float | None,
    name: str,
) -> TileGrid:
    """Lay tiles over an image.

    Raises
    ------
    OutputError
        If a scale is asked for and the image has none, or one finer than the image's: pixels are not made up.
    """
    factor_row = factor_col = 1.0
    if um_per_px is not None:
        if calibration is None:
            what = f"has no pixel size, so it cannot be brought to {um_per_px:g} µm a pixel"
            raise OutputError(what, path=name, remedy="measure it with --pixel-size, or leave out --um-per-px")
        factor_row, factor_col = um_per_px / calibration.um_per_px_row, um_per_px / calibration.um_per_px_col
        if min(factor_row, factor_col) < 1 - 1e-9:
            size = max(calibration.um_per_px_row, calibration.um_per_px_col)
            what = f"has {size:g} µm a pixel, and {um_per_px:g} µm would be finer than what was recorded"
            raise OutputError(what, path=name, remedy=f"give --um-per-px {size:g} or more")
    step = size_px - overlap_px
    return TileGrid(
        height_px, width_px, size_px, factor_row, factor_col,
        _starts(height_px, size_px * factor_row, step * factor_row),
        _starts(width_px, size_px * factor_col, step * factor_col),
    )  # fmt: skip


def _starts(length: int, span: float, step: float) -> Int64:
    if length <= span:
        return np.zeros(1, np.int64)
    count = math.ceil((length - span) / step - 1e-9) + 1
    starts = np.rint(np.arange(count) * step).astype(np.int64)
    return np.unique(np.minimum(starts, math.floor(length - span)))


def mineral_px(grid: TileGrid, runs: LabelledRuns) -> Int64:
    """Pixels of mineral in each tile, at the tile's scale; int64 (rows, cols).

    -1 where all mineral of a tile is too fine for its pixels: no tile with mineral, and none without.
    """
    found = np.zeros((grid.rows.size, grid.cols.size), np.int64)
    for i, row in enumerate(grid.rows.tolist()):
        last = min(grid.height_px, math.ceil(row + grid.box_height))
        begin, end = int(runs.row_start[row]), int(runs.row_start[last])
        change = np.zeros(grid.width_px + 1, np.int64)
        np.add.at(change, runs.start[begin:end], 1)
        np.add.at(change, runs.stop[begin:end], -1)
        up_to = np.append(0, np.cumsum(np.cumsum(change[:-1])))
        ends = np.minimum(grid.width_px, np.ceil(grid.cols + grid.box_width).astype(np.int64))
        found[i] = up_to[ends] - up_to[grid.cols]
    if (grid.factor_row, grid.factor_col) == (1.0, 1.0):
        return found
    for i, j in np.argwhere(found):
        found[i, j] = np.count_nonzero(mask_tile(grid, runs, *grid.corner(i, j))) or -1
    return found


def mask_tile(grid: TileGrid, runs: LabelledRuns, row: int, col: int) -> Bools:
    """Mask of a tile; bool (size, size), False beyond the image."""
    height, width = _box(grid, row, col)
    pixels = runs.mask(row, col, height, width)
    share = _resampled(grid, pixels.astype(np.float32), row, col) if _is_scaled(grid) else pixels.astype(np.float32)
    tile = np.zeros((grid.size_px, grid.size_px), np.bool_)
    tile[: share.shape[0], : share.shape[1]] = share >= 0.5
    return tile


def image_tile(grid: TileGrid, source: ImageSource, row: int, col: int, beyond: float) -> npt.NDArray[Any]:
    """Pixels of a tile, (size, size) or (size, size, 3) in the image's dtype; ``beyond`` where the image ends."""
    height, width = _box(grid, row, col)
    pixels = source.read(row, col, height, width)
    if _is_scaled(grid):
        planes = [pixels] if pixels.ndim == 2 else [pixels[..., i] for i in range(pixels.shape[2])]
        means = [_resampled(grid, plane.astype(np.float32), row, col) for plane in planes]
        scaled = means[0] if pixels.ndim == 2 else np.stack(means, axis=-1)
        pixels = (np.rint(scaled) if np.issubdtype(pixels.dtype, np.integer) else scaled).astype(pixels.dtype)
    tile = np.full((grid.size_px, grid.size_px, *pixels.shape[2:]), beyond, pixels.dtype)
    tile[: pixels.shape[0], : pixels.shape[1]] = pixels
    return tile


def _is_scaled(grid: TileGrid) -> bool:
    return (grid.factor_row, grid.factor_col) != (1.0, 1.0)


def _box(grid: TileGrid, row: int, col: int) -> tuple[int, int]:
    """Whole rows and columns of the image under a tile."""
    return (
        min(math.ceil(grid.box_height - 1e-6), grid.height_px - row),
        min(math.ceil(grid.box_width - 1e-6), grid.width_px - col),
    )


def _resampled(grid: TileGrid, plane: npt.NDArray[np.float32], row: int, col: int) -> npt.NDArray[np.float32]:
    """Means over the area of the new pixels; only those that lie wholly in the image."""
    from PIL import Image

    height = min(grid.size_px, int((grid.height_px - row) / grid.factor_row + 1e-6))
    width = min(grid.size_px, int((grid.width_px - col) / grid.factor_col + 1e-6))
    if not height or not width:
        return np.zeros((height, width), np.float32)
    box = (0, 0, min(width * grid.factor_col, plane.shape[1]), min(height * grid.factor_row, plane.shape[0]))
    picture = Image.fromarray(plane)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX, box=box))
