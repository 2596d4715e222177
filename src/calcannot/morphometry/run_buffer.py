"""Runs of an image, band by band, until it is known which of them belong to regions."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_FIRST_ROOM: Final = 1 << 22  # runs; memory that is not written to costs nothing


class RunBuffer:
    """Takes runs of bands from top to bottom, each with the piece that it belongs to.

    Parameters
    ----------
    height_px
        Rows of the image.
    """

    def __init__(self, height_px: int) -> None:
        self._row_start = np.zeros(height_px + 1, np.int64)
        self._rows = self._count = self._pieces = 0
        self._start, self._stop, self._piece = (np.empty(_FIRST_ROOM, np.int32) for _ in range(3))

    def append(self, row_start: Int64, start: Int32, stop: Int32, labels: Int32, pieces: int) -> None:
        """Append the runs of a band, whose pieces are numbered from 0."""
        first, last = self._count, self._count + start.size
        while last > self._start.size:
            self._start, self._stop, self._piece = (
                _twice(each, first) for each in (self._start, self._stop, self._piece)
            )
        self._start[first:last], self._stop[first:last] = start, stop
        np.add(labels, np.int32(self._pieces), out=self._piece[first:last])
        height = row_start.size - 1
        np.add(row_start[1:], first, out=self._row_start[self._rows + 1 : self._rows + 1 + height])
        self._rows, self._count, self._pieces = self._rows + height, last, self._pieces + pieces

    def keep(self, region_of_piece: Int32) -> tuple[Int64, Int32, Int32, Int32]:
        """Runs of regions, in the memory of all of them: where rows begin, starts, stops and regions.

        Parameters
        ----------
        region_of_piece
            int32: number of the region of each piece, 0 for none.
        """
        count = _move_up(self._row_start, self._start, self._stop, self._piece, region_of_piece)
        for each in (self._start, self._stop, self._piece):
            each.resize(count, refcheck=False)  # what is left over goes back
        return self._row_start, self._start, self._stop, self._piece


def _twice(runs: Int32, count: int) -> Int32:
    larger = np.empty(2 * runs.size, np.int32)
    larger[:count] = runs[:count]
    return larger


@compiled
def _move_up(row_start: Int64, start: Int32, stop: Int32, piece: Int32, region_of_piece: Int32) -> int:
    """Move the runs of regions to the front, and number them by their region; gives how many there are."""
    n = first = 0
    for row in range(row_start.size - 1):
        last = row_start[row + 1]
        for run in range(first, last):
            number = region_of_piece[piece[run]]
            if number > 0:
                start[n], stop[n], piece[n] = start[run], stop[run], number
                n += 1
        first = last
        row_start[row + 1] = n
    return n
