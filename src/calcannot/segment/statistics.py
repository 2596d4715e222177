"""What automatic decisions rest on: counts over the whole image or region of interest, gathered tile by tile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.segment.channels import Channel, Pixels, channel_of
from calcannot.segment.colour_table import FLOAT_STEPS, GREY_LEVELS, count_colours, level_scale
from calcannot.segment.histogram import Histogram, from_levels, from_weighted_values

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Stain

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class ImageStatistics:
    """Histograms of chosen channels. Add every tile once, in any order; then ask.

    Integer channels are counted level by level. Real channels of 8-bit colour are counted colour by colour, so that
    their histogram is that of the pixels themselves; those of other images are counted in 65,535ths of their range.
    """

    info: ImageInfo
    channels: tuple[str | Stain, ...]
    _bound: dict[str | Stain, Channel] = field(init=False)
    _counts: dict[str | Stain, Counts] = field(init=False)
    _colours: Counts | None = field(init=False, default=None)
    _range: tuple[float, float] = field(init=False)
    pixel_count: int = field(init=False, default=0)
    has_colour: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._bound = {spec: channel_of(spec, self.info) for spec in self.channels}
        self._counts = {}
        for spec, channel in self._bound.items():
            if channel.is_integer:
                self._counts[spec] = np.zeros(GREY_LEVELS, np.int64)
            elif self._is_byte_colour:
                self._colours = np.zeros(1 << 24, np.int64) if self._colours is None else self._colours
            else:
                self._counts[spec] = np.zeros(FLOAT_STEPS + 2, np.int64)

    @property
    def _is_byte_colour(self) -> bool:
        return self.info.channels == 3 and self.info.dtype == "uint8"

    @property
    def _first_level(self) -> int:
        return -GREY_LEVELS // 2 if self.info.dtype == "int16" else 0

    def add(self, pixels: Pixels, chosen: npt.NDArray[np.bool_] | None) -> None:
        """Count the chosen pixels of a tile, or all of them. Not from two threads at once."""
        if chosen is None:
            chosen = np.ones(pixels.shape[:2], np.bool_)
        if not chosen.any():
            return
        self.pixel_count += int(chosen.sum())
        if self.info.channels == 3 and not self.has_colour:
            red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
            self.has_colour = bool(((red != green) | (green != blue))[chosen].any())
        if self._colours is not None:
            count_colours(np.ascontiguousarray(pixels, dtype=np.uint8), chosen, self._colours)
        for spec, counts in self._counts.items():
            channel = self._bound[spec]
            values = channel.values(pixels)[chosen]
            levels = level_scale(channel).to_levels(values).astype(np.int64)
            index = levels - (self._first_level if channel.is_integer else 0)
            self._counts[spec] = counts + np.bincount(np.clip(index, 0, counts.size - 1), minlength=counts.size)

    def histogram(self, spec: str | Stain) -> Histogram:
        """Histogram of one of the channels."""
        channel = self._bound[spec]
        if channel.is_integer:
            return from_levels(self._counts[spec], self._first_level)
        if self._colours is not None:
            codes = np.flatnonzero(self._colours)
            colours = np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=-1).astype(np.uint8)
            values = channel.values(colours[np.newaxis])[0].astype(np.float64)
            return from_weighted_values(values, self._colours[codes])
        counts = self._counts[spec]
        levels = np.flatnonzero(counts)
        scale = level_scale(channel)
        return from_weighted_values(scale.offset + levels * scale.step, counts[levels])
