"""Boxes of a picture that is stored as a grid of tiles: only the tiles that a box touches are decoded."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.io.segment_cache import SegmentCache


class TiledReader:
    """Base of the readers of one page or level; subclasses give ``_decoded``.

    Parameters
    ----------
    size
        Height and width of the picture.
    tile
        Height and width of a tile; those at the edge may reach beyond the picture.
    samples
        Shape of a pixel: empty for grey without an axis of samples.
    dtype
        Type of a sample.
    background
        Samples of a pixel where a tile is missing.
    cache
        Where tiles are kept that a box cuts, for the box beside it.
    """

    def __init__(
        self,
        size: tuple[int, int],
        tile: tuple[int, int],
        samples: tuple[int, ...],
        dtype: npt.DTypeLike,
        background: npt.ArrayLike,
        cache: SegmentCache,
    ) -> None:
        self.height, self.width = size
        self._tile = tile
        self._samples = samples
        self._dtype = np.dtype(dtype)
        self._background = background
        self._cache = cache

    def read(self, row: int, col: int, height: int, width: int) -> npt.NDArray[Any]:
        """Samples of a box inside the picture.

        A box that is one tile is the decoded tile itself. A larger one is put together with one copy. Tiles that a box
        takes whole are not kept.
        """
        down, across = row // self._tile[0], col // self._tile[1]
        starts = row == down * self._tile[0] and col == across * self._tile[1]
        if starts and self._is_whole(down, across, height, width):
            tile = self._decoded(down, across)
            return self._blank(height, width) if tile is None else tile[:height, :width]
        return self._assembled(row, col, height, width)

    def _decoded(self, down: int, across: int) -> npt.NDArray[Any] | None:
        """Decode the tile at a place of the grid; None when it was left out. At least its part in the picture."""
        raise NotImplementedError

    def _assembled(self, row: int, col: int, height: int, width: int) -> npt.NDArray[Any]:
        rows, cols = self._tile
        box = np.empty((height, width, *self._samples), self._dtype)
        tiles = [
            (down, across)
            for down in range(row // rows, (row + height - 1) // rows + 1)
            for across in range(col // cols, (col + width - 1) // cols + 1)
        ]
        with self._ahead([each for each in tiles if (id(self), *each) not in self._cache]):
            for down, across in tiles:
                top, left = max(row, down * rows), max(col, across * cols)
                bottom, right = min(row + height, (down + 1) * rows), min(col + width, (across + 1) * cols)
                whole = self._is_whole(down, across, bottom - top, right - left)
                tile = self._kept_or_decoded(down, across, keep=not whole)
                box[top - row : bottom - row, left - col : right - col] = (
                    self._background
                    if tile is None
                    else tile[top - down * rows : bottom - down * rows, left - across * cols : right - across * cols]
                )
        return box

    def _ahead(self, tiles: Sequence[tuple[int, int]]) -> AbstractContextManager[None]:
        """Within this block these tiles are decoded: those that lie near each other in a file may be read at once."""
        del tiles
        return nullcontext()

    def _stored_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> tuple[list[tuple[int, int] | None], int]:
        """Which tile each place is, and its rows inside the picture.

        None for places that are no tile, or lie beside the picture, or have other rows than the first.
        """
        rows, cols = self._tile
        found = list[tuple[int, int] | None]()
        for row, col, height, width in places:
            down, across = row // rows, col // cols
            is_tile = row == down * rows and col == across * cols and self._is_whole(down, across, height, width)
            found.append((down, across) if is_tile and width == cols and height == places[0][2] else None)
        return found, places[0][2]

    def _kept_or_decoded(self, down: int, across: int, *, keep: bool) -> npt.NDArray[Any] | None:
        if not keep:
            return self._decoded(down, across)

        def make() -> npt.NDArray[Any]:
            tile = self._decoded(down, across)
            return self._blank(*self._tile) if tile is None else tile

        return self._cache.get((id(self), down, across), make)

    def _blank(self, height: int, width: int) -> npt.NDArray[Any]:
        box = np.empty((height, width, *self._samples), self._dtype)
        box[...] = self._background
        return box

    def _is_whole(self, down: int, across: int, height: int, width: int) -> bool:
        """Whether a part of a tile, of this size, is all of it that lies inside the picture."""
        return (height, width) == self._inside(down, across)

    def _inside(self, down: int, across: int) -> tuple[int, int]:
        """Height and width of the part of a tile that lies inside the picture."""
        rows, cols = self._tile
        return min(rows, self.height - down * rows), min(cols, self.width - across * cols)

    def _corner(self, down: int, across: int) -> str:
        """Where a tile is, for messages."""
        return f"at row {down * self._tile[0]}, column {across * self._tile[1]}"
