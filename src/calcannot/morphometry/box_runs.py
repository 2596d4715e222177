"""Runs of mineral in one box of pixels, for the measured mask and the two of its sensitivity at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.model.classes import ADDED, CORE, EDGE, MINERAL, MINERAL_HIGH, MINERAL_LOW, REJECTED

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
KeptLevels = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], Bytes]
"""Runs in each row of a box, uint16 (height,), their ends as columns of the box, uint16 (n, 2), and the level of each
of their pixels, uint8."""

MASKS = (MINERAL, MINERAL_LOW, MINERAL_HIGH)
START, STOP, LEVEL_SUM, LEVEL_MIN, LEVEL_MAX, FLAGS, FIELDS = range(7)
BLOCK = 64
"""Pixels that are proved empty at once."""

LARGEST_WIDTH = 32_768
"""Widest box: a run's sum of 65,535 levels still fits 32 bits."""


class BoxRuns(NamedTuple):
    """Runs of a box.

    Attributes
    ----------
    counts
        int32 (3, height): runs in each row of each mask of ``MASKS``.
    runs
        int32 (n, 6): start and stop column in the image, sum, least and largest level, flags; all rows of the first
        mask, then of the second and the third.
    reference_px
        Pixels of the reference area.
    """

    counts: Int32
    runs: Int32
    reference_px: int


def runs_of_classes(classes: Bytes, levels: Int32, col: int) -> BoxRuns:
    """Runs of a classified box whose first column is column ``col`` of the image."""
    return BoxRuns(*_of_classes(np.ascontiguousarray(classes), np.ascontiguousarray(levels), col))


def runs_of_colours(
    rgb: Bytes, classes: Bytes, levels: npt.NDArray[np.uint16], empty_up_to: npt.NDArray[np.int16], col: int
) -> BoxRuns:
    """Classify a box by a table of colours and take its runs in one pass.

    Parameters
    ----------
    rgb
        uint8 (height, width, 3), C-contiguous.
    classes, levels
        Class byte and channel level of each of 2^24 colours.
    empty_up_to
        int16 (256,): no colour whose channels all lie from i to ``empty_up_to[i]`` has a class. A block of pixels whose
        bytes stay within such bounds needs no look-up: it is proved empty.
    col
        First column of the box in the image.
    """
    return BoxRuns(*_of_colours(rgb, classes, levels, empty_up_to, col))


@compiled
def _of_classes(classes: Bytes, levels: Int32, col: int) -> tuple[Int32, Int32, int]:
    height, width = classes.shape
    counts = np.zeros((3, height), np.int32)
    runs = np.empty((64, FIELDS), np.int32)
    masks = np.empty(64, np.int32)
    n = 0
    reference = 0
    for row in range(height):
        seen = 0
        for c in range(width):
            found = classes[row, c]
            seen |= found
            reference += (found >> 3) & 1
        if seen & (MINERAL | MINERAL_LOW | MINERAL_HIGH):
            runs, masks, n = _line(classes[row], levels[row], seen, row, col, runs, masks, n, counts)
    return counts, _by_mask(runs, masks, n, counts), reference


@compiled
def _of_colours(
    rgb: Bytes, classes: Bytes, levels: npt.NDArray[np.uint16], empty_up_to: npt.NDArray[np.int16], col: int
) -> tuple[Int32, Int32, int]:
    height, width = rgb.shape[0], rgb.shape[1]
    counts = np.zeros((3, height), np.int32)
    runs = np.empty((64, FIELDS), np.int32)
    masks = np.empty(64, np.int32)
    line = np.zeros(width, np.uint8)
    level_line = np.zeros(width, np.int32)
    n = 0
    reference = 0
    flat = rgb.reshape(height, width * 3)
    for row in range(height):
        seen = 0
        for first in range(0, width, BLOCK):
            last = min(first + BLOCK, width)
            low = np.uint8(255)
            high = np.uint8(0)
            for i in range(3 * first, 3 * last):
                byte = flat[row, i]
                low = min(low, byte)
                high = max(high, byte)
            if high <= empty_up_to[low]:
                line[first:last] = 0
                continue
            for c in range(first, last):
                code = (np.int64(rgb[row, c, 0]) << 16) | (np.int64(rgb[row, c, 1]) << 8) | np.int64(rgb[row, c, 2])
                found = classes[code]
                line[c] = found
                seen |= found
                reference += (found >> 3) & 1
        if seen & (MINERAL | MINERAL_LOW | MINERAL_HIGH):
            for c in range(width):
                if line[c] & (MINERAL | MINERAL_LOW | MINERAL_HIGH):
                    code = (np.int64(rgb[row, c, 0]) << 16) | (np.int64(rgb[row, c, 1]) << 8) | np.int64(rgb[row, c, 2])
                    level_line[c] = levels[code]
            runs, masks, n = _line(line, level_line, seen, row, col, runs, masks, n, counts)
    return counts, _by_mask(runs, masks, n, counts), reference


@compiled
def _line(
    line: Bytes, levels: Int32, seen: int, row: int, col: int, runs: Int32, masks: Int32, n: int, counts: Int32
) -> tuple[Int32, Int32, int]:
    """Append the runs of one row; ``masks`` says to which mask each belongs."""
    width = line.size
    for mask in range(3):
        bit = np.uint8(1 << mask)
        if (seen & bit) == 0:
            continue
        c = 0
        while c < width:
            if (line[c] & bit) == 0:
                c += 1
                continue
            if n == masks.size:
                runs, masks = _grown(runs, masks)
            first = c
            total = np.int64(0)
            least = largest = levels[c]
            flags = np.uint8(0)
            while c < width and (line[c] & bit) != 0:
                level = levels[c]
                total += level
                least = min(least, level)
                largest = max(largest, level)
                flags |= line[c]
                c += 1
            runs[n, START], runs[n, STOP], runs[n, LEVEL_SUM] = col + first, col + c, total
            kept = flags & (EDGE | ADDED | REJECTED | CORE)
            runs[n, LEVEL_MIN], runs[n, LEVEL_MAX], runs[n, FLAGS] = least, largest, kept
            masks[n] = mask
            counts[mask, row] += 1
            n += 1
    return runs, masks, n


@compiled
def _grown(runs: Int32, masks: Int32) -> tuple[Int32, Int32]:
    more = np.empty((2 * masks.size, FIELDS), np.int32)
    more[: masks.size] = runs
    more_masks = np.empty(2 * masks.size, np.int32)
    more_masks[: masks.size] = masks
    return more, more_masks


@compiled
def _by_mask(runs: Int32, masks: Int32, n: int, counts: Int32) -> Int32:
    """The first n runs, those of one mask together; rows stay in order."""
    place = np.zeros(4, np.int64)
    for mask in range(3):
        place[mask + 1] = place[mask] + counts[mask].sum()
    result = np.empty((n, FIELDS), np.int32)
    for i in range(n):
        at = place[masks[i]]
        result[at] = runs[i]
        place[masks[i]] += 1
    return result
