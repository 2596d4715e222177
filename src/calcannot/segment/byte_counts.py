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

NEUTRAL_SHIFT: Final = 3
"""Bits of the brightest channel that are dropped: an eighth of it, as in ``Channel.values``."""


@compiled
def brightest_and_glass(red: np.uint8, green: np.uint8, blue: np.uint8) -> tuple[np.uint8, np.uint8]:
    """The channels ``value`` and ``glass`` of a pixel, as ``Channel.values`` computes them."""
    brightest, darkest = max(red, green, blue), min(red, green, blue)
    neutral = np.uint8(brightest - darkest) <= np.uint8(brightest >> np.uint8(NEUTRAL_SHIFT))
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
        least, largest = ends_of(plane[:pixels])
        left = pixels
        for level in range(least, largest):
            at_level = count_level(plane, 0, pixels, np.uint8(level))
            levels[level] += at_level
            left -= at_level
        levels[largest] += left
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
        False where there are many levels or one may lie within the bounds of what is kept, and nothing was counted;
        whether any pixel has colour.
    """
    if not is_narrow(samples, at, pixels):
        return False, False
    least, largest = ends_of(samples[at : at + pixels])
    if seeks:
        # Every channel grows with luma.
        first, last = channel_of_level(least, blue, red, channel)[0], channel_of_level(largest, blue, red, channel)[0]
        if last >= low and first <= int(low) + int(span):
            return False, False
    left, is_coloured = pixels, False
    for level in range(least, largest + 1):
        count = left if level == largest else count_level(samples, at, pixels, np.uint8(level))
        left -= count
        if count:
            of_channel, of_glass, has_colour = channel_of_level(level, blue, red, channel)
            is_coloured = is_coloured or has_colour
            if counts_channel:
                levels[0, of_channel] += count
            if counts_glass:
                levels[1, of_glass] += count
    return True, is_coloured


@compiled
def channel_of_level(luma: int, blue: int, red: int, channel: int) -> tuple[int, int, bool]:
    """A channel, by its number, and the channel ``glass`` of a pixel; whether it has colour."""
    r, g, b = colours_of_levels(luma, blue, red)
    brightest, of_glass = brightest_and_glass(np.uint8(r), np.uint8(g), np.uint8(b))
    of_channel = min(r, g, b)
    if channel < 4:
        of_channel = r if channel == 0 else g if channel == 1 else b if channel == 2 else int(brightest)
    return of_channel, int(of_glass), r != g or g != b


@compiled
def ends_of(line: Bytes) -> tuple[int, int]:
    """Least and largest of the bytes."""
    least, largest = np.uint8(255), np.uint8(0)
    for i in range(line.size):
        least, largest = min(least, line[i]), max(largest, line[i])
    return int(least), int(largest)


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
