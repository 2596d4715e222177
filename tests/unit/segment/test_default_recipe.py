"""The recipe where nobody chose one: by the kind of image, and never a guess."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import ArraySource
from calcannot.errors import RecipeError
from calcannot.model.image import Modality
from calcannot.segment.shipped import default_recipe


@pytest.mark.parametrize(
    ("pixels", "modality", "has_regions", "name"),
    [
        (np.zeros((4, 4, 3), np.uint8), None, False, "von-kossa"),
        (np.zeros((4, 4, 3), np.uint8), None, True, "von-kossa"),
        (np.zeros((4, 4), np.uint16), Modality.RADIOGRAPH, True, "radiograph-local"),
        (np.zeros((4, 4), np.uint16), Modality.RADIOGRAPH, False, "radiograph-global"),
    ],
)
def test_recipe_by_the_kind_of_image(pixels, modality, has_regions, name):
    info = ArraySource(pixels, name="x", modality=modality).info
    assert default_recipe(info, has_regions=has_regions).name == name


def test_a_grey_picture_of_unknown_kind_is_refused():
    with pytest.raises(RecipeError, match="does not say whether mineral is its dark or its bright side"):
        default_recipe(ArraySource(np.zeros((4, 4), np.uint8), name="x").info, has_regions=True)
