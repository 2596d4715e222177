"""Decode once: count what the threshold is found from, and keep the pixels that it can decide.

An automatic threshold is known only when all pixels have been counted. Decoding them again to apply it costs as much
as everything before. But which pixels can be mineral is known beforehand, within bounds: a few tiles give a threshold
to expect. Pixels within the bounds are kept, with their level, and are decided when the threshold is known. Where the
threshold falls outside of the bounds, or there are more such pixels than memory is set aside for, the tiles concerned
are decoded again: the result is the same, to the bit.
"""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.jpeg_colours import CodedSource
from calcannot.model.classes import MINERAL
from calcannot.morphometry.band_runs import beside, joined_boxes, joined_levels
from calcannot.morphometry.box_runs import MASKS, BoxRuns, KeptLevels, runs_of_classes
from calcannot.morphometry.region_builder import Band, RegionBuilder, measured_band
from calcannot.pipeline.drawn_boxes import DrawnBoxes
from calcannot.pipeline.expected_levels import NO_MINERAL, bounds_of, expected_levels
from calcannot.pipeline.scan import Box, Progress, Strip, bands, map_in_order
from calcannot.segment.byte_scan import BYTE_CHANNELS, ByteCounter, KeptPixels
from calcannot.segment.resolve import channels_needed
from calcannot.segment.statistics import ImageStatistics, TileCounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.segment.window import WindowClassifier

KEPT_BYTES: Final = 128 * 2**20
"""Memory for pixels that wait for the threshold; beyond it tiles are decoded twice."""


@dataclass(slots=True)
class OnePass:
    """What one look at every pixel left behind.

    Attributes
    ----------
    statistics
        Of all that is measured.
    drawn
        Boxes that strokes part; their pixels are read again when the threshold is known.
    channel
        Of the rule, by its number.
    low, high
        Levels of the pixels that were kept.
    looked_px, glass
        Pixels of the other boxes, and how many of them have each level of glass; int64 (256,).
    """

    statistics: ImageStatistics
    drawn: DrawnBoxes
    channel: int
    low: int
    high: int
    looked_px: int = 0
    glass: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    _kept: dict[int, list[tuple[list[int], KeptPixels]]] = field(default_factory=dict)
    _again: set[tuple[int, int]] = field(default_factory=set)

    def keep(self, boxes: list[Box], pixels: KeptPixels | None) -> None:
        """Take in the pixels of boxes of a band that have some; None where there is no memory for them."""
        if pixels is None:
            self._again.update((box.row, box.col) for box in boxes)
        else:
            self._kept.setdefault(boxes[0].row, []).append(([box.col for box in boxes], pixels))

    def decides(self, resolved: ResolvedRecipe) -> bool:
        """Whether a pixel's level alone says what it is."""
        # The darkest channel of a pixel is at most its channel: within this bound all mineral is tissue anyhow.
        at_most = resolved.tissue_at_most
        return not resolved.found or at_most is None or bounds_of(resolved)[MASKS.index(MINERAL)][1] <= at_most

    def measure_bands(
        self, source: ImageSource, classifier: WindowClassifier, workers: int, progress: Progress | None
    ) -> RegionBuilder:
        """Decide the pixels that were kept, and measure the runs of mineral band by band."""
        info, resolved = source.info, classifier.recipe
        bounds = bounds_of(resolved) if resolved.found else [NO_MINERAL] * len(MASKS)
        wanted = [each for each in bounds if each != NO_MINERAL]
        low, high = (min(each for each, _ in wanted), max(each for _, each in wanted)) if wanted else NO_MINERAL
        is_kept = self.low <= low and high <= self.high

        def work(band: list[Strip]) -> Band:
            first, drawn = band[0][0], list[BoxRuns]()
            boxes: list[tuple[list[int], KeptLevels]] = [*self._kept.pop(first.row, [])] if is_kept else []
            for strip in band:
                again = list[Box]()
                for box in strip:
                    place = box.row, box.col
                    if place in self.drawn.drawn_on:
                        classes = classifier.classify(source, box.row, box.col, box.height, box.width)
                        drawn.append(runs_of_classes(*classes, box.col))
                    elif wanted and place not in self.drawn.outside and (not is_kept or place in self._again):
                        again.append(box)
                if again:
                    counter = ByteCounter(self.channel, low, high, counts_channel=False, counts_glass=False)
                    for some, pixels in _looks(source, again, counter, keep=True):
                        if pixels is not None:
                            boxes.append(([box.col for box in some], pixels))
            masks = joined_levels(boxes if wanted else [], first.height, np.array(bounds, np.int32))
            if drawn:
                masks = beside(masks, joined_boxes(drawn, first.height))
            reference_px = sum(box.reference_px for box in drawn)
            return measured_band(masks, reference_px, first.row, first.height, info.height_px, info.width_px)

        builder = RegionBuilder(info.height_px, info.width_px, self._reference_px(resolved))
        with closing(map_in_order(work, bands(info, halo=False), workers)) as in_order:
            for band, measured in in_order:
                builder.add(measured)
                if progress:
                    progress("classify", band[0][0].row + band[0][0].height, info.height_px)
        return builder

    def _reference_px(self, resolved: ResolvedRecipe) -> int:
        """Reference area of the boxes that were looked at once."""
        if resolved.tissue_at_most is None:
            return self.looked_px
        return int(self.glass[np.arange(256) <= resolved.tissue_at_most].sum())


def look_once(
    source: ImageSource, recipe: Recipe, annotations: Annotations, workers: int, progress: Progress | None
) -> OnePass | None:
    """Decode every tile once; None where the recipe needs more of a pixel than one of its own bytes."""
    info = source.info
    if not _is_decided_by_a_byte(recipe, info):
        return None
    statistics = ImageStatistics(info, channels_needed(recipe, info))
    drawn = DrawnBoxes(info, annotations)
    expected = expected_levels(source, recipe, drawn, workers)
    if expected is None:
        return None
    low, high = expected
    channel = str(recipe.channel)
    room = _Room(KEPT_BYTES)
    result = OnePass(statistics, drawn, BYTE_CHANNELS[channel], low, high)
    of_thread, counters = threading.local(), list[ByteCounter]()

    def counter() -> ByteCounter:
        mine: ByteCounter | None = getattr(of_thread, "counter", None)
        if mine is None:
            asked = channel in statistics.channels, "glass" in statistics.channels
            mine = of_thread.counter = ByteCounter(result.channel, low, high, *asked)
            counters.append(mine)
        return mine

    def work(strip: Strip) -> list[TileCounts]:
        mine, counts, alike = counter(), list[TileCounts](), list[Box]()
        for box in strip:
            place = box.row, box.col
            if place in drawn.outside:
                continue
            if place not in drawn.drawn_on:
                alike.append(box)
            elif statistics.channels:
                rgb = source.read(box.row, box.col, box.height, box.width)
                counts.append(statistics.count(rgb, drawn.mask(box)))
        for some, pixels in _looks(source, alike, mine, keep=room.is_left):
            if pixels is not None:
                room.take(pixels.size_bytes)
            result.keep(some, pixels)
        return counts

    strips = chain.from_iterable(bands(info, halo=False))
    # Closed at once when progress says stop, not when the interpreter comes round to it.
    with closing(map_in_order(work, strips, workers)) as in_order:
        for strip, counts in in_order:
            for each in counts:
                statistics.merge(each)
            if progress:
                progress("statistics", strip[-1].row + strip[-1].height, info.height_px)
    for mine in counters:
        levels, glass = mine.histograms()
        result.looked_px += mine.pixel_count
        result.glass += glass
        of_channel = {spec: glass if spec == "glass" else levels for spec in statistics.channels}
        statistics.merge(TileCounts(of_channel, mine.pixel_count, mine.has_colour))
    return result


def _looks(
    source: ImageSource, boxes: list[Box], counter: ByteCounter, *, keep: bool
) -> Iterator[tuple[list[Box], KeptPixels | None]]:
    """Look at boxes of a band; gives those with pixels that the threshold may decide, and these where they are kept."""
    if isinstance(source, CodedSource) and boxes:
        tiles = source.coded_tiles([(box.row, box.col, box.height, box.width) for box in boxes])
        if tiles is not None:
            found, kept = counter.look_at_tiles(tiles, keep=keep)
            some = [box for box, has in zip(boxes, found, strict=True) if has > 0]
            if some:
                yield some, kept
            boxes = [box for box, has in zip(boxes, found, strict=True) if has < 0]
    for box in boxes:
        rgb = source.read(box.row, box.col, box.height, box.width)
        has_some, kept = counter.look(rgb.view(np.uint8), keep=keep)
        if has_some:
            yield [box], kept


def _is_decided_by_a_byte(recipe: Recipe, info: ImageInfo) -> bool:
    cleanup = recipe.cleanup
    neighbours = recipe.smoothing or cleanup.fill_holes_up_to or cleanup.open_radius
    return (
        info.channels == 3
        and info.dtype == "uint8"
        and len(recipe.rules) == 1
        and recipe.channel in BYTE_CHANNELS
        and not (recipe.or_rules or recipe.background or neighbours)
    )


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
