"""The public names: frozen, so that a change of them is meant."""

from __future__ import annotations

import calcannot


def test_public_names_are_these():
    assert calcannot.__all__ == [
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


def test_every_public_name_is_there():
    for name in calcannot.__all__:
        assert getattr(calcannot, name) is not None
    assert dir(calcannot) == sorted(calcannot.__all__)
