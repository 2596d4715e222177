"""Reading round tiles that do not decode: they become background, and exclusions of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, TileError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.image import BAD_TILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calcannot.model.image import ImageInfo

    # Row, column, height, width, level.
    Read = Callable[[int, int, int, int, int], npt.NDArray[np.generic]]

_MOST_NAMED = 20


class BadTiles:
    """The tiles of one image that were found not to decode.

    Parameters
    ----------
    read
        Reads a box, and raises `TileError` where a tile in it does not decode.
    grid
        Height and width of a tile in level-0 pixels; the first lies in the corner of the image.
    background
        Value of a pixel where nothing is: that of glass, or of air.
    """

    def __init__(self, read: Read, grid: tuple[int, int], background: float) -> None:
        self._read = read
        self._grid = grid
        self._background = background
        self._found: set[tuple[int, int]] = set()
        self._excluded: set[tuple[int, int]] = set()

    def read(self, info: ImageInfo, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        """Pixels of a box, with background where tiles do not decode."""
        try:
            return self._read(row, col, height, width, level)
        except TileError:
            pass
        shape = (height, width, 3) if info.channels == 3 else (height, width)
        box = np.full(shape, self._background, info.dtype)
        rows, cols = self._grid
        for down in range(row // rows, (row + height - 1) // rows + 1):
            top, bottom = max(row, down * rows), min(row + height, (down + 1) * rows)
            for across in range(col // cols, (col + width - 1) // cols + 1):
                left, right = max(col, across * cols), min(col + width, (across + 1) * cols)
                try:
                    piece = self._read(top, left, bottom - top, right - left, level)
                    box[top - row : bottom - row, left - col : right - col] = piece
                except TileError:
                    if level == 0:
                        self._found.add((down, across))
        return box

    def exclusions(self, info: ImageInfo, path: Path) -> tuple[tuple[Stroke, ...], str] | None:
        """Exclusions of all bad tiles and a warning that names them; None when none was found since the last call.

        Raises
        ------
        ImageReadError
            If no tile of the image decodes.
        """
        if self._found == self._excluded:
            return None
        self._excluded = set(self._found)
        rows, cols = self._grid
        total = -(-info.height_px // rows) * -(-info.width_px // cols)
        if len(self._found) == total:
            raise ImageReadError(
                "none of its tiles decodes", path=path, remedy="copy it again from where it was scanned"
            )
        places = sorted(self._found)
        strokes = tuple(
            Stroke(
                id=f"image-tile-{down * rows}-{across * cols}",
                kind=StrokeKind.EXCLUDE,
                rings=(_ring(down * rows, across * cols, rows, cols, info),),
                reason=BAD_TILE,
                name=BAD_TILE,
            )
            for down, across in places
        )
        named = "; ".join(f"row {down * rows}, column {across * cols}" for down, across in places[:_MOST_NAMED])
        more = f"; {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
        return strokes, f"{len(places)} of {total} tiles do not decode and are left out: {named}{more}"


def _ring(row: int, col: int, height: int, width: int, info: ImageInfo) -> npt.NDArray[np.float64]:
    bottom, right = min(row + height, info.height_px), min(col + width, info.width_px)
    return np.array([[col, row], [right, row], [right, bottom], [col, bottom]], np.float64)
