"""Lengths and areas of recipes follow the scale, and ask for one where they need it."""

from __future__ import annotations

import pytest

from calcannot import ArraySource, Calibration, analyse
from calcannot.errors import RecipeError
from calcannot.model.calibration import CalibrationSource
from calcannot.model.recipe_file import recipe_from_dict
from calcannot.model.recipe_lengths import Area, Length

BASE = {"name": "x", "kind": "histology", "channel": "value", "threshold": 100}
SIZE = Calibration(0.5, 2.0, CalibrationSource.USER)


def changed(**fields):
    return {key: value for key, value in (BASE | fields).items() if value is not None}


def test_lengths_and_areas_follow_the_scale():
    # A pixel of 0.5 x 2 µm has 1 µm², and as a square a side of 1 µm.
    assert Length(um=6).in_px(SIZE, "f") == 6
    assert Area(um2=6).in_px(SIZE, "f") == 6
    assert Length(um=6, px=3).in_px(SIZE, "f") == 6
    assert Length(um=6, px=3).in_px(None, "f") == 3
    assert Area(px=7).in_px(SIZE, "f") == 7


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("smoothing", {"um": 2}, "smoothing is 2 µm, and the image has no pixel size"),
        ("cleanup", {"minimum_area": {"um2": 20}}, "cleanup.minimum_area is 20 µm², and the image has no pixel size"),
        ("cleanup", {"open_radius": {"um": 1.5}}, "cleanup.open_radius is 1.5 µm"),
        ("cleanup", {"fill_holes_up_to": {"um2": 20}}, "cleanup.fill_holes_up_to is 20 µm²"),
    ],
)
def test_micrometres_need_a_scale_and_the_message_says_so(field, value, message):
    import numpy as np

    source = ArraySource(np.zeros((9, 9, 3), np.uint8), name="x")
    with pytest.raises(RecipeError, match=message) as refused:
        analyse(source, recipe_from_dict(changed(**{field: value})))
    assert "Give --pixel-size, or a value in px in the recipe." in str(refused.value)
