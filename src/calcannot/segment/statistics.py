"""What automatic decisions rest on: counts over the whole image or region of interest, gathered tile by tile."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.segment.channels import Channel, Pixels, channel_of
from calcannot.segment.colour_table import COLOURS, FLOAT_STEPS, GREY_LEVELS, count_colours, level_scale
from calcannot.segment.histogram import Histogram, from_levels, from_weighted_values

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe_rules import Stain

Counts = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# Integer channels of 8-bit colour, by the number that the kernel knows them by.
_BYTE_CHANNELS: Final = {"red": 0, "green": 1, "blue": 2, "value": 3, "minimum": 4, "glass": 5}
_MOST_TABLES = 4  # of 64 MiB
_TABLE_HOLDS: Final = (1 << 32) - 1
_TABLES = 4  # histograms side by side: neighbouring pixels are alike, and adding to one bin waits for the last time


@dataclass(frozen=True, slots=True, eq=False)
class TileCounts:
    """Counts of one tile, to be merged: by channel, number of pixels, whether one has colour."""

    levels: dict[str | Stain, Counts]
    pixel_count: int
    has_colour: bool


class _ColourCounts:
    """Pixels of each colour, counted in several threads: each takes a table that no other has."""

    def __init__(self) -> None:
        self._free: list[tuple[npt.NDArray[np.uint32], int]] = []
        self._full: Counts | None = None
        self._lock = threading.Lock()
        self._tables = threading.BoundedSemaphore(_MOST_TABLES)

    def add(self, pixels: Bytes) -> None:
        """Count pixels; uint8 (n, 3)."""
        with self._tables:
            with self._lock:
                table, counted = self._free.pop() if self._free else (np.zeros(COLOURS, np.uint32), 0)
                if counted + len(pixels) > _TABLE_HOLDS:
                    self._full = table.astype(np.int64) if self._full is None else self._full + table
                    table[:] = counted = 0
            count_colours(pixels, table)
            with self._lock:
                self._free.append((table, counted + len(pixels)))

    def present(self) -> tuple[npt.NDArray[np.intp], Counts]:
        """The colours that there are, and the pixels of each; both (n,)."""
        with self._lock:
            tables = [table for table, _ in self._free] + ([] if self._full is None else [self._full])
            some = np.zeros(COLOURS, np.bool_)
            for table in tables:
                some |= table > 0
            codes = np.flatnonzero(some)
            return codes, sum((table[codes].astype(np.int64) for table in tables), np.zeros(codes.size, np.int64))


@dataclass(slots=True)
class ImageStatistics:
    """Histograms of chosen channels. Count and merge each tile once, count in any thread, merge in one; then ask.

    Integer channels are counted level by level. Where a channel of 8-bit colour is real, pixels are counted colour by
    colour, so that its histogram is that of the pixels themselves; those of other images are counted in 65,535ths of
    their range.
    """

    info: ImageInfo
    channels: tuple[str | Stain, ...]
    pixel_count: int = field(init=False, default=0)
    has_colour: bool = field(init=False, default=False)
    _bound: dict[str | Stain, Channel] = field(init=False)
    _counts: dict[str | Stain, Counts] = field(init=False)
    _colours: _ColourCounts | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._bound = {spec: channel_of(spec, self.info) for spec in self.channels}
        self._counts = {}
        if self._is_byte_colour and not all(channel.is_integer for channel in self._bound.values()):
            self._colours = _ColourCounts()
            return
        for spec, channel in self._bound.items():
            size = 256 if self.info.dtype == "uint8" else GREY_LEVELS
            self._counts[spec] = np.zeros(size if channel.is_integer else FLOAT_STEPS + 2, np.int64)

    @property
    def _is_byte_colour(self) -> bool:
        return self.info.channels == 3 and self.info.dtype == "uint8"

    @property
    def _first_level(self) -> int:
        return -GREY_LEVELS // 2 if self.info.dtype == "int16" else 0

    def count(self, pixels: Pixels, chosen: Mask | None) -> TileCounts:
        """Count the chosen pixels of a tile, or all of them (None)."""
        if chosen is not None and chosen.all():
            chosen = None
        levels = {spec: self._count(spec, counts.size, pixels, chosen) for spec, counts in self._counts.items()}
        total = pixels.shape[0] * pixels.shape[1] if chosen is None else int(np.count_nonzero(chosen))
        colourful = self.has_colour or (self.info.channels == 3 and _any_colour(pixels, chosen))
        if self._colours is not None:
            some = pixels.reshape(-1, 3) if chosen is None else pixels[chosen]
            self._colours.add(np.ascontiguousarray(some, dtype=np.uint8))
        return TileCounts(levels, total, colourful)

    def merge(self, tile: TileCounts) -> None:
        """Take in the counts of a tile."""
        self.pixel_count += tile.pixel_count
        self.has_colour |= tile.has_colour
        for spec, counts in tile.levels.items():
            self._counts[spec] += counts

    def forget(self) -> None:
        """Give back the memory of the counts; no histogram can be asked for any more."""
        self._counts.clear()
        self._colours = None

    def histogram(self, spec: str | Stain) -> Histogram:
        """Histogram of one of the channels."""
        channel = self._bound[spec]
        if self._colours is not None:
            codes, counted = self._colours.present()
            colours = np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=-1).astype(np.uint8)
            values = channel.values(colours[np.newaxis])[0]
            if not channel.is_integer:
                return from_weighted_values(values.astype(np.float64), counted)
            of_levels = np.zeros(256, np.int64)
            np.add.at(of_levels, values, counted)
            return from_levels(of_levels, 0)
        if channel.is_integer:
            return from_levels(self._counts[spec], self._first_level)
        counts = self._counts[spec]
        levels = np.flatnonzero(counts)
        scale = level_scale(channel)
        return from_weighted_values(scale.offset + levels * scale.step, counts[levels])

    def _count(self, spec: str | Stain, size: int, pixels: Pixels, chosen: Mask | None) -> Counts:
        channel = self._bound[spec]
        if chosen is None and self._is_byte_colour and isinstance(spec, str):
            tables = np.zeros((_TABLES, size), np.int64)
            _count_bytes(np.ascontiguousarray(pixels), _BYTE_CHANNELS[spec], tables)
            return np.asarray(tables.sum(axis=0))
        values = channel.values(pixels)
        levels = level_scale(channel).to_levels(values if chosen is None else values[chosen]).astype(np.int64)
        index = levels.ravel() - (self._first_level if channel.is_integer else 0)
        return np.bincount(np.clip(index, 0, size - 1), minlength=size)


def _any_colour(rgb: Pixels, chosen: Mask | None) -> bool:
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    coloured = (red != green) | (green != blue)
    return bool(coloured.any() if chosen is None else coloured[chosen].any())


@compiled
def _count_bytes(rgb: npt.NDArray[np.uint8], channel: int, tables: Counts) -> None:
    """Add each pixel to its bin; the channels as ``Channel.values`` computes them."""
    for row in range(rgb.shape[0]):
        for col in range(rgb.shape[1]):
            red, green, blue = rgb[row, col, 0], rgb[row, col, 1], rgb[row, col, 2]
            if channel < 3:
                level = rgb[row, col, channel]
            elif channel == 3:
                level = max(red, green, blue)
            elif channel == 4:
                level = min(red, green, blue)
            else:
                brightest, darkest = max(red, green, blue), min(red, green, blue)
                level = darkest if brightest - darkest <= brightest >> 3 else np.uint8(0)
            tables[col & 3, level] += 1
