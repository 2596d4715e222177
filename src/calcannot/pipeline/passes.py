"""The two passes over an image: one that counts, one that classifies."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.morphometry.band_runs import joined_boxes
from calcannot.morphometry.box_runs import NOTHING, BoxRuns, runs_of_classes, runs_of_colours
from calcannot.morphometry.region_builder import Band, RegionBuilder, measured_band
from calcannot.pipeline.scan import Box, Progress, Strip, bands, map_bands, map_in_order
from calcannot.segment.allowed import AllowedArea, excluded_by_image, with_exclusions
from calcannot.segment.polygons import inside_any
from calcannot.segment.resolve import channels_needed, smoothing_px
from calcannot.segment.smoothing import read_smoothed
from calcannot.segment.statistics import ImageStatistics, TileCounts

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.recipe_rules import Stain
    from calcannot.segment.window import WindowClassifier

_ROWS_AT_ONCE: Final = 512


def gather_statistics(
    source: ImageSource,
    recipe: Recipe,
    annotations: Annotations,
    workers: int,
    progress: Progress | None,
    also: tuple[str | Stain, ...] = (),
) -> ImageStatistics:
    """Histograms that the recipe's automatic decisions need, over the region of interest or the whole image.

    Where the recipe is all numbers, and no channel is asked for in ``also``, no pixel is read.
    """
    info = source.info
    annotations = with_exclusions(info, annotations)
    statistics = ImageStatistics(info, tuple(dict.fromkeys((*channels_needed(recipe, info), *also))))
    if not statistics.channels:
        return statistics
    sigma_px = smoothing_px(recipe, info)
    area = AllowedArea(annotations)

    def count(box: Box) -> TileCounts | None:
        place = box.row, box.col, box.height, box.width
        covered = area.covers(*place)
        if covered is False:
            return None
        pixels = read_smoothed(source, *place, sigma_px)
        return statistics.count(pixels, area.mask(*place) if covered is None else None)

    def work(strip: Strip) -> list[TileCounts]:
        return [counts for box in strip if (counts := count(box)) is not None]

    strips = chain.from_iterable(bands(info, halo=sigma_px > 0))
    # Closed at once when progress says stop, not when the interpreter comes round to it.
    with closing(map_in_order(work, strips, workers)) as in_order:
        for strip, tiles in in_order:
            for tile in tiles:
                statistics.merge(tile)
            if progress:
                progress("statistics", strip[-1].row + strip[-1].height, info.height_px)
    return statistics


def shown_px(info: ImageInfo, annotations: Annotations) -> int:
    """Pixels of the image but for those that its own exclusions (padding, collimated borders, text) cover."""
    excluded = excluded_by_image(info, annotations)
    if not excluded:
        return info.height_px * info.width_px
    hidden = 0
    for row in range(0, info.height_px, _ROWS_AT_ONCE):
        height = min(_ROWS_AT_ONCE, info.height_px - row)
        hidden += int(inside_any(excluded, row, 0, height, info.width_px).sum())
    return info.height_px * info.width_px - hidden


def measure_bands(
    source: ImageSource, classifier: WindowClassifier, workers: int, progress: Progress | None
) -> RegionBuilder:
    """Classify every pixel once, and measure the runs of mineral band by band."""
    info = source.info
    tables = classifier.colour_tables

    def runs_of(box: Box) -> BoxRuns:
        place = box.row, box.col, box.height, box.width
        covered = classifier.allowed.covers(*place)
        if covered is False:
            return NOTHING
        if tables is not None and covered and not classifier.corrections.touch(*place):
            rgb = np.ascontiguousarray(source.read(*place), dtype=np.uint8)
            found = runs_of_colours(rgb, *tables, box.col)
            return found if classifier.counts_colours else found._replace(reference_px=box.height * box.width)
        return runs_of_classes(*classifier.classify(source, *place), box.col)

    def work(strip: Strip) -> list[BoxRuns]:
        return [runs_of(box) for box in strip]

    def join(band: list[Strip], strips: list[list[BoxRuns]]) -> Band:
        first, boxes = band[0][0], [box for strip in strips for box in strip]
        masks = joined_boxes([box for box in boxes if len(box.runs)], first.height)
        reference_px = sum(box.reference_px for box in boxes)
        return measured_band(masks, reference_px, first.row, first.height, info.height_px, info.width_px)

    builder = RegionBuilder(info.height_px, info.width_px)
    with closing(map_bands(work, join, bands(info, halo=tables is None), workers)) as in_order:
        for band, measured in in_order:
            builder.add(measured)
            if progress:
                progress("classify", band[0][0].row + band[0][0].height, info.height_px)
    return builder
