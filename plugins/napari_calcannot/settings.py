"""The rule and the pixel size of an image as they stand in its journal, between the strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import CalcannotError, CalibrationError, RecipeError
from calcannot.model.case import CaseCalibration, to_plain
from calcannot.model.recipe_file import recipe_from_dict
from napari_calcannot.question import Rule

if TYPE_CHECKING:
    from calcannot.io.source import Source
    from calcannot.model.calibration import Calibration

RULE: Final = "rule"
PIXEL_SIZE: Final = "pixel size"


def plain_rule(rule: Rule) -> dict[str, Any]:
    """As JSON has it. The recipe is written out: a shipped one may be another in a later version."""
    return {"recipe": None if rule.chosen is None else rule.chosen.to_dict(), "threshold": rule.threshold}


def rule_of(value: Any) -> Rule:
    """The rule of a plain value; None is the one that fits the kind of image.

    Raises
    ------
    RecipeError
        If it is none, or of a later version.
    """
    if value is None:
        return Rule()
    try:
        recipe, threshold = value["recipe"], value["threshold"]
        return Rule(
            None if recipe is None else recipe_from_dict(recipe), None if threshold is None else float(threshold)
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CalcannotError):
            raise
        raise RecipeError("the rule in the journal is none", remedy="choose a recipe anew") from None


def plain_size(size: Calibration | None) -> Any:
    """As JSON has it; None for the one that the file states."""
    return None if size is None else to_plain(CaseCalibration.of(size))


def size_of(value: Any) -> Calibration | None:
    """The pixel size of a plain value; None for that of the file.

    Raises
    ------
    CalibrationError
        If it is none.
    """
    if value is None:
        return None
    try:
        return CaseCalibration.model_validate(value).to_calibration()
    except (TypeError, ValueError) as error:
        if isinstance(error, CalcannotError):
            raise
        raise CalibrationError("the pixel size in the journal is none", remedy="give it anew") from None


def given_size(source: Source) -> Calibration | None:
    """The pixel size that was given in place of the file's; None where the file's own is in force."""
    return source.info.calibration if "calibration_in_file" in source.info.metadata else None
