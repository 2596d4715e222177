"""One look at the pixels of a box: count its levels, and keep the pixels that can be mineral.

For rules on one channel of 8-bit colour that is one of the image's own bytes. The threshold is not known yet when the
pixels are looked at: what is kept is every pixel within bounds that the threshold is expected to stay in, with its
level, so that it can be decided when the threshold is known. Glass and pale tissue leave nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import ALL_BITS, BLOCK, COPIED, bits_between, compiled, copy_bytes, count_bits, first_bit

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]
Counts = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint32]

BYTE_CHANNELS: Final = {"red": 0, "green": 1, "blue": 2, "value": 3, "minimum": 4}
"""Channels that are bytes of the image, by the number that the kernels know them by."""

_BRIGHTEST = 3
_CHUNK = 4096  # pixels whose channels stay in the nearest cache
_NARROW = 12  # levels to both sides of the first pixel's: glass
_NEUTRAL_SHIFT = 3  # an eighth, as in ``Channel.values``
_FOLD_AT = 1 << 32  # pixels of one thread; a counter of pairs holds as many pairs


class KeptPixels(NamedTuple):
    """Runs of pixels of a box whose level lies within the bounds.

    Attributes
    ----------
    counts
        uint16 (height,): runs in each row.
    runs
        uint16 (n, 2): first column of a run in the box and the column after its last, row by row.
    levels
        uint8: of the pixels of all runs, one after another.
    """

    counts: Shorts
    runs: Shorts
    levels: Bytes

    @property
    def size_bytes(self) -> int:
        """Memory that they take."""
        return self.counts.nbytes + self.runs.nbytes + self.levels.nbytes


class _Room(NamedTuple):
    """Arrays that one thread writes into again and again; those that grow within a loop slow it down."""

    plane: Bytes
    glass: Bytes
    runs: Shorts
    levels: Bytes

    @classmethod
    def of(cls, height: int, width: int) -> _Room:
        # What is read 64 or copied 16 at a time may reach beyond the last pixel.
        chunk = max(_CHUNK, width) + BLOCK
        return cls(
            np.zeros(chunk, np.uint8),
            np.zeros(chunk, np.uint8),
            np.empty((height * (width // 2 + 1), 2), np.uint16),
            np.empty(height * width + COPIED, np.uint8),
        )

    def holds(self, height: int, width: int) -> bool:
        return (
            self.plane.size >= width + BLOCK
            and len(self.runs) >= height * (width // 2 + 1)
            and self.levels.size >= height * width + COPIED
        )


@dataclass(slots=True)
class ByteCounter:
    """Counts of one thread: levels of the rule's channel and of the channel ``glass``.

    Neighbouring pixels are counted in pairs: one addition for two pixels. Pairs of zeros are left out and come back as
    what is missing from the whole.
    """

    channel: int
    low: int
    high: int
    counts_channel: bool
    counts_glass: bool
    pixel_count: int = field(init=False, default=0)
    _levels: Counts = field(init=False)
    _pairs: Pairs = field(init=False)
    _room: _Room | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._levels = np.zeros((2, 256), np.int64)
        self._pairs = np.zeros((2, 1 << 16), np.uint32)

    def look(self, rgb: Bytes, *, keep: bool) -> tuple[bool, KeptPixels | None]:
        """Count the pixels of a box and keep those from ``low`` to ``high``.

        Parameters
        ----------
        rgb
            uint8 (height, width, 3), C-contiguous; at most 65,535 px wide.
        keep
            False to find out only whether there are any.

        Returns
        -------
        tuple
            Whether there are any, and they themselves.
        """
        height, width = rgb.shape[:2]
        room = self._room
        if room is None or not room.holds(height, width):
            room = self._room = _Room.of(height, width)
        counts = np.zeros(height if keep else 0, np.uint16)
        found, runs, size = _look(
            rgb, self.channel, self.counts_channel, self.counts_glass, keep, self.low <= self.high,
            np.uint8(self.low), np.uint8(max(0, self.high - self.low)), self._levels, self._pairs, counts, *room,
        )  # fmt: skip
        before = self.pixel_count
        self.pixel_count += height * width
        if before // _FOLD_AT != self.pixel_count // _FOLD_AT:
            self._fold()
        kept = KeptPixels(counts, room.runs[:runs].copy(), room.levels[:size].copy()) if found and keep else None
        return found, kept

    def histograms(self) -> tuple[Counts, Counts]:
        """Pixels at each level of the channel and of glass; int64 (256,) each, zero where not counted."""
        self._fold()
        counted = self._levels.copy()
        for levels, wanted in zip(counted, (self.counts_channel, self.counts_glass), strict=True):
            levels[0] = 0
            levels[0] = self.pixel_count - levels.sum() if wanted else 0
        return counted[0], counted[1]

    def _fold(self) -> None:
        pairs = self._pairs.reshape(2, 256, 256).astype(np.int64)
        self._levels += pairs.sum(axis=1) + pairs.sum(axis=2)
        self._pairs[:] = 0


@compiled
def _look(
    rgb: Bytes, channel: int, counts_channel: bool, counts_glass: bool, keep: bool, seeks: bool,
    low: np.uint8, span: np.uint8, levels: Counts, pairs: Pairs, counts: Shorts,
    plane: Bytes, glass: Bytes, runs: Shorts, kept: Bytes,
) -> tuple[bool, int, int]:  # fmt: skip
    """Count, and write what is kept; returns whether there is any, the number of runs and of their pixels."""
    height, width = rgb.shape[0], rgb.shape[1]
    flat = rgb.reshape(height * width * 3)
    at_once = min(height, max(1, _CHUNK // width))
    words = (at_once * width) // 8
    plane_words, glass_words = plane[: 8 * words].view(np.uint64), glass[: 8 * words].view(np.uint64)
    found = False
    n = size = 0
    for top in range(0, height, at_once):
        rows = min(at_once, height - top)
        pixels = rows * width
        part = flat[3 * top * width : 3 * (top * width + pixels)]
        _planes(part, channel, counts_glass, plane, glass)
        if counts_channel:
            _count(plane, plane_words, pixels, levels[0], pairs[0])
        if counts_glass:
            _count(glass, glass_words, pixels, levels[1], pairs[1])
        if not seeks or not _any_between(plane, pixels, low, span):
            continue
        found = True
        if not keep:
            continue
        for row in range(rows):
            last = _runs_of_row(plane, row * width, width, low, span, runs, n)
            counts[top + row] = last - n
            for run in range(n, last):
                start, length = int(runs[run, 0]), int(runs[run, 1]) - int(runs[run, 0])
                for i in range(0, length, COPIED):
                    copy_bytes(plane, row * width + start + i, kept, size + i)
                size += length
            n = last
    return found, n, size


@compiled
def _planes(flat: Bytes, channel: int, wants_glass: bool, plane: Bytes, glass: Bytes) -> None:
    """The rule's channel and the channel ``glass`` of each pixel, as ``Channel.values`` computes them."""
    if wants_glass or channel == _BRIGHTEST:
        for i in range(flat.size // 3):
            red, green, blue = flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]
            brightest, darkest = max(red, green, blue), min(red, green, blue)
            plane[i] = brightest
            neutral = np.uint8(brightest - darkest) <= np.uint8(brightest >> np.uint8(_NEUTRAL_SHIFT))
            glass[i] = darkest if neutral else np.uint8(0)
    if channel < _BRIGHTEST:
        for i in range(flat.size // 3):
            plane[i] = flat[3 * i + channel]
    elif channel > _BRIGHTEST:
        for i in range(flat.size // 3):
            plane[i] = min(flat[3 * i], flat[3 * i + 1], flat[3 * i + 2])


@compiled
def _any_between(plane: Bytes, pixels: int, low: np.uint8, span: np.uint8) -> bool:
    found = np.uint64(0)
    whole = pixels // BLOCK
    for block in range(whole):
        found |= bits_between(plane, BLOCK * block, low, span)
    if pixels % BLOCK:
        found |= bits_between(plane, BLOCK * whole, low, span) & (ALL_BITS >> np.uint64(BLOCK - pixels % BLOCK))
    return bool(found != np.uint64(0))


@compiled
def _count(plane: Bytes, words: npt.NDArray[np.uint64], pixels: int, levels: Counts, pairs: Pairs) -> None:
    """Add the pixels to their levels: level by level where all are alike, as on glass, else pair by pair."""
    whole = pixels // BLOCK
    first = int(plane[0])
    least = max(0, first - _NARROW)
    narrow = True
    for block in range(whole):
        if bits_between(plane, BLOCK * block, np.uint8(least), np.uint8(2 * _NARROW)) != ALL_BITS:
            narrow = False
            break
    if narrow:
        left = BLOCK * whole
        for away in range(2 * _NARROW + 1):
            for side in range(-1, 2, 2):
                level = first + side * away
                if left == 0 or level < 0 or level > 255 or (away == 0 and side > 0):
                    continue
                at_level = 0
                for block in range(whole):
                    at_level += count_bits(bits_between(plane, BLOCK * block, np.uint8(level), np.uint8(0)))
                levels[level] += at_level
                left -= at_level
        for i in range(BLOCK * whole, pixels):
            levels[plane[i]] += 1
        return
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
def _runs_of_row(plane: Bytes, first: int, width: int, low: np.uint8, span: np.uint8, runs: Shorts, n: int) -> int:
    """Append the runs of the row that starts at ``first``; returns the number of runs after it."""
    inside = np.uint64(0)
    ends = 2 * n
    for col in range(0, width, BLOCK):
        bits = bits_between(plane, first + col, low, span)
        if col + BLOCK > width:
            bits &= ALL_BITS >> np.uint64(col + BLOCK - width)
        changes = bits ^ ((bits << np.uint64(1)) | inside)
        inside = bits >> np.uint64(BLOCK - 1)
        while changes != np.uint64(0):
            runs[ends >> 1, ends & 1] = col + first_bit(changes)
            changes &= changes - np.uint64(1)
            ends += 1
    if inside != np.uint64(0):
        runs[ends >> 1, 1] = width
        ends += 1
    return ends // 2
