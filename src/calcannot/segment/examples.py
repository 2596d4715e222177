"""A rule from a few places that somebody has pointed at: the channel and threshold that tell them apart best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.recipe import Cleanup, Recipe
from calcannot.segment.channels import channel_of

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe_rules import ChannelName

# Ordered: of channels that are as good the first is taken. Hue is a circle, on which no one threshold parts two sides.
_COLOUR: Final[tuple[ChannelName, ...]] = (
    "value", "grey", "red", "green", "blue", "minimum", "lightness", "od", "saturation", "a*", "b*",
)  # fmt: skip
_GREY: Final[tuple[ChannelName, ...]] = ("intensity",)


@dataclass(frozen=True, slots=True)
class PickedRule:
    """A threshold on one channel.

    Attributes
    ----------
    mineral
        ``dark`` where mineral is at or below the threshold, ``bright`` where it is above.
    errors
        Share of the examples on the wrong side, of mineral and of other pixels on average.
    distance
        Difference of the means over the pooled standard deviation, of which at least one step of the channel: how well
        the two stand apart.
    """

    channel: ChannelName
    mineral: Literal["dark", "bright"]
    threshold: float
    errors: float
    distance: float


def pick_rule(info: ImageInfo, mineral: npt.NDArray[Any], other: npt.NDArray[Any]) -> PickedRule:
    """Find the channel and threshold with the fewest errors; of several the one on which the two stand apart furthest.

    Parameters
    ----------
    mineral, other
        Pixels of examples, (n, 3) for colour or (n,) for grey, in the image's dtype.

    Raises
    ------
    RecipeError
        If there is no example of one of the two.
    """
    if not len(mineral) or not len(other):
        missing = "mineral" if not len(mineral) else "anything else"
        raise RecipeError(f"there is no example of {missing}", remedy="click on at least one place of each")
    found = [_best(info, name, mineral, other) for name in (_COLOUR if info.channels == 3 else _GREY)]
    return min(found, key=lambda rule: (rule.errors, -rule.distance))


def recipe_of(picked: PickedRule, info: ImageInfo, base: Recipe | None = None) -> Recipe:
    """The rule as a recipe; cleanup and reference area are those of ``base`` where there is one."""
    kind = "radiograph" if picked.channel == "intensity" else "histology"
    return Recipe(
        name=f"examples in {info.name}"[:80].replace("/", "_").replace("\\", "_"),
        description="Channel and threshold were picked from examples in one image.",
        kind=cast("Literal['histology', 'radiograph']", base.kind if base else kind),
        channel=picked.channel,
        mineral=picked.mineral,
        threshold=picked.threshold,
        cleanup=base.cleanup if base else Cleanup(),
        reference=base.reference if base else "image",
    )


def _best(info: ImageInfo, name: ChannelName, mineral: npt.NDArray[Any], other: npt.NDArray[Any]) -> PickedRule:
    channel = channel_of(name, info)
    # Channels are computed of pictures: a row of pixels is one.
    inside, outside = (
        channel.values(np.ascontiguousarray(pixels[np.newaxis]))[0].astype(np.float64) for pixels in (mineral, other)
    )
    side: Literal["dark", "bright"] = "dark" if inside.mean() <= outside.mean() else "bright"
    low, high = (inside, outside) if side == "dark" else (outside, inside)
    threshold, errors = _cut(low, high, is_integer=channel.is_integer)
    step = 1.0 if channel.is_integer else channel.span / 255.0
    spread = max(step, float(np.sqrt((inside.var() + outside.var()) / 2)))
    return PickedRule(name, side, threshold, errors, abs(float(inside.mean() - outside.mean())) / spread)


def _cut(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], *, is_integer: bool) -> tuple[float, float]:
    """Threshold at or below which ``low`` lies and above which ``high`` does, and the mean share of errors.

    Of all places with as few errors it is the middle of the widest gap.
    """
    values = np.unique(np.concatenate([low, high]))
    if values.size == 1:
        return float(values[0]), 0.5
    below, above = values[:-1], values[1:]
    wrong_low = 1.0 - np.searchsorted(np.sort(low), below, side="right") / low.size
    wrong_high = np.searchsorted(np.sort(high), below, side="right") / high.size
    errors = (wrong_low + wrong_high) / 2
    best = np.flatnonzero(errors <= errors.min() + 1e-12)
    widest = best[np.argmax((above - below)[best])]
    middle = (below[widest] + above[widest]) / 2
    return float(np.floor(middle) if is_integer else middle), float(errors[widest])
