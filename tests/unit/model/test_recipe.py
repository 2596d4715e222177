"""Recipes: what is valid, what identifies one, and what is refused by the name of its field."""

from __future__ import annotations

import json

import pytest

from calcannot import ArraySource, Calibration, Recipe, analyse, load_recipe, recipe_names
from calcannot.errors import RecipeError
from calcannot.model.calibration import CalibrationSource
from calcannot.model.recipe import Area, Length, load_recipe_file, recipe_from_dict

BASE = {"name": "x", "kind": "histology", "channel": "value", "threshold": 100}
FILM = {"name": "x", "kind": "radiograph", "channel": "intensity", "background": {"rim": {"um": 6000}}}
FINGERPRINT = "4902bda6b5379915dc6328bcc98708eff0197cc50e41b0c8290e300aeb3c270e"
SIZE = Calibration(0.5, 2.0, CalibrationSource.USER)


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed(treshold=5), "the recipe has an unknown field treshold"),
        (changed(cleanup={"minimum_size": 5}), "unknown field cleanup.minimum_size"),
        (changed(cleanup={"minimum_area": {"um": 5}}), "cleanup.minimum_area"),
        (changed(channel="ultraviolet"), "recipe field channel"),
        (changed(threshold="huang"), "recipe field threshold"),
        (changed(threshold=None), "give either a threshold or a background"),
        (changed(threshold={"low": 9, "high": 3}), "low is above high"),
        (changed(threshold=float("nan")), "recipe field threshold"),
        (changed(threshold=float("inf")), "recipe field threshold"),
        (changed(threshold={"low": float("nan"), "high": 3}), "recipe field threshold"),
        (changed(threshold=[1, 2]), "recipe field threshold"),
        (changed(mineral="grey"), "recipe field mineral"),
        (changed(kind="sculpture"), "recipe field kind"),
        (changed(kind=None), "recipe field kind"),
        (changed(name=""), "recipe field name"),
        (changed(name="a/b"), "recipe field name"),
        (changed(name="a\nb"), "recipe field name"),
        (changed(name="x" * 81), "recipe field name"),
        (changed(smoothing={}), "give um, px, or both"),
        (changed(smoothing={"um": -1}), "recipe field smoothing.um"),
        (changed(smoothing={"px": float("inf")}), "recipe field smoothing.px"),
        (changed(gate={"contrast": 1.5}), "recipe field gate.contrast"),
        (changed(core=0.5), "core belongs to the threshold valley"),
        (changed(threshold="valley", core=0), "recipe field core"),
        (changed(reference="tissue", kind="radiograph"), "reference = tissue is for histology"),
        (changed(background={"rim": {"px": 5}}), "give either a threshold or a background"),
        (FILM | {"kind": "histology"}, "background belongs to a radiograph recipe"),
        (FILM | {"and": [{"channel": "intensity", "threshold": 5}]}, "background belongs to a radiograph recipe"),
        (FILM | {"background": {"rim": {"px": 5}, "k_sigma": 0}}, "recipe field background.k_sigma"),
        (changed(channel={"vectors": ["silver"]}), "recipe field channel"),
        (changed(channel={"vectors": ["silver", "eosin"], "index": 3}), "recipe field channel"),
        (changed(schema_version=2), "the recipe has schema version 2, this calcannot knows up to 1"),
        (changed(schema_version=0), "recipe field schema_version"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_in_one_line(content, message):
    with pytest.raises(RecipeError, match=message) as refused:
        recipe_from_dict(content)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.toml", b"name = ", "r.toml: the recipe is not TOML or JSON"),
        ("r.json", b"{", "r.json: the recipe is not TOML or JSON"),
        ("r.toml", b"\xff\xfe\x00", "r.toml: the recipe is not text in UTF-8"),
        ("r.json", b"[1, 2]", "r.json: "),
        ("r.json", b'{"a":' * 50_000, "r.json: the recipe is not TOML or JSON"),
        ("r.json", b'{"threshold": NaN, "name": "x", "kind": "histology", "channel": "red"}', "recipe field threshold"),
        ("r.toml", b'threshold = nan\nname = "x"\nkind = "histology"\nchannel = "value"', "recipe field threshold"),
        ("r.toml", b"", "r.toml: recipe field"),
    ],
)  # fmt: skip
def test_files_that_are_no_recipe(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        load_recipe_file(tmp_path / name)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(RecipeError, match="the recipe cannot be read"):
        load_recipe_file(tmp_path / "none.toml")
    with pytest.raises(RecipeError, match="the recipe cannot be read"):
        load_recipe_file(tmp_path)
    with pytest.raises(RecipeError, match=r"there is no recipe named 'von kossa'\. Choose one of alizarin-red, "):
        load_recipe("von kossa")


def test_a_recipe_of_ones_own_is_found_by_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "µ"\nkind = "histology"\nchannel = "value"\nthreshold = 100\n', encoding="utf-8")
    assert load_recipe(path) == load_recipe(str(path)) == recipe_from_dict(BASE | {"name": "µ"})


def test_a_recipe_cannot_be_changed():
    recipe = load_recipe("von-kossa")
    with pytest.raises(ValueError, match="frozen"):
        recipe.threshold = 5


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
