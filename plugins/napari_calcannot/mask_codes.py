"""What a pixel of the mask is shown as, and boxes of it drawn from runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Codes = npt.NDArray[np.uint8]

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
    top, bottom = row * factor, min((row + height) * factor, runs.height_px)
    first, last = int(runs.row_start[top]), int(runs.row_start[bottom])
    box = np.zeros((height, width), np.uint8)
    if first == last:
        return box
    rows = np.repeat(np.arange(top, bottom) // factor - row, np.diff(runs.row_start[top : bottom + 1]))
    # A run covers the reduced columns from that of its first pixel to that of its last.
    start = np.clip(runs.start[first:last] // factor - col, 0, width)
    stop = np.clip((runs.stop[first:last] - 1) // factor + 1 - col, 0, width)
    code = of_region[runs.region[first:last]]
    seen = (stop > start) & (code > 0)
    _draw(box, rows[seen], start[seen], stop[seen], code[seen])
    return box


def _draw(box: Codes, rows: npt.NDArray[Any], start: npt.NDArray[Any], stop: npt.NDArray[Any], code: Codes) -> None:
    flat, width = box.reshape(-1), box.shape[1]
    for value in np.unique(code):  # the largest last: it wins
        chosen = code == value
        length = (stop[chosen] - start[chosen]).astype(np.int64)
        ends = np.cumsum(length)
        # Each run's pixels one after the other: where it begins, less what came before it, and counting on.
        begins = rows[chosen] * width + start[chosen] - (ends - length)
        flat[np.arange(ends[-1]) + np.repeat(begins, length)] = value


def pooled(codes: Codes, factor: int) -> Codes:
    """Largest code of each ``factor`` x ``factor`` pixels, of what there is of them at the lower and right edge."""
    if factor == 1:
        return codes
    rows, cols = codes.shape
    padded = np.pad(codes, ((0, -rows % factor), (0, -cols % factor)))
    return np.asarray(padded.reshape(-(-rows // factor), factor, -(-cols // factor), factor).max(axis=(1, 3)))
