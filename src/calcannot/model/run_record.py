"""What is reported of a measured image, from its analysis or from its record in ``run.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter

from calcannot.model.analysis import Analysis, Totals
from calcannot.model.calibration import Calibration
from calcannot.model.foci import foci_totals
from calcannot.model.recipe_file import recipe_from_dict
from calcannot.model.resolved import ResolvedRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.model.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Measured:
    """The same whichever process measured the image, and when."""

    calibration: Calibration | None
    recipe: Recipe
    resolved: ResolvedRecipe
    totals: Totals
    warnings: tuple[str, ...]
    foci: Mapping[str, Any] | None = None
    """As ``foci_totals`` gives it; None where the recipe asked for none."""

    @classmethod
    def of_analysis(cls, analysis: Analysis) -> Self:
        """What is reported of an analysis."""
        found = analysis
        foci = None if found.foci is None else foci_totals(found.foci, found.info.calibration, found.resolved)
        return cls(found.info.calibration, found.recipe, found.resolved, found.totals, found.warnings, foci)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Read the record of one image.

        Raises
        ------
        KeyError, ValueError
            If it is no such record.
        """
        calibration, resolved, totals = (
            TypeAdapter[Any](kind).validate_python(record[name])
            for name, kind in (("calibration", Calibration | None), ("resolved", ResolvedRecipe), ("totals", Totals))
        )
        recipe, warnings = recipe_from_dict(record["recipe"]), tuple(record["warnings"])
        return cls(calibration, recipe, resolved, totals, warnings, record.get("foci"))
