"""Kernels that count the levels of bytes: one by one on glass, where there are few, else in pairs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import ALL_BITS, BLOCK, bits_between, compiled, count_bits
from calcannot.jpeg_colours import colours_of_levels

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint32]

NARROW: Final = 12
"""Levels to both sides of the first pixel's: glass."""

_NEUTRAL_SHIFT = 3  # an eighth, as in ``Channel.values``


@compiled
def brightest_and_glass(red: np.uint8, green: np.uint8, blue: np.uint8) -> tuple[np.uint8, np.uint8]:
    """The channels ``value`` and ``glass`` of a pixel, as ``Channel.values`` computes them."""
    brightest, darkest = max(red, green, blue), min(red, green, blue)
    neutral = np.uint8(brightest - darkest) <= np.uint8(brightest >> np.uint8(_NEUTRAL_SHIFT))
    return brightest, darkest if neutral else np.uint8(0)


@compiled
def any_between(plane: Bytes, pixels: int, low: np.uint8, span: np.uint8) -> bool:
    """Whether one of the bytes lies from ``low`` to ``low + span``."""
    found = np.uint64(0)
    whole = pixels // BLOCK
    for block in range(whole):
        found |= bits_between(plane, BLOCK * block, low, span)
    if pixels % BLOCK:
        found |= bits_between(plane, BLOCK * whole, low, span) & (ALL_BITS >> np.uint64(BLOCK - pixels % BLOCK))
    return bool(found != np.uint64(0))


@compiled
def count_bytes(plane: Bytes, pixels: int, levels: Counts, pairs: Pairs) -> None:
    """Add the pixels to their levels: level by level where all are alike, as on glass, else pair by pair."""
    if is_narrow(plane, 0, pixels):
        first, left = int(plane[0]), pixels
        for away in range(2 * NARROW + 1):
            for side in range(-1, 2, 2):
                level = first + side * away
                if left == 0 or level < 0 or level > 255 or (away == 0 and side > 0):
                    continue
                at_level = count_level(plane, 0, pixels, np.uint8(level))
                levels[level] += at_level
                left -= at_level
        return
    words = plane[: 8 * (pixels // 8)].view(np.uint64)
    for i in range(pixels // 8):
        word = words[i]
        if word == np.uint64(0):
            continue
        pairs[word & np.uint64(0xFFFF)] += np.uint32(1)
        pairs[(word >> np.uint64(16)) & np.uint64(0xFFFF)] += np.uint32(1)
        pairs[(word >> np.uint64(32)) & np.uint64(0xFFFF)] += np.uint32(1)
        pairs[word >> np.uint64(48)] += np.uint32(1)
    for i in range(8 * (pixels // 8), pixels):
        levels[plane[i]] += 1


@compiled
def count_one_chroma(
    samples: Bytes, at: int, pixels: int, blue: int, red: int, channel: int, counts_channel: bool, counts_glass: bool,
    seeks: bool, low: np.uint8, span: np.uint8, levels: Counts,
) -> tuple[bool, bool]:  # fmt: skip
    """Count pixels of one chroma by their luma, where it has few levels: each is one colour.

    Returns
    -------
    tuple
        False where there are many levels or one lies within the bounds of what is kept, and nothing was counted;
        whether any pixel has colour.
    """
    if not is_narrow(samples, at, pixels):
        return False, False
    first, left = int(samples[at]), pixels
    of_levels = np.zeros((256, 3), np.int32)
    is_coloured = False
    for away in range(2 * NARROW + 1):
        for side in range(-1, 2, 2):
            level = first + side * away
            if left == 0 or level < 0 or level > 255 or (away == 0 and side > 0):
                continue
            count = count_level(samples, at, pixels, np.uint8(level))
            if count == 0:
                continue
            left -= count
            r, g, b = colours_of_levels(level, blue, red)
            brightest, of_glass = brightest_and_glass(np.uint8(r), np.uint8(g), np.uint8(b))
            of_channel = r if channel == 0 else g if channel == 1 else b if channel == 2 else int(brightest)
            if channel > 3:
                of_channel = min(r, g, b)
            if seeks and np.uint8(np.uint8(of_channel) - low) <= span:
                return False, False
            is_coloured = is_coloured or r != g or g != b
            of_levels[level, 0], of_levels[level, 1], of_levels[level, 2] = count, of_channel, of_glass
    for level in range(max(0, first - 2 * NARROW), min(256, first + 2 * NARROW + 1)):
        count = of_levels[level, 0]
        if count and counts_channel:
            levels[0, of_levels[level, 1]] += count
        if count and counts_glass:
            levels[1, of_levels[level, 2]] += count
    return True, is_coloured


@compiled
def is_one_level(line: Bytes, begin: int, end: int) -> bool:
    """Whether the bytes from ``line[begin]`` to before ``line[end]`` are all alike."""
    for block in range(begin, end, BLOCK):
        wanted = ALL_BITS if end - block >= BLOCK else ALL_BITS >> np.uint64(BLOCK - (end - block))
        if bits_between(line, block, line[begin], np.uint8(0)) & wanted != wanted:
            return False
    return True


@compiled
def is_narrow(line: Bytes, at: int, size: int) -> bool:
    """Whether the bytes lie close to the first."""
    least = max(0, int(line[at]) - NARROW)
    for block in range(at, at + size, BLOCK):
        wanted = ALL_BITS if at + size - block >= BLOCK else ALL_BITS >> np.uint64(BLOCK - (at + size - block))
        if bits_between(line, block, np.uint8(least), np.uint8(2 * NARROW)) & wanted != wanted:
            return False
    return True


@compiled
def count_level(line: Bytes, at: int, size: int, level: np.uint8) -> int:
    """How many of the bytes are ``level``."""
    found = 0
    for block in range(0, size, BLOCK):
        bits = bits_between(line, at + block, level, np.uint8(0))
        if size - block < BLOCK:
            bits &= ALL_BITS >> np.uint64(BLOCK - (size - block))
        found += count_bits(bits)
    return found
