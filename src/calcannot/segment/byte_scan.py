"""One look at the pixels of a box: count its levels, and keep the pixels that can be mineral.

For rules on one channel of 8-bit colour that is one of the image's own bytes. The threshold is not known yet when the
pixels are looked at: what is kept is every pixel within bounds that the threshold is expected to stay in, with its
level, so that it can be decided when the threshold is known. Glass and pale tissue leave nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import COPIED
from calcannot.jpeg_colours import BEYOND
from calcannot.lanes import LANES
from calcannot.segment.byte_kernels import CHUNK, look_at_colours, look_at_tiles

if TYPE_CHECKING:
    from calcannot.jpeg_colours import CodedTiles

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]
Counts = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint32]

BYTE_CHANNELS: Final = {"red": 0, "green": 1, "blue": 2, "value": 3, "minimum": 4}
"""Channels that are bytes of the image, by the number that the kernels know them by."""

_FOLD_AT = 1 << 32  # pixels of one thread; a counter of pairs holds as many pairs


class KeptPixels(NamedTuple):
    """Runs of pixels of boxes whose level lies within the bounds.

    Attributes
    ----------
    counts
        uint16 (n, height): runs in each row of each box.
    runs
        uint16 (runs, 2): first column of a run in its box and the column after its last, box by box and row by row.
    levels
        uint8: of the pixels of all runs, one after another.
    sizes
        int64 (n, 2): runs and pixels of each box.
    """

    counts: Shorts
    runs: Shorts
    levels: Bytes
    sizes: Counts

    @property
    def size_bytes(self) -> int:
        """Memory that they take."""
        return sum(each.nbytes for each in self)


class _Wanted(NamedTuple):
    """What kernels are asked for, and what they add to."""

    channel: int
    counts_channel: bool
    counts_glass: bool
    keep: bool
    seeks: bool
    low: np.uint8
    span: np.uint8
    levels: Counts
    pairs: Pairs


class _Room(NamedTuple):
    """Arrays that one thread writes into again and again; those that grow within a loop slow it down."""

    plane: Bytes
    glass: Bytes
    sums: npt.NDArray[np.int16]
    runs: Shorts
    levels: Bytes

    @classmethod
    def of(cls, number: int, height: int, width: int) -> _Room:
        # What is read or written 64 or copied 16 at a time may reach beyond the last pixel.
        chunk = max(CHUNK, width) + BEYOND
        return cls(
            np.zeros(chunk, np.uint8),
            np.zeros(chunk, np.uint8),
            np.zeros((3, width // 2 + 2 + LANES), np.int16),
            np.empty((number * height * (width // 2 + 1), 2), np.uint16),
            np.empty(number * height * width + COPIED, np.uint8),
        )

    def holds(self, number: int, height: int, width: int) -> bool:
        return (
            self.plane.size >= width + BEYOND
            and self.sums.shape[1] >= width // 2 + 2 + LANES
            and len(self.runs) >= number * height * (width // 2 + 1)
            and self.levels.size >= number * height * width + COPIED
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
    has_colour: bool = field(init=False, default=False)
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
        room = self._room_for(1, height, width)
        counts = np.zeros((1, height if keep else 0), np.uint16)
        found, runs, size, has_colour = look_at_colours(rgb, *self._wanted(keep), counts[0], *room)
        self._seen(height * width, has_colour)
        if not (found and keep):
            return found, None
        sizes = np.array([[runs, size]], np.int64)
        return found, KeptPixels(counts, room.runs[:runs].copy(), room.levels[:size].copy(), sizes)

    def look_at_tiles(self, tiles: CodedTiles, *, keep: bool) -> tuple[list[int], KeptPixels | None]:
        """Decode tiles, count their pixels and keep those from ``low`` to ``high``.

        Returns
        -------
        tuple
            For each tile -1 where it must be looked at as pixels, 1 where there are any to keep, else 0; and those of
            the tiles with 1, in order, or None where there are none.
        """
        number, height, width = len(tiles.first), tiles.rows, tiles.width
        room = self._room_for(number, height, width)
        counts = np.zeros((number, height if keep else 0), np.uint16)
        found = np.zeros((number, 3), np.int64)
        has_colour = look_at_tiles(*tiles, *self._wanted(keep), counts, found, *room)
        self._seen(height * width * int(np.count_nonzero(found[:, 2] >= 0)), has_colour)
        some = found[:, 2] > 0
        if not (keep and some.any()):
            return found[:, 2].tolist(), None
        runs, size = found[:, :2].sum(axis=0)
        kept = KeptPixels(counts[some], room.runs[:runs].copy(), room.levels[:size].copy(), found[some, :2])
        return found[:, 2].tolist(), kept

    def _wanted(self, keep: bool) -> _Wanted:
        return _Wanted(
            self.channel, self.counts_channel, self.counts_glass, keep, self.low <= self.high,
            np.uint8(self.low), np.uint8(max(0, self.high - self.low)), self._levels, self._pairs,
        )  # fmt: skip

    def _room_for(self, number: int, height: int, width: int) -> _Room:
        if self._room is None or not self._room.holds(number, height, width):
            self._room = _Room.of(number, height, width)
        return self._room

    def _seen(self, pixels: int, has_colour: bool) -> None:
        self.has_colour |= has_colour
        before = self.pixel_count
        self.pixel_count += pixels
        if before // _FOLD_AT != self.pixel_count // _FOLD_AT:
            self._fold()

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
