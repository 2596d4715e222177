"""What is saved comes back as it was."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from calcannot import Annotations, Calibration, Recipe, read_annotations, region_columns
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.recipe import Cleanup, Gate, LocalBackground
from calcannot.model.recipe_file import load_recipe_file
from calcannot.model.recipe_lengths import Area, Length
from calcannot.model.recipe_rules import Interval, Method, Rule, Stain
from calcannot.store.geojson import to_geojson
from calcannot.store.geojson_feature import EXCLUDE_REASONS
from calcannot.store.masks import write_mask
from calcannot.store.regions_writer import write_regions

FAST = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n/\\", exclude_categories=["Cs", "Cc"]), max_size=30)
LEVELS = st.floats(-1e4, 7e4, allow_nan=False).map(lambda v: round(v, 6))
SIZES = st.floats(0, 1e6).map(lambda v: round(v, 6))
CHANNELS = st.sampled_from(["red", "green", "blue", "grey", "value", "minimum", "lightness", "a*", "b*", "hue", "od"])
STAINS = st.builds(
    Stain,
    vectors=st.sampled_from(
        [("silver", "nuclear-fast-red"), ("haematoxylin", "eosin", "dab"), ((0.1, 0.2, 0.9), "silver")]
    ),
    index=st.integers(0, 1),
    quantity=st.sampled_from(["amount", "transmittance"]),
)
INTERVALS = st.tuples(LEVELS, LEVELS).map(lambda pair: Interval(low=min(pair), high=max(pair)))
RULES = st.builds(
    Rule,
    channel=CHANNELS | STAINS,
    mineral=st.sampled_from(["dark", "bright"]),
    threshold=LEVELS | INTERVALS | st.sampled_from(Method),
)
LENGTHS = st.builds(Length, um=SIZES) | st.builds(Length, px=SIZES) | st.builds(Length, um=SIZES, px=SIZES)
AREAS = st.builds(Area, um2=SIZES) | st.builds(Area, px=SIZES)
SHARED = {
    "name": TEXT.filter(bool),
    "description": st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40),
    "mineral": st.sampled_from(["dark", "bright"]),
    "smoothing": st.none() | LENGTHS,
    "cleanup": st.builds(
        Cleanup,
        fill_holes_up_to=st.none() | AREAS,
        open_radius=st.none() | LENGTHS,
        minimum_area=st.none() | AREAS,
    ),
    "gate": st.none() | st.builds(Gate, contrast=st.floats(0, 1)),
}
RECIPES = st.builds(
    Recipe,
    **SHARED,
    kind=st.just("histology"),
    channel=CHANNELS | STAINS,
    threshold=LEVELS | INTERVALS | st.sampled_from(Method),
    and_rules=st.lists(RULES, max_size=2).map(tuple),
    or_rules=st.lists(RULES, max_size=2).map(tuple),
    reference=st.sampled_from(["tissue", "roi", "image"]),
) | st.builds(
    Recipe,
    **SHARED,
    kind=st.just("radiograph"),
    channel=st.just("intensity"),
    background=st.builds(LocalBackground, rim=LENGTHS, k_sigma=st.floats(0.5, 20)),
    reference=st.sampled_from(["roi", "image"]),
)


def as_toml(value: object) -> str:
    """A value of TOML; JSON's strings are TOML's but for the delete character."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(key)} = {as_toml(each)}" for key, each in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(as_toml, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f") if value.isascii() else basic(value)
        case bool():
            return str(value).lower()
    return repr(value)


def basic(text: str) -> str:
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text) + '"'


@FAST
@given(recipe=RECIPES)
def test_recipes_come_back_from_json_and_toml(recipe, tmp_path):
    content = recipe.to_dict()
    texts = {
        "json": json.dumps(content, ensure_ascii=False),
        "toml": "".join(f"{json.dumps(key)} = {as_toml(value)}\n" for key, value in content.items()),
    }
    for suffix, text in texts.items():
        path = tmp_path / f"recipe.{suffix}"
        path.write_bytes(text.encode())
        again = load_recipe_file(path)
        assert again == recipe
        assert again.fingerprint() == recipe.fingerprint()


def rectangle(x: float, y: float, width: float, height: float) -> np.ndarray:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


PLACES = st.floats(-1000, 1e6)
SIDES = st.floats(4, 1000)


@st.composite
def strokes(draw):
    x, y, width, height = draw(PLACES), draw(PLACES), draw(SIDES), draw(SIDES)
    rings = [rectangle(x, y, width, height)]
    if draw(st.booleans()):
        rings.append(rectangle(x + width / 4, y + height / 4, width / 2, height / 3))
    if draw(st.booleans()):
        rings[0] = rings[0][::-1]
    kind = draw(st.sampled_from(StrokeKind))
    reason = draw(st.sampled_from(EXCLUDE_REASONS)) if kind is StrokeKind.EXCLUDE else ""
    any_text = st.text(st.characters(codec="utf-8"), max_size=12)
    return Stroke(
        id=draw(any_text.filter(bool)),
        kind=kind,
        rings=tuple(rings),
        reason=reason,
        name=draw(any_text),
        author=draw(any_text),
        time=draw(st.datetimes().map(lambda t: t.isoformat())),
    )


@FAST
@given(drawn=st.lists(strokes(), min_size=1, max_size=4))
def test_strokes_come_back_from_geojson(drawn, tmp_path):
    path = tmp_path / "strokes.geojson"
    path.write_text(json.dumps(to_geojson(Annotations(tuple(drawn))), ensure_ascii=False), encoding="utf-8")
    again = read_annotations(path).strokes
    for before, after in zip(drawn, again, strict=True):
        for field in ("id", "kind", "reason", "name", "author", "time"):
            assert getattr(after, field) == getattr(before, field)
        for ring, its in zip(before.rings, after.rings, strict=True):
            np.testing.assert_array_equal(its, ring)
    rewritten = to_geojson(Annotations(again))
    assert rewritten == to_geojson(Annotations(tuple(drawn)))


MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


@FAST
@given(mask=MASKS, calibrated=st.booleans())
def test_masks_come_back_from_ome_tiff(mask, calibrated, measure_mask, tmp_path):
    size = Calibration(0.25, 0.5, CalibrationSource.USER) if calibrated else None
    write_mask(tmp_path / "mask.ome.tif", measure_mask(mask).runs, size)
    with tifffile.TiffFile(tmp_path / "mask.ome.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), mask.astype(np.uint8))
        assert tiff.asarray().dtype == np.uint8
        assert tiff.pages[0].is_tiled
        assert ('PhysicalSizeX="0.5"' in tiff.ome_metadata) == calibrated
        assert ('PhysicalSizeY="0.25"' in tiff.ome_metadata) == calibrated


@FAST
@given(mask=MASKS, calibrated=st.booleans(), name=TEXT.filter(bool))
def test_columns_come_back_from_regions_csv(mask, calibrated, name, measure_mask, tmp_path):
    size = Calibration(0.25, 0.5, CalibrationSource.USER) if calibrated else None
    columns = region_columns(measure_mask(mask, size))
    write_regions(tmp_path / "regions.csv", name, [columns])
    with (tmp_path / "regions.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["image", *columns]
    assert len(rows) == len(columns["region"])
    for i, row in enumerate(rows):
        assert row[0] == name
        for text, (column, values) in zip(row[1:], columns.items(), strict=True):
            if values.dtype.kind == "b":
                assert text == ("true" if values[i] else "false")
            elif math.isnan(values[i]):
                assert text == "", column
            else:
                assert float(text) == pytest.approx(float(values[i]), rel=1e-9, abs=1e-300)
