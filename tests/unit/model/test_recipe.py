"""Recipes: which are shipped, what identifies one, and that none can be changed."""

from __future__ import annotations

import json

import pytest

from calcannot import Recipe, load_recipe, recipe_names
from calcannot.model.recipe_file import recipe_from_dict

BASE = {"name": "x", "kind": "histology", "channel": "value", "threshold": 100}
FINGERPRINT = "4902bda6b5379915dc6328bcc98708eff0197cc50e41b0c8290e300aeb3c270e"


def changed(**fields):
    return {key: value for key, value in (BASE | fields).items() if value is not None}


def test_the_shipped_recipes():
    films = ("radiograph-global", "radiograph-local", "radiograph-top-hat")
    assert recipe_names() == ("alizarin-red", *films, "von-kossa", "von-kossa-stain")


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_are_valid_named_as_their_file_and_say_what_they_do(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert len(recipe.description) > 40
    assert recipe_from_dict(recipe.to_dict()) == recipe
    assert recipe_from_dict(json.loads(json.dumps(recipe.to_dict()))).fingerprint() == recipe.fingerprint()


def test_shipped_recipes_are_told_apart_by_their_fingerprint():
    assert len({load_recipe(name).fingerprint() for name in recipe_names()}) == len(recipe_names())


def test_a_fingerprint_is_stable():
    """Of a recipe written today: another number means that every record of the past names another recipe."""
    assert recipe_from_dict(BASE).fingerprint() == FINGERPRINT


def test_a_fingerprint_is_of_what_decides_pixels_and_of_nothing_else():
    fingerprint = recipe_from_dict(BASE).fingerprint()
    same = [
        changed(name="other"), changed(description="Says more."), changed(threshold=100.0), changed(mineral="dark"),
        changed(schema_version=1), changed(cleanup={}), changed(reference="image"), dict(reversed(BASE.items())),
    ]  # fmt: skip
    assert {recipe_from_dict(each).fingerprint() for each in same} == {fingerprint}
    others = [
        changed(threshold=101), changed(threshold="otsu"), changed(mineral="bright"), changed(channel="red"),
        changed(kind="radiograph"), changed(cleanup={"minimum_area": {"px": 5}}), changed(smoothing={"px": 1}),
        changed(reference="tissue"), changed(gate={"contrast": 0.5}), changed(threshold={"low": 0, "high": 100}),
        changed(**{"and": [{"channel": "red", "threshold": 5}]}),
        changed(**{"or": [{"channel": "red", "threshold": 5}]}),
    ]  # fmt: skip
    assert len({fingerprint} | {recipe_from_dict(each).fingerprint() for each in others}) == 1 + len(others)


def test_a_recipe_cannot_be_changed():
    recipe = load_recipe("von-kossa")
    with pytest.raises(ValueError, match="frozen"):
        recipe.threshold = 5


def test_a_threshold_set_by_hand_is_said_in_the_name():
    by_hand = load_recipe("von-kossa").with_threshold(90)
    assert (by_hand.name, by_hand.threshold, by_hand.core) == ("von-kossa (by hand)", 90.0, None)
    assert by_hand.with_threshold(91).name == "von-kossa (by hand)"
    assert recipe_from_dict(by_hand.to_dict()) == by_hand
    assert isinstance(by_hand, Recipe)


def test_the_published_schema_takes_the_shipped_recipes():
    """Every field of a shipped recipe is in the schema, and the schema takes no other."""
    schema = Recipe.model_json_schema(by_alias=True)
    assert schema["additionalProperties"] is False
    for name in recipe_names():
        assert set(load_recipe(name).to_dict()) <= set(schema["properties"])
