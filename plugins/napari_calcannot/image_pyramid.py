"""An image as the levels that a viewer looks at: small ones read at once, large ones without waiting for the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_calcannot.levels import LazyLevel
from napari_calcannot.precedence import IN_VIEW
from napari_calcannot.tile_loader import TileLoader

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from napari_calcannot.tile_cache import TileCache

Pixels = npt.NDArray[Any]

PIECE_PX = 512
"""Rows and columns of the image that are read at once to compute a lower level."""
WAITED_FOR_PX = 16_000_000
"""Largest image whose boxes are read while the window waits: a camera's field, or one film."""

_TILE_PX = 256  # napari asks for whole tiles: of 512 px it asks for half as much again as is in view
_OVERVIEW_PX = 2048  # the smallest level must not be larger: it is drawn while the others load


class ImagePyramid:
    """Levels of one image; those that the file lacks are averaged from the ones it has.

    Parameters
    ----------
    source
        An open image; it must stay open until ``close``.
    cache
        Shared by all open images.
    """

    def __init__(self, source: ImageSource, cache: TileCache) -> None:
        info = source.info
        self._source = source
        depth = (3,) if info.channels == 3 else ()
        shapes = [(level.height_px, level.width_px, *depth) for level in info.levels]
        self._of_file = len(shapes)
        is_large = info.height_px * info.width_px > WAITED_FOR_PX
        while is_large and max(shapes[-1][:2]) > _OVERVIEW_PX:
            shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2), *depth))
        tile = min(_TILE_PX, max(info.height_px, info.width_px))
        self.loader = TileLoader(self._read, shapes, info.dtype, tile, cache, ("image", id(self)))
        if is_large:
            IN_VIEW.add(self.loader)
        self.is_large = is_large
        self.waits = True
        """Whether boxes are read to the end. Turn it off where somebody looks again when tiles have arrived."""

    def levels(self) -> list[LazyLevel | Pixels]:
        """Full resolution first; the last of several is an array, which a viewer keeps for its thumbnail."""
        loader, info = self.loader, self._source.info
        made: list[LazyLevel | Pixels] = []
        for level, shape in enumerate(loader.shapes):

            def now(row: int, col: int, height: int, width: int, level: int = level) -> Pixels:
                if self.waits:
                    return loader.read_or_note(self._read, row, col, height, width, level)
                return loader.box(level, row, col, height, width)

            def whole(level: int = level) -> Pixels:
                rows, cols = loader.shapes[level][:2]
                return loader.exact(level, 0, 0, rows, cols)

            made.append(LazyLevel(now, shape, info.dtype, (loader.tile, loader.tile), whole=whole))
        if self.is_large and self._of_file == len(made):
            made[-1] = np.asarray(made[-1])
        return made

    def overview(self) -> Pixels:
        """The smallest level as far as it is there."""
        level = len(self.loader.shapes) - 1
        rows, cols = self.loader.shapes[level][:2]
        if not self.is_large:
            return self.loader.read_or_note(self._source.read, 0, 0, rows, cols, level)
        return self.loader.box(level, 0, 0, rows, cols)

    @property
    def overview_grows(self) -> bool:
        """Whether the smallest level is computed as tiles arrive; else the file has it, and it is whole at once."""
        return self.is_large and self._of_file < len(self.loader.shapes)

    def close(self) -> None:
        """Stop reading; the source is the owner's to close."""
        self.loader.close()

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> Pixels:
        if level < self._of_file:
            return self._source.read(row, col, height, width, level)
        rows, cols = self.loader.shapes[level - 1][:2]
        bottom, right = min(rows, 2 * (row + height)), min(cols, 2 * (col + width))
        # Piece by piece: the finest level of a slide without any other passes through here whole.
        half = np.empty((height, width, *self.loader.shapes[level][2:]), self.loader.dtype)
        step = PIECE_PX
        for top in range(2 * row, bottom, step):
            for left in range(2 * col, right, step):
                finer = self._finer(top, left, min(step, bottom - top), min(step, right - left), level - 1)
                r, c = (top // 2) - row, (left // 2) - col
                part = halved(finer)
                half[r : r + part.shape[0], c : c + part.shape[1]] = part
        return half

    def _finer(self, row: int, col: int, height: int, width: int, level: int) -> Pixels:
        """A box for averaging: of the file's own levels it is not kept, for it would push out what is in view."""
        if level < self._of_file:
            return self._source.read(row, col, height, width, level)
        return self.loader.exact(level, row, col, height, width)


def halved(pixels: Pixels) -> Pixels:
    """Mean of 2 x 2 pixels, whole numbers rounded down, of what there is of them at the lower and right edge."""
    rows, cols = pixels.shape[:2]
    if rows % 2 or cols % 2:
        pixels = np.pad(pixels, ((0, rows % 2), (0, cols % 2), *[(0, 0)] * (pixels.ndim - 2)), mode="edge")
    kind = "f4" if pixels.dtype.kind == "f" else pixels.dtype.kind + str(min(8, 2 * pixels.dtype.itemsize))
    tall = np.add(pixels[::2], pixels[1::2], dtype=kind)  # no wider than the sum: half the time of 32 bits
    total = tall[:, ::2] + tall[:, 1::2]
    return np.asarray(total / 4 if kind == "f4" else total // 4, pixels.dtype)
