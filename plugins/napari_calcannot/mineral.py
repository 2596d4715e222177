"""Regions as label images of every resolution, drawn from runs when they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_calcannot.levels import LazyLevel

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

_SMALLEST_LEVEL_PX = 1024
_CHUNK_PX = 512


def mineral_levels(runs: LabelledRuns) -> list[LazyLevel | npt.NDArray[np.int32]]:
    """Label images reduced by 1, 2, 4 ... until one fits a screen; that one is made at once, for the thumbnail."""
    factors = [1]
    while max(runs.height_px, runs.width_px) > _SMALLEST_LEVEL_PX * factors[-1]:
        factors.append(2 * factors[-1])
    levels: list[LazyLevel | npt.NDArray[np.int32]] = []
    for factor in factors[:-1]:
        shape = (-(-runs.height_px // factor), -(-runs.width_px // factor))

        def read(row: int, col: int, height: int, width: int, factor: int = factor) -> npt.NDArray[np.int32]:
            return reduced_labels(runs, row, col, height, width, factor)

        levels.append(LazyLevel(read, shape, np.int32, (_CHUNK_PX, _CHUNK_PX)))
    last = factors[-1]
    levels.append(reduced_labels(runs, 0, 0, -(-runs.height_px // last), -(-runs.width_px // last), last))
    return levels


def reduced_labels(
    runs: LabelledRuns, row: int, col: int, height: int, width: int, factor: int
) -> npt.NDArray[np.int32]:
    """Region numbers of a box of the image reduced by a whole factor.

    A reduced pixel is mineral where any of its pixels is, so small grains stay visible; it then has the largest of
    their region numbers.

    Returns
    -------
    ndarray
        int32 (height, width), 0 for none.
    """
    if factor == 1:
        return runs.labels(row, col, height, width)
    box = np.zeros((height, width), np.int32)
    top, bottom = row * factor, min((row + height) * factor, runs.height_px)
    first, last = int(runs.row_start[top]), int(runs.row_start[bottom])
    rows = np.repeat(np.arange(top, bottom) // factor - row, np.diff(runs.row_start[top : bottom + 1]))
    # A run covers the reduced columns from that of its first pixel to that of its last.
    start = np.clip(runs.start[first:last] // factor - col, 0, width)
    stop = np.clip((runs.stop[first:last] - 1) // factor + 1 - col, 0, width)
    length = stop - start
    before = np.cumsum(length) - length
    cols = np.arange(int(length.sum())) - np.repeat(before - start, length)
    np.maximum.at(box, (np.repeat(rows, length), cols), np.repeat(runs.region[first:last], length))
    return box
