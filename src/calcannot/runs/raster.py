"""Runs drawn as pixels, straight into tiles, and runs at half the size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """A mask as runs: ``LabelledRuns`` without the regions."""

    height_px: int
    width_px: int
    row_start: Int64
    start: Int32
    stop: Int32


def halved(runs: Runs | LabelledRuns) -> Runs:
    """The mask at half the size, by the maximum of 2 x 2 pixels: small grains stay visible."""
    row_start, start, stop = _halve(runs.row_start, runs.start, runs.stop)
    return Runs(-(-runs.height_px // 2), -(-runs.width_px // 2), row_start, start, stop)


def row_of_tiles(runs: Runs | LabelledRuns, row: int, tile: int) -> tuple[Bytes, Int32]:
    """A row of tiles as 0/1; empty ones are left out.

    Parameters
    ----------
    row
        First row of the image.
    tile
        Height and width of a tile; what reaches beyond the image is 0.

    Returns
    -------
    tiles, place
        uint8 (n, tile, tile), and for each tile of the row where it stands among them or -1; int32.
    """
    drawn = np.zeros(-(-runs.width_px // tile), np.bool_)
    rows = runs.row_start[row : min(runs.height_px, row + tile) + 1]
    _touch(rows, runs.start, runs.stop, drawn, tile)
    place = np.where(drawn, np.cumsum(drawn) - 1, -1).astype(np.int32)
    tiles = np.zeros((int(drawn.sum()), tile, tile), np.uint8)
    _draw(rows, runs.start, runs.stop, place, tiles)
    return tiles, place


@compiled
def _halve(row_start: Int64, start: Int32, stop: Int32) -> tuple[Int64, Int32, Int32]:
    height = row_start.size // 2  # of an odd number of rows the last stands alone
    half_row, half_start, half_stop = np.zeros(height + 1, np.int64), np.empty_like(start), np.empty_like(stop)
    n = 0
    for row in range(height):
        upper, middle = row_start[2 * row], row_start[2 * row + 1]
        lower, end = middle, row_start[min(2 * row + 2, row_start.size - 1)]
        while upper < middle or lower < end:
            if lower == end or (upper < middle and start[upper] <= start[lower]):
                run = upper
                upper += 1
            else:
                run = lower
                lower += 1
            first, last = start[run] // 2, (stop[run] + 1) // 2
            if n > half_row[row] and first <= half_stop[n - 1]:
                half_stop[n - 1] = max(half_stop[n - 1], last)
            else:
                half_start[n], half_stop[n] = first, last
                n += 1
        half_row[row + 1] = n
    return half_row, half_start[:n].copy(), half_stop[:n].copy()


@compiled
def _touch(row_start: Int64, start: Int32, stop: Int32, drawn: npt.NDArray[np.bool_], tile: int) -> None:
    for run in range(row_start[0], row_start[-1]):
        for number in range(start[run] // tile, (stop[run] - 1) // tile + 1):
            drawn[number] = True


@compiled
def _draw(row_start: Int64, start: Int32, stop: Int32, place: Int32, tiles: Bytes) -> None:
    tile = tiles.shape[1]
    for row in range(row_start.size - 1):
        for run in range(row_start[row], row_start[row + 1]):
            first, last = start[run], stop[run] - 1
            for number in range(first // tile, last // tile + 1):
                for col in range(max(first - number * tile, 0), min(last - number * tile + 1, tile)):
                    tiles[place[number], row, col] = 1
