"""The mask as a pyramid of codes that a viewer looks at, from fine to coarse by the maximum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_calcannot.levels import LazyLevel
from napari_calcannot.mask_codes import pooled

if TYPE_CHECKING:
    from napari_calcannot.boxes import Box
    from napari_calcannot.mask_tiles import MaskTiles

Codes = npt.NDArray[np.uint8]

_SMALLEST_PX = 1024
_CHUNK_PX = 512
_KEPT_PX = 6_000_000  # largest level that is drawn once and held; larger ones are drawn as they are looked at


class MaskPyramid:
    """Levels over the mask on screen; the coarse ones are arrays that are changed in place.

    Parameters
    ----------
    tiles
        Pixels of the mask.
    before
        Pyramid of an earlier mask of the same image, which is on show no more: its arrays are drawn anew.
    """

    def __init__(self, tiles: MaskTiles, before: MaskPyramid | None = None) -> None:
        self._tiles = tiles
        runs = tiles.runs
        self.factors = [1]
        while max(runs.height_px, runs.width_px) > _SMALLEST_PX * self.factors[-1]:
            self.factors.append(2 * self.factors[-1])
        self._kept: dict[int, Codes] = {} if before is None else before._kept
        self.redraw()

    @property
    def levels(self) -> list[LazyLevel | Codes]:
        """Full resolution first."""
        runs = self._tiles.runs
        made: list[LazyLevel | Codes] = []
        for factor in self.factors:
            kept = self._kept.get(factor)
            if kept is not None:
                made.append(kept)
                continue
            shape = (-(-runs.height_px // factor), -(-runs.width_px // factor))

            def read(row: int, col: int, height: int, width: int, factor: int = factor) -> Codes:
                return self._tiles.reduced(row, col, height, width, factor)

            made.append(LazyLevel(read, shape, np.uint8, (_CHUNK_PX, _CHUNK_PX)))
        return made

    def redraw(self) -> None:
        """Draw the coarse levels anew."""
        runs = self._tiles.runs
        for factor in self.factors:
            shape = (-(-runs.height_px // factor), -(-runs.width_px // factor))
            if shape[0] * shape[1] <= _KEPT_PX or factor == self.factors[-1]:
                kept = self._kept.setdefault(factor, np.zeros(shape, np.uint8))
                finer = self._kept.get(factor // 2)
                if finer is not None:
                    kept[...] = pooled(finer, 2)
                else:
                    for row in range(0, shape[0], _CHUNK_PX):
                        rows = min(_CHUNK_PX, shape[0] - row)
                        kept[row : row + rows] = self._tiles.reduced(row, 0, rows, shape[1], factor)

    def update(self, box: Box) -> None:
        """Draw a changed box anew, in pixels of the image."""
        for factor, kept in self._kept.items():
            top, left = box.row // factor, box.col // factor
            bottom, right = -(-box.last_row // factor), -(-box.last_col // factor)
            finer = self._kept.get(factor // 2)
            if finer is None:
                kept[top:bottom, left:right] = self._tiles.reduced(top, left, bottom - top, right - left, factor)
            else:
                kept[top:bottom, left:right] = pooled(finer[2 * top : 2 * bottom, 2 * left : 2 * right], 2)
