"""Recipes from files and plain values: what is wrong is named in one line."""

from __future__ import annotations

import pytest

from calcannot import load_recipe
from calcannot.errors import RecipeError
from calcannot.model.recipe_file import load_recipe_file, recipe_from_dict

BASE = {"name": "x", "kind": "histology", "channel": "value", "threshold": 100}
FILM = {"name": "x", "kind": "radiograph", "channel": "intensity", "background": {"rim": {"um": 6000}}}


def changed(**fields):
    return {key: value for key, value in (BASE | fields).items() if value is not None}


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
