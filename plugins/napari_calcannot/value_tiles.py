"""Values of a rule over boxes of an image: its own pixels, and reduced by the maximum to a lower level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.segment.allowed import allowed_in
from napari_calcannot.image_pyramid import PIECE_PX
from napari_calcannot.tile_file import TileFile
from napari_calcannot.tile_mosaic import places, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.image import ImageSource
    from napari_calcannot.image_pyramid import ImagePyramid
    from napari_calcannot.preview import PreviewRule

Values = npt.NDArray[Any]
Box = tuple[int, int, int, int]

IN_FILE = 2
"""The level that is kept in a file: one in sixteen pixels. All that are coarser can be had from it."""


class ValueTiles:
    """Values of one image; 0 where nothing may be measured.

    Parameters
    ----------
    source, rule
        Whose values.
    annotations
        Regions of interest and exclusions bound what is shown; corrections do not.
    image
        Its tiles are used where they are decoded already.
    """

    def __init__(self, source: ImageSource, rule: PreviewRule, annotations: Annotations, image: ImagePyramid) -> None:
        self.rule = rule
        self._source, self._image = source, image
        self._bounds = Annotations(annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE))
        self.shift = 1 if self._bounds.strokes else 0
        """Added to all values where there are bounds, so that 0 outside them is below every cut."""
        self.dtype = rule.dtype if not self.shift else np.dtype(np.uint16 if rule.dtype == np.uint8 else np.int32)
        self.file = TileFile(self.dtype)
        """Tiles of the level ``IN_FILE``, by the row and column of their first pixel in it."""

    def at(self, row: int, col: int, height: int, width: int) -> Values:
        """Values of a box of the image itself, bounded."""
        return self._bounded(self._source.read(row, col, height, width), row, col)

    def of_tile(self, row: int, col: int, height: int, width: int) -> Values:
        """The same of a tile of the image, which is kept decoded."""
        return self._bounded(self._image.loader.exact(0, row, col, height, width), row, col)

    def averaged(self, box: Box, shape: tuple[int, int], level: int) -> Values | None:
        """Values of the image's averaged pixels in a box of a level of this shape; None where they are not decoded."""
        loader = self._image.loader
        like = max((i for i, each in enumerate(loader.shapes) if each[0] >= shape[0]), default=0)
        rows, cols = (places(box[axis], box[axis + 2], shape[axis], loader.shapes[like][axis]) for axis in (0, 1))
        row, col = int(rows[0]), int(cols[0])
        pixels = loader.there(like, row, col, int(rows[-1]) - row + 1, int(cols[-1]) - col + 1)
        if pixels is None:
            return None
        return self.reduced_bounded(repeated(self.rule.values(pixels), rows - row, cols - col), box, level)

    def reduced_bounded(self, values: Values, box: Box, level: int) -> Values:
        """Values of a box of a level, bounded by shapes that are reduced to it."""
        if not self._bounds.strokes:
            return values
        from dataclasses import replace

        step = 1 << level
        shapes = (replace(each, rings=tuple(ring / step for ring in each.rings)) for each in self._bounds.strokes)
        shifted = values.astype(self.dtype) + self.dtype.type(self.shift)
        shifted[~allowed_in(Annotations(tuple(shapes)), *box)] = 0
        return shifted

    def pieces(self, level: int, top: int, left: int, bottom: int, right: int) -> Iterator[tuple[int, int, Values]]:
        """Row and column in the image of each part of a box of it, and its values reduced to a level."""
        block = self._image.loader.tile << min(level, IN_FILE)
        side = min(block, PIECE_PX)
        for r, c in ((r, c) for r in range(top, bottom, block) for c in range(left, right, block)):
            known = self.file.get((r >> IN_FILE, c >> IN_FILE)) if level >= IN_FILE else None
            if known is not None:
                yield r, c, reduced(known, level - IN_FILE)
                continue
            last_row, last_col = min(r + block, bottom), min(c + block, right)
            for row, col in ((row, col) for row in range(r, last_row, side) for col in range(c, last_col, side)):
                box = (row, col, min(side, last_row - row), min(side, last_col - col))
                # Of the image's tiles only those that are there: sixteen for one would push out what is in view.
                pixels = self._image.loader.there(0, *box)
                yield row, col, reduced(self.at(*box) if pixels is None else self._bounded(pixels, row, col), level)

    def keep(self, row: int, col: int, values: Values) -> None:
        """Keep a box of the level ``IN_FILE``, which begins and ends with a tile or the level, tile by tile."""
        tile = self._image.loader.tile
        for r in range(0, values.shape[0], tile):
            for c in range(0, values.shape[1], tile):
                self.file.put((row + r, col + c), values[r : r + tile, c : c + tile])

    def _bounded(self, pixels: npt.NDArray[Any], row: int, col: int) -> Values:
        values = self.rule.values(pixels)
        if not self._bounds.strokes:
            return values
        shifted = values.astype(self.dtype) + self.dtype.type(self.shift)
        shifted[~allowed_in(self._bounds, row, col, *values.shape)] = 0
        return shifted


def reduced(values: Values, times: int) -> Values:
    """Halved by the maximum so many times."""
    for _ in range(times):
        values = halved_by_maximum(values)
    return values


def halved_by_maximum(values: Values) -> Values:
    """Largest of 2 x 2, of what there is of them at the lower and right edge."""
    rows, cols = values.shape
    padded = np.pad(values, ((0, rows % 2), (0, cols % 2)), mode="edge") if rows % 2 or cols % 2 else values
    tall = np.maximum(padded[::2], padded[1::2])
    return np.asarray(np.maximum(tall[:, ::2], tall[:, 1::2]))
