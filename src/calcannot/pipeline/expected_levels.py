"""Levels that mineral is expected to have, from a few tiles: known before all pixels are counted."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Final

from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Method
from calcannot.pipeline.scan import bands, map_in_order
from calcannot.segment.resolve import channels_needed, resolve
from calcannot.segment.statistics import ImageStatistics

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe, ResolvedRule
    from calcannot.pipeline.drawn_boxes import DrawnBoxes
    from calcannot.pipeline.scan import Strip
    from calcannot.segment.statistics import TileCounts

NO_MINERAL: Final = (1, 0)

SAMPLE: Final = 32
"""Tiles, evenly spread."""

_SLACK = 16  # levels beyond the threshold of the sample and its sensitivity
_DARK_UP_TO = 190  # where the sample shows no mineral: as far as half-way from black to glass, and more


def expected_levels(source: ImageSource, recipe: Recipe, drawn: DrawnBoxes, workers: int) -> tuple[int, int] | None:
    """Levels of the pixels to keep: what a sample of tiles takes for mineral, and some levels more."""
    info = source.info
    statistics = ImageStatistics(info, channels_needed(recipe, info))
    boxes = chain.from_iterable(chain.from_iterable(bands(info, halo=False)))
    measured = [box for box in boxes if (box.row, box.col) not in drawn.outside]
    sample = measured[:: max(1, len(measured) // SAMPLE)] if statistics.channels else []

    def count(strip: Strip) -> list[TileCounts]:
        return [statistics.count(source.read(b.row, b.col, b.height, b.width), drawn.mask(b)) for b in strip]

    for _, tiles in map_in_order(count, ([box] for box in sample), workers):
        for tile in tiles:
            statistics.merge(tile)
    try:
        resolved = resolve(recipe, info, statistics)
    except RecipeError:
        return None  # with all pixels it may be another error, or none
    (low, high), rule = bounds_of(resolved)[-1], recipe.rules[0]
    if not isinstance(rule.threshold, Method):
        return low, high
    if not resolved.found and rule.mineral == "dark":
        high = max(high, _DARK_UP_TO)
    return (0, min(255, high + _SLACK)) if rule.mineral == "dark" else (max(0, low - _SLACK), 255)


def bounds_of(resolved: ResolvedRecipe) -> list[tuple[int, int]]:
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
    return (low, high) if low <= high else NO_MINERAL
