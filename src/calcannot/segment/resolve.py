"""From intent to numbers: once per image, over the whole slide or region of interest, never per tile."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Interval, Method, Rule, Stain
from calcannot.model.resolved import ResolvedRecipe, ResolvedRule, Surface
from calcannot.segment.channels import Channel, channel_of
from calcannot.segment.thresholds import automatic_threshold
from calcannot.segment.tissue import glass_and_tissue
from calcannot.segment.valley import find_valley

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.recipe_lengths import Area, Length
    from calcannot.segment.histogram import Histogram
    from calcannot.segment.statistics import ImageStatistics

SENSITIVITY_8_BIT = 10.0
SENSITIVITY_SHARE = 0.04
LOCAL_SENSITIVITY_SHARE = 0.1
"""Of the threshold, where it is one on local contrast: the brightest marker on the film says nothing about it."""
_DATA_QUANTILES = (0.001, 0.999)
"""Between them lies the range of the data: 12 bits in a file of 16, and neither a dead pixel nor a burnt one."""


def channels_needed(recipe: Recipe, info: ImageInfo) -> tuple[str | Stain, ...]:
    """Channels whose histogram ``resolve`` asks for; empty where the recipe is all numbers for an 8-bit image.

    Raises
    ------
    RecipeError
        If the image has not the channels, or is of another kind than the recipe: before any pixel is read.
    """
    needed: list[str | Stain] = []
    channel_of(recipe.channel, info)
    for rule in (*recipe.rules, *recipe.or_rules):
        channel = channel_of(rule.channel, info)
        _check_range(rule, channel)
        if isinstance(rule.threshold, Method) or _is_deep(channel):
            needed.append(rule.channel)
    if recipe.reference == "tissue" and info.channels == 3:
        needed.append("glass")
    return tuple(dict.fromkeys(needed))


def resolve(
    recipe: Recipe, info: ImageInfo, statistics: ImageStatistics, surfaces: tuple[Surface, ...] = ()
) -> ResolvedRecipe:
    """Turn a recipe into plain numbers for one image.

    Parameters
    ----------
    statistics
        With the histograms of ``channels_needed``, over the region of interest or the whole image.
    surfaces
        Local backgrounds, where the recipe asks for them.

    Raises
    ------
    RecipeError
        If a length needs a scale that the image has not, or a threshold cannot be found.
    """
    evidence: dict[str, float] = {}
    warnings: list[str] = []
    found, reason = True, ""
    core_at_most: float | None = None
    tissue_at_most: float | None = None
    if recipe.reference == "tissue" and info.channels == 3:
        glass, tissue_at_most = glass_and_tissue(statistics.histogram("glass"), info.value_range[1])
        if glass is not None:
            evidence["glass_level"] = glass
        evidence["tissue_at_most"] = tissue_at_most
    rules: list[ResolvedRule] = []
    or_rules: list[ResolvedRule] = []
    if recipe.background is None:
        for rule in recipe.rules:
            resolved, doubt = _resolve_rule(rule, recipe, info, statistics, evidence)
            rules.append(resolved)
            found, reason = (False, doubt) if doubt else (found, reason)
        or_rules = [_resolve_rule(rule, recipe, info, statistics, evidence)[0] for rule in recipe.or_rules]
        if recipe.core is not None and found:
            at_most, mineral = rules[0].threshold, evidence["mineral_level"]
            core_at_most = at_most - recipe.core * (at_most - mineral)
    else:
        found = any(surface.peak > max(surface.threshold, surface.core) for surface in surfaces)
        reason = "" if found else "nothing rises above the local background"
    if not found:
        warnings.append(f"No mineral found: {reason}.")
    core_at_least: float | None = None
    if recipe.local_contrast is not None:
        core_at_least = rules[0].threshold
        grown = core_at_least * recipe.local_contrast.grow_to
        rules = [replace(rules[0], above=grown, sensitivity=LOCAL_SENSITIVITY_SHARE * abs(grown))]
        evidence["local_contrast_width_px"] = _in_px(recipe.local_contrast.width, info, "local_contrast.width")
        evidence["local_contrast_smoothing_px"] = _in_px(recipe.smoothing, info, "smoothing")
    cleanup = recipe.cleanup
    return ResolvedRecipe(
        recipe=recipe.name,
        fingerprint=recipe.fingerprint(),
        kind=recipe.kind,
        rules=tuple(rules),
        or_rules=tuple(or_rules),
        surfaces=surfaces,
        reference=recipe.reference,
        tissue_at_most=tissue_at_most,
        core_at_most=core_at_most,
        fill_holes_px=math.floor(_in_px(cleanup.fill_holes_up_to, info, "cleanup.fill_holes_up_to")),
        open_radius_px=round(_in_px(cleanup.open_radius, info, "cleanup.open_radius")),
        minimum_area_px=math.ceil(_in_px(cleanup.minimum_area, info, "cleanup.minimum_area")),
        smoothing_sigma_px=0.0 if surfaces else smoothing_px(recipe, info),
        found=found,
        reason=reason,
        evidence=evidence,
        warnings=tuple(warnings),
        core_at_least=core_at_least,
    )


def _resolve_rule(
    rule: Rule, recipe: Recipe, info: ImageInfo, statistics: ImageStatistics, evidence: dict[str, float]
) -> tuple[ResolvedRule, str]:
    """Bounds of one rule, and why an automatic one is not believed (empty where it is)."""
    channel = channel_of(rule.channel, info)
    if isinstance(rule.threshold, Interval):
        low, high = rule.threshold.low, rule.threshold.high
        return ResolvedRule(
            rule.channel, at_least=low, at_most=high, sensitivity=_sensitivity(channel, rule, statistics)
        ), ""
    if not isinstance(rule.threshold, Method):
        return _one_sided(rule, rule.threshold, channel, statistics), ""
    histogram = statistics.histogram(rule.channel)
    darker = rule.mineral == "dark"
    if histogram.is_flat:
        return _one_sided(
            rule, channel.low if darker else channel.high, channel, statistics
        ), "all pixels have the same value"
    least_contrast = recipe.gate.contrast if recipe.gate else 0.0
    if rule.threshold is Method.VALLEY:
        if not darker:
            raise RecipeError("the threshold valley is for dark mineral", remedy="choose otsu or another method")
        valley = find_valley(histogram, low=channel.low, high=channel.high, least_contrast=least_contrast)
        if not valley.found:
            return _one_sided(rule, channel.low, channel, statistics), "no dark mode stands apart from tissue"
        evidence |= {
            "mineral_level": valley.mineral_level, "tissue_level": valley.tissue_level, "contrast": valley.contrast,
            "valley_low": valley.valley_low, "valley_high": valley.valley_high,
        }  # fmt: skip
        return _one_sided(rule, valley.threshold, channel, statistics), ""
    threshold = automatic_threshold(rule.threshold, histogram, darker=darker)
    contrast = _class_contrast(histogram, threshold, channel)
    evidence |= {f"{channel.name}_contrast": contrast}
    doubt = ""
    if recipe.gate and contrast < recipe.gate.contrast:
        doubt = f"the contrast between both sides of the threshold is {contrast:.2f}, below {recipe.gate.contrast:g}"
    return _one_sided(rule, threshold, channel, statistics), doubt


def _class_contrast(histogram: Histogram, threshold: float, channel: Channel) -> float:
    """Difference between the means on both sides of a threshold, as a share of the channel's range."""
    below = histogram.centres <= threshold
    counts, centres = histogram.counts, histogram.centres
    if not counts[below].any() or not counts[~below].any():
        return 0.0
    low, high = (float(np.average(centres[side], weights=counts[side])) for side in (below, ~below))
    return (high - low) / channel.span


def _one_sided(rule: Rule, threshold: float, channel: Channel, statistics: ImageStatistics) -> ResolvedRule:
    step = _sensitivity(channel, rule, statistics)
    if rule.mineral == "dark":
        return ResolvedRule(rule.channel, at_most=float(threshold), sensitivity=step)
    return ResolvedRule(rule.channel, above=float(threshold), sensitivity=step)


def _check_range(rule: Rule, channel: Channel) -> None:
    """A threshold outside the data's range is always a mistake: the mask would be everything or nothing."""
    bounds: tuple[float, ...] = ()
    if isinstance(rule.threshold, Interval):
        bounds = (rule.threshold.low, rule.threshold.high)
    elif not isinstance(rule.threshold, Method):
        bounds = (float(rule.threshold),)
    for bound in bounds:
        if not channel.low <= bound <= channel.high:
            what = (
                f"the threshold {bound:g} is outside the range of {channel.name}, {channel.low:g} to {channel.high:g}"
            )
            raise RecipeError(what, remedy="choose a threshold inside that range")


def _is_deep(channel: Channel) -> bool:
    """Whether the file's own levels are more than 8 bits hold, so that the data may fill a small part of them."""
    return channel.is_integer and (channel.low, channel.high) != (0, 255)


def _sensitivity(channel: Channel, rule: Rule, statistics: ImageStatistics) -> float:
    """How far a threshold is moved: 10 of 256 levels; else a share of the data's own range, or of a real channel's."""
    if not channel.is_integer:
        return SENSITIVITY_SHARE * channel.span
    if not _is_deep(channel):
        return SENSITIVITY_8_BIT
    histogram = statistics.histogram(rule.channel)
    below = np.cumsum(histogram.counts) / max(1, histogram.total)
    low, high = (float(histogram.centres[min(int(np.searchsorted(below, q)), below.size - 1)]) for q in _DATA_QUANTILES)
    return SENSITIVITY_SHARE * (high - low)


def smoothing_px(recipe: Recipe, info: ImageInfo) -> float:
    """Standard deviation of the recipe's Gaussian in pixels of this image, 0 for none.

    Before local contrast the film was smoothed already.
    """
    return 0.0 if recipe.local_contrast is not None else _in_px(recipe.smoothing, info, "smoothing")


def _in_px(size: Length | Area | None, info: ImageInfo, field: str) -> float:
    return 0.0 if size is None else size.in_px(info.calibration, field)
