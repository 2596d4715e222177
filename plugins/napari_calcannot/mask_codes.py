"""What a pixel of the mask is shown as, and boxes of it drawn from runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

NOTHING: Final = 0
MINERAL: Final = 1
ACCEPTED: Final = 2
"""Mineral that somebody has looked at and accepted."""


def reduced_codes(
    runs: LabelledRuns, of_region: Codes, row: int, col: int, height: int, width: int, factor: int
) -> Codes:
    """Codes of a box of the image reduced by a whole factor, by their maximum: small grains stay visible.

    Parameters
    ----------
    of_region
        uint8 (regions + 1,): code of each region's number, 0 for number 0.

    Returns
    -------
    ndarray
        uint8 (height, width).
    """
    box = np.zeros((height, width), np.uint8)
    _draw(runs.row_start, runs.start, runs.stop, runs.region, of_region, row, col, factor, box)
    return box


@compiled
def _draw(
    row_start: Longs, starts: Ints, stops: Ints, regions: Ints, of_region: Codes, row: int, col: int, factor: int,
    box: Codes,
) -> None:  # fmt: skip
    height, width = box.shape
    for line in range(row * factor, min((row + height) * factor, row_start.size - 1)):
        into = box[line // factor - row]
        for run in range(row_start[line], row_start[line + 1]):
            code = of_region[regions[run]]
            # A run covers the reduced columns from that of its first pixel to that of its last.
            first, last = starts[run] // factor - col, (stops[run] - 1) // factor - col
            if code == 0 or last < 0:
                continue
            if first >= width:
                break
            for place in range(max(first, 0), min(last + 1, width)):
                into[place] = max(into[place], code)


def pooled(codes: Codes, factor: int) -> Codes:
    """Largest code of each ``factor`` x ``factor`` pixels, of what there is of them at the lower and right edge."""
    if factor == 1:
        return codes
    rows, cols = codes.shape
    padded = np.pad(codes, ((0, -rows % factor), (0, -cols % factor)))
    return np.asarray(padded.reshape(-(-rows // factor), factor, -(-cols // factor), factor).max(axis=(1, 3)))
