"""A rule as a table: one byte for each of the 2^24 colours, or for each of 65,536 grey levels.

However elaborate a rule is, over 8-bit red, green and blue it is a function of 2^24 colours. It is evaluated once on
each of them, and then every rule costs one look-up a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.segment.channels import Channel, Pixels

Bytes = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int32]
Classify = Callable[[Pixels], Bytes]

COLOURS: Final = 1 << 24
GREY_LEVELS: Final = 65_536
FLOAT_STEPS: Final = 65_535


@dataclass(frozen=True, slots=True)
class LevelScale:
    """How channel values are counted as integers, so that sums do not depend on the order of pixels.

    value = offset + level * step. The step is 1 for channels of integers, else a 65,535th of the channel's range.
    """

    offset: float
    step: float

    def to_levels(self, values: npt.NDArray[np.generic]) -> Levels:
        """Nearest level of each value; int32, same shape."""
        if self.step == 1.0 and self.offset == 0.0 and values.dtype.kind in "iu":
            return values.astype(np.int32)
        return np.rint((values.astype(np.float64) - self.offset) / self.step).astype(np.int32)


def level_scale(channel: Channel) -> LevelScale:
    """The scale on which this channel is counted."""
    if channel.is_integer:
        return LevelScale(0.0, 1.0)
    return LevelScale(channel.low, max(channel.span, float(np.finfo(np.float32).tiny)) / FLOAT_STEPS)


@lru_cache(maxsize=4)
def colours_with_red(red: int) -> Bytes:
    """The 65,536 colours of one red, in the order of the table; uint8 (256, 256, 3)."""
    plane = np.empty((256, 256, 3), np.uint8)
    plane[..., 0] = red
    plane[..., 1] = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    plane[..., 2] = np.arange(256, dtype=np.uint8)
    return plane


def compile_colour_levels(channel: Channel) -> npt.NDArray[np.uint16]:
    """Channel level of every 8-bit colour; uint16 (2^24,)."""
    scale = level_scale(channel)
    table = np.empty((256, 256, 256), np.uint16)
    for red in range(256):
        table[red] = scale.to_levels(channel.values(colours_with_red(red)))
    return table.reshape(-1)


def empty_cubes(table: Bytes) -> npt.NDArray[np.int16]:
    """For each level i the largest j such that no colour with all channels from i to j has a class, or -1.

    Parameters
    ----------
    table
        Class of each of 2^24 colours.

    Returns
    -------
    ndarray
        int16 (256,).
    """
    return _empty_cubes(table.reshape(256, 256, 256))


@compiled
def _empty_cubes(table: Bytes) -> npt.NDArray[np.int16]:
    result = np.full(256, -1, np.int16)
    high = -1
    for low in range(256):
        high = max(high, low - 1)
        while high < 255 and _shell_is_empty(table, low, high + 1):
            high += 1
        result[low] = high if high >= low else -1
    return result


@compiled
def _shell_is_empty(table: Bytes, low: int, high: int) -> bool:
    """Whether no colour of the cube from low to high has a class that has a channel equal to high."""
    for a in range(low, high + 1):
        for b in range(low, high + 1):
            if table[high, a, b] or table[a, high, b] or table[a, b, high]:
                return False
    return True


def compile_greys(classify: Classify, first_level: int) -> Bytes:
    """Class byte of 65,536 grey levels from ``first_level``; uint8 (65536,)."""
    levels = np.arange(first_level, first_level + GREY_LEVELS, dtype=np.int32)
    table: Bytes = classify(levels[np.newaxis])[0]
    return table


@compiled
def look_up_colours(
    rgb: Bytes, classes: Bytes, levels: npt.NDArray[np.uint16], out_classes: Bytes, out_levels: Levels
) -> None:
    """Class of every pixel, and level of every pixel with a class; written into the outputs (height, width)."""
    for row in range(rgb.shape[0]):
        for col in range(rgb.shape[1]):
            code = (np.int64(rgb[row, col, 0]) << 16) | (np.int64(rgb[row, col, 1]) << 8) | rgb[row, col, 2]
            found = classes[code]
            out_classes[row, col] = found
            out_levels[row, col] = levels[code] if found else 0


@compiled
def count_colours(rgb: Bytes, counts: npt.NDArray[np.uint32]) -> None:
    """Add pixels, uint8 (n, 3), to the number of pixels of each colour; ``counts`` uint32 (2^24,)."""
    for i in range(rgb.shape[0]):
        code = (np.uint64(rgb[i, 0]) << np.uint64(16)) | (np.uint64(rgb[i, 1]) << np.uint64(8)) | np.uint64(rgb[i, 2])
        counts[code] += np.uint32(1)
