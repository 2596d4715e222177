"""Write ``expected.json``: python tests/golden/generate.py.

Run it only when a change of numbers is meant, and say in the commit why they change. The table also holds what ImageJ
1.53t says where its namesake of a method is known to differ or to agree: ``imagej``, on its sample image blobs.gif.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from pictures import pictures

from calcannot import ArraySource, Calibration, Recipe, analyse, load_recipe, region_columns
from calcannot.errors import RecipeError
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.model.recipe_rules import Method

EXPECTED = Path(__file__).parent / "expected.json"
SIZE = Calibration(2.0, 1.5, CalibrationSource.USER)
CLEANUP = {"fill_holes_up_to": {"px": 6}, "open_radius": {"px": 1}, "minimum_area": {"px": 8}}

# The lowest level that ImageJ takes for foreground, and the level that ours is above.
IMAGEJ = {"Default": {"imagej_lower": 126, "calcannot": "isodata"}, "Otsu": {"imagej_lower": 128, "calcannot": "otsu"}}


def recipes() -> dict[str, tuple[str, Recipe]]:
    """Case by name: picture and recipe."""
    cases: dict[str, tuple[str, Recipe]] = {}
    base = {"kind": "radiograph", "channel": "intensity", "mineral": "bright"}
    for method in Method:
        if method is not Method.VALLEY:
            for picture in ("grains", "film"):
                name = f"{picture}, {method.value}"
                cases[name] = (picture, Recipe.model_validate(base | {"name": "golden", "threshold": method.value}))
    cleaned = base | {"name": "golden", "threshold": "otsu", "cleanup": CLEANUP}
    cases["grains, otsu, cleaned"] = ("grains", Recipe.model_validate(cleaned))
    for name in ("von-kossa", "von-kossa-stain", "alizarin-red"):
        cases[f"section, {name}"] = ("section", load_recipe(name))
    cases["film, radiograph-global"] = ("film", load_recipe("radiograph-global"))
    return cases


def measured(picture: str, recipe: Recipe, pixels: Any) -> dict[str, Any]:
    """Numbers of a case, rounded to nine digits."""
    modality = Modality.HISTOLOGY if pixels.ndim == 3 else Modality.RADIOGRAPH
    source = ArraySource(pixels, name=picture, calibration=SIZE, modality=modality)
    try:
        analysis = analyse(source, recipe, workers=1)
    except RecipeError as error:
        return {"error": str(error)}
    totals, columns = analysis.totals, region_columns(analysis)
    sums = {
        name: float(columns[name].sum())
        for name in ("perimeter_um", "feret_max_um", "width_um", "feret_min_um", "hull_area_um2", "value_mean")
    }
    return {
        "threshold": _rounded(analysis.resolved.threshold) if analysis.resolved.found else None,
        "region_count": totals.region_count,
        "calcified_area_px": totals.calcified_area_px,
        "area_low_px": totals.area_low_px,
        "area_high_px": totals.area_high_px,
        "reference_area_px": totals.reference_area_px,
        "largest_area_px": totals.largest_area_px,
        "extent_length_mm": _rounded(totals.extent_length_mm),
        "extent_width_mm": _rounded(totals.extent_width_mm),
        "hole_count": int(columns["hole_count"].sum()),
        "filled_area_px": int(columns["filled_area_px"].sum()),
        **{f"sum of {name}": _rounded(value) for name, value in sums.items()},
    }


def table() -> dict[str, Any]:
    """All cases."""
    made = pictures()
    cases = {name: measured(picture, recipe, made[picture]) for name, (picture, recipe) in recipes().items()}
    return {"imagej": {"blobs.gif": IMAGEJ}, "cases": cases}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")


if __name__ == "__main__":
    EXPECTED.write_text(json.dumps(table(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
