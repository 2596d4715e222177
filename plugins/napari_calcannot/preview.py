"""A rule as something a graphics card can draw: values that are mineral above a cut, and nothing else.

napari shows an image of these values with contrast limits of (cut, cut + 1) and a colormap of two steps; moving the
threshold then costs no computation. Where a rule cannot be drawn so, the measured mask is shown only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Interval
from calcannot.segment.channels import Channel, channel_of
from calcannot.segment.colour_table import LevelScale, level_scale

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.segment.statistics import ImageStatistics

_PX_AT_ONCE = 1 << 18  # of pixels that take eight bytes and more each while they are counted


@dataclass(frozen=True, slots=True)
class PreviewRule:
    """One channel, one threshold.

    Attributes
    ----------
    channel
        What the threshold is set on.
    dark
        True where mineral is at or below the threshold, False where it is above.
    scale
        Steps in which channel values are counted: grey levels, or 65,535 of the range where a channel is continuous.
    first, last
        Smallest and largest level.
    """

    channel: Channel
    dark: bool
    scale: LevelScale
    first: int
    last: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values drawn."""
        return np.dtype(np.uint8 if self.last - self.first <= 255 else np.uint16)

    @property
    def step(self) -> float:
        """Smallest change of the threshold that can make a difference."""
        return self.scale.step

    def values(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Levels counted so that mineral is high; uint8 or uint16 (height, width)."""
        if self.channel.is_integer and pixels.dtype.kind == "u":
            first, last = pixels.dtype.type(self.first), pixels.dtype.type(self.last)
            levels = np.clip(self.channel.values(pixels), first, last)
            return np.asarray(last - levels if self.dark else levels - first, dtype=self.dtype)
        drawn = np.empty(pixels.shape[:2], self.dtype)
        rows = max(1, _PX_AT_ONCE // max(1, pixels.shape[1]))
        for row in range(0, len(pixels), rows):
            levels = np.clip(self._levels(self.channel.values(pixels[row : row + rows])), self.first, self.last)
            drawn[row : row + rows] = self.last - levels if self.dark else levels - self.first
        return drawn

    def cut(self, threshold: float) -> int:
        """Mineral is where ``values`` are above this."""
        at = (threshold - self.scale.offset) / self.scale.step
        # Of grey levels the last one at or below the threshold; of a continuous channel the nearest edge of a step.
        level = math.floor(at) if self.channel.is_integer else round(at - 0.5)
        level = min(max(level, self.first - 1), self.last)
        return self.last - level - 1 if self.dark else level - self.first

    def snapped(self, threshold: float) -> float:
        """The nearest threshold at which picture and measurement agree to the pixel."""
        at = (threshold - self.scale.offset) / self.scale.step
        if self.channel.is_integer:
            return float(min(max(round(at), self.first), self.last))
        return float(self._upper_edge(min(max(round(at - 0.5), self.first), self.last - 1)))

    def _levels(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.channel.is_integer:
            return values.astype(np.int64)
        # Steps are closed above, as the rule is (at or below, or above), to the last bit of the same sum as in
        # ``snapped``: a value that lies on an edge is on the same side in picture and measurement.
        exact = values.astype(np.float64)
        levels = np.ceil((exact - self.scale.offset) / self.scale.step - 0.5)
        levels += exact > self._upper_edge(levels)
        levels -= exact <= self._upper_edge(levels - 1)
        return levels

    def _upper_edge(self, level: Any) -> Any:
        return self.scale.offset + (level + 0.5) * self.scale.step


def preview_rule(recipe: Recipe, info: ImageInfo) -> PreviewRule:
    """How a recipe is previewed on an image.

    Raises
    ------
    RecipeError
        Saying why it can only be measured: it has several rules, a range, smoothing or a local background.
    """
    reason = ""
    if recipe.background is not None:
        reason = "measures against the local background of each region"
    elif recipe.local_contrast is not None:
        reason = "measures what rises above its surroundings"
    elif recipe.and_rules or recipe.or_rules:
        reason = "combines several rules"
    elif isinstance(recipe.threshold, Interval):
        reason = "takes a range of values"
    elif recipe.smoothing is not None:
        reason = "smooths the image first"
    if reason:
        raise RecipeError(f"the recipe {recipe.name} {reason}, so there is no live preview", remedy="press Measure")
    channel = channel_of(recipe.channel, info)
    scale = level_scale(channel)
    first, last = (int(scale.to_levels(np.array([edge]))[0]) for edge in (channel.low, channel.high))
    return PreviewRule(channel, recipe.mineral == "dark", scale, first, last)


def level_counts(statistics: ImageStatistics, rule: PreviewRule) -> npt.NDArray[np.int64]:
    """Pixels of the image by the value of the rule's channel, in 256 bins over the whole range of the channel."""
    histogram = statistics.histogram(rule.channel.spec)
    low, high = rule.channel.low, rule.channel.high
    counts, _ = np.histogram(histogram.centres, bins=256, range=(low, high), weights=histogram.counts)
    return np.asarray(np.rint(counts), np.int64)


def counted_share(statistics: ImageStatistics, rule: PreviewRule, threshold: float) -> float | None:
    """Share of the counted pixels that the rule takes at a threshold; None where none were counted.

    Exact for channels of grey levels; within a bin of the histogram for others.
    """
    histogram = statistics.histogram(rule.channel.spec)
    if not histogram.total:
        return None
    taken = histogram.centres <= threshold if rule.dark else histogram.centres > threshold
    return float(histogram.counts[taken].sum() / histogram.total)
