"""Runs of mineral in one box of pixels, for the measured mask and the two of its sensitivity at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import (
    ALL_BITS,
    BLOCK,
    bits_with,
    compiled,
    count_bits,
    ends_of_pixels,
    first_bit,
    largest_of,
    least_of,
    sum_of,
    union_of,
)
from calcannot.model.classes import ADDED, CORE, EDGE, MINERAL, MINERAL_HIGH, MINERAL_LOW, REFERENCE, REJECTED

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.uint16]
KeptLevels = tuple[Shorts, Shorts, Bytes, npt.NDArray[np.int64]]
"""Runs in each row of each of some boxes, uint16 (boxes, height), their ends as columns of the box, uint16 (n, 2), the
level of each of their pixels, uint8, and runs and pixels of each box, int64 (boxes, 2)."""

MASKS = (MINERAL, MINERAL_LOW, MINERAL_HIGH)
START, STOP, LEVEL_SUM, LEVEL_MIN, LEVEL_MAX, FLAGS, FIELDS = range(7)
_ANY = np.uint8(MINERAL | MINERAL_LOW | MINERAL_HIGH)

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
        mask, then of the second and the third, which are asked for neither sum nor largest level.
    reference_px
        Pixels of the reference area.
    """

    counts: Int32
    runs: Int32
    reference_px: int


NOTHING = BoxRuns(np.zeros((len(MASKS), 0), np.int32), np.zeros((0, FIELDS), np.int32), 0)
"""Runs of a box that is not measured."""


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
    runs, masks = np.empty((64, FIELDS), np.int32), np.empty(64, np.int32)
    # Pixels are looked at 64 at a time, beyond the last too.
    line, level_line = np.zeros(width + BLOCK, np.uint8), np.zeros(width + BLOCK, np.int32)
    n = 0
    reference = 0
    for row in range(height):
        seen = np.uint8(0)
        for c in range(width):
            line[c] = classes[row, c]
            seen |= classes[row, c]
            reference += (classes[row, c] >> 3) & 1
        if seen & _ANY:
            level_line[:width] = levels[row]
            runs, masks = _with_room(runs, masks, n + 3 * (width // 2 + 1))
            n = _line(line, level_line, width, seen, row, col, runs, masks, n, counts)
    return counts, _by_mask(runs, masks, n, counts), reference


@compiled
def _of_colours(
    rgb: Bytes, classes: Bytes, levels: npt.NDArray[np.uint16], empty_up_to: npt.NDArray[np.int16], col: int
) -> tuple[Int32, Int32, int]:
    height, width = rgb.shape[0], rgb.shape[1]
    counts = np.zeros((3, height), np.int32)
    runs, masks = np.empty((64, FIELDS), np.int32), np.empty(64, np.int32)
    # Pixels are looked at 64 at a time, beyond the last too.
    line, level_line = np.zeros(width + BLOCK, np.uint8), np.zeros(width + BLOCK, np.uint16)
    n = 0
    reference = 0
    flat = rgb.reshape(height, width * 3)
    for row in range(height):
        seen = _classes_of_row(flat[row], classes, empty_up_to, line)
        if seen & np.uint8(REFERENCE):
            for first in range(0, width, BLOCK):
                reference += count_bits(bits_with(line, first, np.uint8(REFERENCE)))
        if seen & _ANY:
            _levels_of_row(flat[row], line, levels, level_line)
            runs, masks = _with_room(runs, masks, n + 3 * (width // 2 + 1))
            n = _line(line, level_line, width, seen, row, col, runs, masks, n, counts)
    return counts, _by_mask(runs, masks, n, counts), reference


@compiled
def _classes_of_row(flat: Bytes, classes: Bytes, empty_up_to: npt.NDArray[np.int16], line: Bytes) -> np.uint8:
    """Class of each pixel of a row; returns the bits that any of them has."""
    width = flat.size // 3
    seen = 0
    for first in range(0, width, BLOCK):
        last = min(first + BLOCK, width)
        if last - first == BLOCK:
            ends = ends_of_pixels(flat, 3 * first)
            if ends >> 8 <= empty_up_to[ends & 255]:
                line[first:last] = 0
                continue
        for c in range(first, last):
            line[c] = classes[_code(flat, c)]
        seen |= union_of(line, first, ALL_BITS)
    return np.uint8(seen)


@compiled
def _levels_of_row(
    flat: Bytes, line: Bytes, levels: npt.NDArray[np.uint16], level_line: npt.NDArray[np.uint16]
) -> None:
    """Channel level of those pixels of a row that a run may hold."""
    for first in range(0, flat.size // 3, BLOCK):
        bits = bits_with(line, first, _ANY)
        while bits != np.uint64(0):
            c = first + first_bit(bits)
            bits &= bits - np.uint64(1)
            level_line[c] = levels[_code(flat, c)]


@compiled
def _code(flat: Bytes, c: int) -> np.uint64:
    # Unsigned: nothing asks whether it counts from the end.
    at = np.uint64(3 * c)
    red, green, blue = flat[at], flat[at + np.uint64(1)], flat[at + np.uint64(2)]
    return (np.uint64(red) << np.uint64(16)) | (np.uint64(green) << np.uint64(8)) | np.uint64(blue)


@compiled
def _line(
    line: Bytes, levels: npt.NDArray[np.integer], width: int, seen: np.uint8, row: int, col: int,
    runs: Int32, masks: Int32, n: int, counts: Int32,
) -> int:  # fmt: skip
    """Append the runs of one row; ``masks`` says to which mask each belongs. Beyond ``width`` the line is 0."""
    flags = np.int64(seen) & (EDGE | ADDED | REJECTED | CORE)
    for mask in range(3):
        bit = np.uint8(1 << mask)
        if (seen & bit) == 0:
            continue
        before = n
        for first in range(0, width, BLOCK):
            bits = bits_with(line, first, bit)
            while bits != np.uint64(0):
                begin = first_bit(bits)
                size = first_bit(~(bits >> np.uint64(begin)))
                part = (ALL_BITS >> np.uint64(BLOCK - size)) << np.uint64(begin)
                bits &= ~part
                least, total, largest = least_of(levels, first, part), 0, 0
                if mask == 0:
                    total, largest = sum_of(levels, first, part), largest_of(levels, first, part)
                found = union_of(line, first, part) & flags if flags else 0
                begin += col + first
                if n > before and runs[n - 1, STOP] == begin:
                    runs[n - 1, STOP] = begin + size
                    runs[n - 1, LEVEL_SUM] += total
                    runs[n - 1, LEVEL_MIN] = min(runs[n - 1, LEVEL_MIN], least)
                    runs[n - 1, LEVEL_MAX] = max(runs[n - 1, LEVEL_MAX], largest)
                    runs[n - 1, FLAGS] |= found
                    continue
                runs[n, START], runs[n, STOP], runs[n, LEVEL_SUM] = begin, begin + size, total
                runs[n, LEVEL_MIN], runs[n, LEVEL_MAX], runs[n, FLAGS] = least, largest, found
                masks[n] = mask
                n += 1
        counts[mask, row] = n - before
    return n


@compiled
def _with_room(runs: Int32, masks: Int32, size: int) -> tuple[Int32, Int32]:
    """The arrays themselves, or longer ones where they hold less than ``size`` runs."""
    if masks.size >= size:
        return runs, masks
    more = np.empty((2 * size, FIELDS), np.int32)
    more[: masks.size] = runs
    more_masks = np.empty(2 * size, np.int32)
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
        for column in range(FIELDS):
            result[at, column] = runs[i, column]
        place[masks[i]] += 1
    return result
