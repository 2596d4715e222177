"""What was done and what cannot be concluded, in sentences that a person can sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.model.calibration import CalibrationPlane
from calcannot.model.recipe_rules import Method
from calcannot.report.numbers import outline_text, significant
from calcannot.report.radiograph_wording import film_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe, ResolvedRule

NOT_A_DEVICE = "calcannot is a research tool and not a diagnostic device. This report is not a diagnosis."

_CHANNELS = {
    "value": "the largest of red, green and blue",
    "red": "red",
    "green": "green",
    "blue": "blue",
    "grey": "the grey level",
    "intensity": "the grey level, denser being brighter",
    "lightness": "the lightness L*",
    "hue": "the hue",
    "saturation": "the saturation",
}
_METHODS = {
    Method.VALLEY: "the threshold lies half-way between the dark mode of mineral and the tissue, kept inside the "
    "nearly empty stretch between both",
}
_REFERENCES = {
    "tissue": "The share is a share of the tissue on the image: all that is not glass.",
    "roi": "The share is a share of the regions of interest as they were drawn.",
    "image": "The share is a share of the whole image.",
}


def rule_sentences(recipe: Recipe, resolved: ResolvedRecipe, regions_of_interest: int) -> list[str]:
    """The rule in words and in the numbers that ran."""
    found = [_scope(regions_of_interest)]
    if resolved.surfaces:
        found += _background(resolved)[: None if resolved.found else 1]
    elif resolved.found and resolved.rules:
        if recipe.local_contrast is not None:
            width = significant(resolved.evidence["local_contrast_width_px"])
            how = "a white top-hat with a disc" if recipe.local_contrast.method == "top-hat" else "the mean of a block"
            found.append(f"Measured was what rises above its surroundings, by {how} of {width} px.")
        bounds = " and ".join(_bound(rule) for rule in resolved.rules)
        found.append(f"A pixel is mineral where {bounds}{_origin(recipe)}.")
        if resolved.or_rules:
            found.append(f"It is mineral as well where {' or '.join(_bound(rule) for rule in resolved.or_rules)}.")
    if not resolved.found:
        found.append(f"No mineral was found: {resolved.reason}. The area is 0 and not a small number.")
    if resolved.smoothing_sigma_px:
        found.append(f"Pixels were smoothed by a Gaussian of {significant(resolved.smoothing_sigma_px)} px first.")
    if resolved.core_at_most is not None:
        found.append(f"A region counts only with a pixel at or below {significant(resolved.core_at_most)}.")
    if resolved.core_at_least is not None:
        found.append(f"A region counts only with a pixel above {significant(resolved.core_at_least)}.")
    found += _cleanup(resolved)
    found.append(
        "A region is a set of mineral pixels that touch by a side or a corner. Its area is the number of its pixels; "
        "holes are not counted."
    )
    found.append(_REFERENCES[resolved.reference])
    return found


def limits(
    recipe: Recipe,
    resolved: ResolvedRecipe,
    calibration: Calibration | None,
    metadata: Mapping[str, Any] | None = None,
    polarity: str = "",
) -> list[str]:
    """What must not be read out of the numbers."""
    if recipe.kind == "histology":
        found = [
            "No calcium mass: silver replaces the cation of phosphates and carbonates, and blackness is not "
            "proportional to calcium.",
            "No volume and no size of the lesion: this is the area in one plane. Another section of the same block "
            "differs, by more than the interval.",
            "Nothing of what looks alike: carbon, tattoo pigment, ink and silver precipitate are black as well and are "
            "told apart by eye only. See the picture.",
        ]
    else:
        found = film_limits(metadata or {}, polarity, calibration)
        outline = outline_text(resolved)
        if outline:
            found.append(
                f"No area without its cut: the edge of a soft shadow is drawn at {outline}, and only films that are "
                "cut alike can be compared."
            )
    found += _limits_of_scale(calibration)
    return found


def _limits_of_scale(calibration: Calibration | None) -> list[str]:
    if calibration is None:
        return ["No physical size: the image carries no pixel size, and none was given. Numbers are in pixels."]
    if calibration.plane is CalibrationPlane.DETECTOR:
        return ["No size in the patient: lengths and areas are those at the detector, where the shadow is larger."]
    if calibration.plane is CalibrationPlane.UNKNOWN:
        return ["No certain size in the patient: the file does not say in which plane its pixel size holds."]
    if calibration.relative_uncertainty is None:
        return ["No error of the scale: nothing states how exact the pixel size is, and the interval leaves it out."]
    return []


def _scope(regions: int) -> str:
    if not regions:
        return "The whole image was measured at full resolution."
    return f"Inside {regions} region{'s' if regions > 1 else ''} of interest, at full resolution."


def _background(resolved: ResolvedRecipe) -> list[str]:
    levels = " and ".join(significant(surface.threshold) for surface in resolved.surfaces)
    return [
        "In each region of interest a smooth background, a surface of second order, was fitted to the rim of the "
        "region, robustly.",
        f"A pixel is mineral where it rises above that background by more than {levels} grey levels, which is "
        f"{outline_text(resolved) or 'above all of it'}.",
    ]


def _bound(rule: ResolvedRule) -> str:
    channel = rule.channel
    name = _CHANNELS.get(channel, f"the channel {channel}") if isinstance(channel, str) else "the density of the stain"
    if rule.at_least is not None and rule.at_most is not None:
        return f"{name} is from {significant(rule.at_least, 4)} to {significant(rule.at_most, 4)}"
    if rule.at_most is not None:
        return f"{name} is at or below {significant(rule.at_most, 4)}"
    if rule.at_least is not None:
        return f"{name} is at or above {significant(rule.at_least, 4)}"
    return f"{name} is above {significant(rule.threshold, 4)}"


def _origin(recipe: Recipe) -> str:
    threshold = recipe.rules[0].threshold
    if not isinstance(threshold, Method):
        return "; the number was set in advance"
    return f"; {_METHODS.get(threshold, f'the threshold was found by the method {threshold.value}')}"


def _cleanup(resolved: ResolvedRecipe) -> list[str]:
    found = []
    if resolved.fill_holes_px:
        found.append(f"Holes of up to {resolved.fill_holes_px} px were filled.")
    if resolved.open_radius_px:
        found.append(f"Spurs narrower than {2 * resolved.open_radius_px + 1} px were opened away.")
    if resolved.minimum_area_px > 1:
        found.append(f"Regions below {resolved.minimum_area_px} px were left out.")
    return found
