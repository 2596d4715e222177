"""Measure calcification on histology and radiographs.

>>> import calcannot
>>> with calcannot.open_image("slide.svs") as source:  # doctest: +SKIP
...     analysis = calcannot.analyse(source, calcannot.load_recipe("von-kossa"))
>>> analysis.totals.calcified_area_mm2  # doctest: +SKIP
1.234

``measure`` does the same for files, folders and patterns, and writes tables, masks and overlays.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from calcannot._version import __version__

if TYPE_CHECKING:
    from calcannot.batch.measure import measure
    from calcannot.errors import CalcannotError
    from calcannot.io import ArraySource, open_image
    from calcannot.model.annotation import Annotations
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.morphometry.columns import region_columns
    from calcannot.pipeline.analyse import analyse
    from calcannot.segment.shipped import load_recipe, recipe_names
    from calcannot.store.geojson import read_annotations

__all__ = [
    "Annotations",
    "ArraySource",
    "CalcannotError",
    "Calibration",
    "Recipe",
    "__version__",
    "analyse",
    "load_recipe",
    "measure",
    "open_image",
    "read_annotations",
    "recipe_names",
    "region_columns",
]

# Imported on first use: a script that only asks for the version does not wait for numba.
_HOMES = {
    "Annotations": "calcannot.model.annotation",
    "ArraySource": "calcannot.io",
    "CalcannotError": "calcannot.errors",
    "Calibration": "calcannot.model.calibration",
    "Recipe": "calcannot.model.recipe",
    "analyse": "calcannot.pipeline.analyse",
    "load_recipe": "calcannot.segment.shipped",
    "measure": "calcannot.batch.measure",
    "open_image": "calcannot.io",
    "read_annotations": "calcannot.store.geojson",
    "recipe_names": "calcannot.segment.shipped",
    "region_columns": "calcannot.morphometry.columns",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module 'calcannot' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
