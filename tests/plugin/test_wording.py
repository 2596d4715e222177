"""Nobody who sits at the panel is told to type an option of the command line."""

import numpy as np
import pytest

from calcannot.errors import CalcannotError, RecipeError
from calcannot.io import ArraySource
from calcannot.model.recipe_lengths import Length
from calcannot.pipeline.analyse import NO_CALIBRATION, analyse
from calcannot.segment.shipped import default_recipe, load_recipe
from napari_calcannot.wording import in_the_panel, sentence


def grey(**options):
    return ArraySource(np.zeros((20, 20), np.uint16), name="a.png", **options)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: analyse(grey(), load_recipe("radiograph-local")),
        lambda: default_recipe(grey().info, has_regions=False),
        lambda: Length(um=3.0).in_px(None, "cleanup.open_radius"),
        lambda: load_recipe("no-such-recipe"),
    ],
    ids=["no region", "unknown kind", "no scale", "no recipe"],
)
def test_remedies_are_of_the_panel(wrong):
    with pytest.raises(CalcannotError) as caught:
        wrong()
    said = sentence(caught.value)
    assert "--" not in said
    assert "calcannot " not in said.removeprefix("calcannot ")


def test_warnings_too():
    assert "--" in NO_CALIBRATION
    assert "--" not in in_the_panel(NO_CALIBRATION)


def test_a_sentence_begins_with_a_capital_and_a_file_with_its_name():
    assert sentence(RecipeError("what is wrong")).startswith("What is wrong")
    assert sentence(RecipeError("what is wrong", path="a.toml")).startswith("a.toml")
