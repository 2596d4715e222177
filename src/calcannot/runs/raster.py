"""Runs drawn as pixels, straight into tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def row_of_tiles(runs: LabelledRuns, row: int, factor: int, tile: int) -> tuple[Bytes, Int32]:
    """A row of tiles as 0/1, reduced by the maximum of ``factor`` x ``factor`` pixels; empty ones are left out.

    Parameters
    ----------
    row
        First row of the full image.
    tile
        Height and width of a tile; what reaches beyond the image is 0.

    Returns
    -------
    tiles, place
        uint8 (n, tile, tile), and for each tile of the row where it stands among them or -1; int32.
    """
    width = -(-runs.width_px // factor)
    last = min(runs.height_px, row + tile * factor)
    drawn = np.zeros(-(-width // tile), np.bool_)
    rows = runs.row_start[row : last + 1]
    _touch(rows, runs.start, runs.stop, factor * tile, drawn)
    place = np.where(drawn, np.cumsum(drawn) - 1, -1).astype(np.int32)
    tiles = np.zeros((int(drawn.sum()), tile, tile), np.uint8)
    _draw(rows, runs.start, runs.stop, factor, place, tiles)
    return tiles, place


@compiled
def _touch(row_start: Int64, start: Int32, stop: Int32, width: int, drawn: npt.NDArray[np.bool_]) -> None:
    for run in range(row_start[0], row_start[-1]):
        for number in range(start[run] // width, (stop[run] - 1) // width + 1):
            drawn[number] = True


@compiled
def _draw(row_start: Int64, start: Int32, stop: Int32, factor: int, place: Int32, tiles: Bytes) -> None:
    tile = tiles.shape[1]
    for row in range(row_start.size - 1):
        line = row // factor
        for run in range(row_start[row], row_start[row + 1]):
            first, last = start[run] // factor, (stop[run] - 1) // factor
            for number in range(first // tile, last // tile + 1):
                for col in range(max(first - number * tile, 0), min(last - number * tile + 1, tile)):
                    tiles[place[number], line, col] = 1
