"""Decode once: count what the threshold is found from, and keep the pixels that it can decide.

An automatic threshold is known only when all pixels have been counted. Decoding them again to apply it costs as much
as everything before. But which pixels can be mineral is known beforehand, within bounds: a few tiles give a threshold
to expect. Pixels within the bounds are kept, with their level, and are decided when the threshold is known. Where the
threshold falls outside of the bounds, or there are more such pixels than memory is set aside for, the tiles concerned
are decoded again: the result is the same, to the bit.
"""

from __future__ import annotations

import math
import threading
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.errors import RecipeError
from calcannot.model.classes import MINERAL
from calcannot.model.recipe_rules import Method
from calcannot.morphometry.band_runs import joined_levels
from calcannot.morphometry.box_runs import MASKS, KeptLevels
from calcannot.morphometry.region_builder import Band, RegionBuilder, measured_band
from calcannot.pipeline.scan import Box, Progress, Strip, bands, map_in_order
from calcannot.segment.allowed import with_exclusions
from calcannot.segment.byte_scan import BYTE_CHANNELS, ByteCounter, KeptPixels
from calcannot.segment.resolve import channels_needed, resolve
from calcannot.segment.statistics import ImageStatistics, TileCounts

if TYPE_CHECKING:
    import numpy.typing as npt

    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe, ResolvedRule

KEPT_BYTES: Final = 128 * 2**20
"""Memory for pixels that wait for the threshold; beyond it tiles are decoded twice."""

_SAMPLE = 32  # tiles, evenly spread
_SLACK = 16  # levels beyond the threshold of the sample and its sensitivity
_DARK_UP_TO = 190  # where the sample shows no mineral: as far as half-way from black to glass, and more
_NO_MINERAL: Final = (1, 0)


@dataclass(slots=True)
class OnePass:
    """What one look at every pixel left behind.

    Attributes
    ----------
    statistics
        Of the whole image.
    channel
        Of the rule, by its number.
    low, high
        Levels of the pixels that were kept.
    """

    statistics: ImageStatistics
    channel: int
    low: int
    high: int
    _kept: dict[tuple[int, int], KeptPixels] = field(default_factory=dict)
    _again: set[tuple[int, int]] = field(default_factory=set)

    def keep(self, box: Box, pixels: KeptPixels | None) -> None:
        """Take in the pixels of a box that has some; None where there is no memory for them."""
        if pixels is None:
            self._again.add((box.row, box.col))
        else:
            self._kept[box.row, box.col] = pixels

    def decides(self, resolved: ResolvedRecipe) -> bool:
        """Whether a pixel's level alone says what it is."""
        # The darkest channel of a pixel is at most its channel: within this bound all mineral is tissue anyhow.
        at_most = resolved.tissue_at_most
        return not resolved.found or at_most is None or _bounds_of(resolved)[MASKS.index(MINERAL)][1] <= at_most

    def measure_bands(
        self, source: ImageSource, resolved: ResolvedRecipe, workers: int, progress: Progress | None
    ) -> RegionBuilder:
        """Decide the pixels that were kept, and measure the runs of mineral band by band."""
        info = source.info
        bounds = _bounds_of(resolved) if resolved.found else [_NO_MINERAL] * len(MASKS)
        wanted = [each for each in bounds if each != _NO_MINERAL]
        low, high = (min(each for each, _ in wanted), max(each for _, each in wanted)) if wanted else _NO_MINERAL
        is_kept = self.low <= low and high <= self.high

        def work(band: list[Strip]) -> Band:
            first, boxes = band[0][0], list[tuple[int, KeptLevels]]()
            second_look = ByteCounter(self.channel, low, high, counts_channel=False, counts_glass=False)
            for box in chain.from_iterable(band) if wanted else ():
                place = box.row, box.col
                pixels = self._kept.pop(place, None)
                if not is_kept or place in self._again:
                    rgb = source.read(box.row, box.col, box.height, box.width).view(np.uint8)
                    pixels = second_look.look(rgb, keep=True)[1]
                if pixels is not None:
                    boxes.append((box.col, pixels))
            masks = joined_levels(boxes, first.height, np.array(bounds, np.int32))
            return measured_band(masks, 0, first.row, first.height, info.height_px, info.width_px)

        builder = RegionBuilder(info.height_px, info.width_px, self._reference_px(resolved))
        with closing(map_in_order(work, bands(info, halo=False), workers)) as in_order:
            for band, measured in in_order:
                builder.add(measured)
                if progress:
                    progress("classify", band[0][0].row + band[0][0].height, info.height_px)
        return builder

    def _reference_px(self, resolved: ResolvedRecipe) -> int:
        if resolved.tissue_at_most is None:
            return self.statistics.pixel_count
        glass = self.statistics.histogram("glass")
        return int(glass.counts[glass.centres <= resolved.tissue_at_most].sum())


def look_once(
    source: ImageSource, recipe: Recipe, annotations: Annotations, workers: int, progress: Progress | None
) -> OnePass | None:
    """Decode every tile once; None where the recipe needs more of a pixel than one of its own bytes."""
    info = source.info
    if not _is_decided_by_a_byte(recipe, annotations, source):
        return None
    statistics = ImageStatistics(info, channels_needed(recipe, info))
    expected = _expected(source, recipe, workers)
    if expected is None:
        return None
    low, high = expected
    channel = str(recipe.channel)
    room = _Room(KEPT_BYTES)
    result = OnePass(statistics, BYTE_CHANNELS[channel], low, high)
    of_thread, counters = threading.local(), list[ByteCounter]()

    def counter() -> ByteCounter:
        mine: ByteCounter | None = getattr(of_thread, "counter", None)
        if mine is None:
            asked = channel in statistics.channels, "glass" in statistics.channels
            mine = of_thread.counter = ByteCounter(result.channel, low, high, *asked)
            counters.append(mine)
        return mine

    def work(strip: Strip) -> None:
        mine = counter()
        for box in strip:
            rgb: npt.NDArray[np.uint8] = source.read(box.row, box.col, box.height, box.width).view(np.uint8)
            if statistics.channels:
                statistics.see_colour(rgb)
            found, kept = mine.look(rgb, keep=room.is_left)
            if kept is not None:
                room.take(kept.size_bytes)
            if found:
                result.keep(box, kept)

    strips = chain.from_iterable(bands(info, halo=False))
    # Closed at once when progress says stop, not when the interpreter comes round to it.
    with closing(map_in_order(work, strips, workers)) as in_order:
        for strip, _ in in_order:
            if progress:
                progress("statistics", strip[-1].row + strip[-1].height, info.height_px)
    for each in counters:
        levels, glass = each.histograms()
        counts = {spec: glass if spec == "glass" else levels for spec in statistics.channels}
        statistics.merge(TileCounts(counts, each.pixel_count, statistics.has_colour))
    return result


def _is_decided_by_a_byte(recipe: Recipe, annotations: Annotations, source: ImageSource) -> bool:
    info, cleanup = source.info, recipe.cleanup
    neighbours = recipe.smoothing or cleanup.fill_holes_up_to or cleanup.open_radius
    return (
        info.channels == 3
        and info.dtype == "uint8"
        and len(recipe.rules) == 1
        and recipe.channel in BYTE_CHANNELS
        and not (recipe.or_rules or recipe.background or neighbours or with_exclusions(info, annotations).strokes)
    )


def _expected(source: ImageSource, recipe: Recipe, workers: int) -> tuple[int, int] | None:
    """Levels of the pixels to keep: what a sample of tiles takes for mineral, and some levels more."""
    info = source.info
    statistics = ImageStatistics(info, channels_needed(recipe, info))
    boxes = [box for band in bands(info, halo=False) for strip in band for box in strip]
    sample = boxes[:: max(1, len(boxes) // _SAMPLE)] if statistics.channels else []

    def count(strip: Strip) -> list[TileCounts]:
        return [statistics.count(source.read(b.row, b.col, b.height, b.width), None) for b in strip]

    for _, tiles in map_in_order(count, ([box] for box in sample), workers):
        for tile in tiles:
            statistics.merge(tile)
    try:
        resolved = resolve(recipe, info, statistics)
    except RecipeError:
        return None  # with all pixels it may be another error, or none
    (low, high), rule = _bounds_of(resolved)[-1], recipe.rules[0]
    if not isinstance(rule.threshold, Method):
        return low, high
    if not resolved.found and rule.mineral == "dark":
        high = max(high, _DARK_UP_TO)
    return (0, min(255, high + _SLACK)) if rule.mineral == "dark" else (max(0, low - _SLACK), 255)


def _bounds_of(resolved: ResolvedRecipe) -> list[tuple[int, int]]:
    """Least and largest level of each of ``MASKS``."""
    return [_levels_of(resolved.rules[0].widened(steps)) for steps in (0.0, -1.0, 1.0)]


def _levels_of(rule: ResolvedRule) -> tuple[int, int]:
    low, high = 0, 255
    if rule.above is not None:
        low = max(low, math.floor(rule.above) + 1)
    if rule.at_least is not None:
        low = max(low, math.ceil(rule.at_least))
    if rule.at_most is not None:
        high = min(high, math.floor(rule.at_most))
    return (low, high) if low <= high else _NO_MINERAL


@dataclass(slots=True)
class _Room:
    """Memory that is left, shared by threads."""

    left: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_left(self) -> bool:
        return self.left > 0

    def take(self, size: int) -> None:
        with self._lock:
            self.left -= size
