"""Strokes as GeoJSON: what QuPath writes is read, what cannot be meant is refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from calcannot import Annotations, ArraySource, Recipe, analyse, read_annotations
from calcannot.errors import AnnotationError
from calcannot.model.annotation import StrokeKind
from calcannot.model.image import Modality
from calcannot.segment.polygons import inside

SQUARE = [[2, 3], [12, 3], [12, 9], [2, 9], [2, 3]]
HOLE = [[4, 5], [8, 5], [8, 7], [4, 7], [4, 5]]


@pytest.fixture
def read(tmp_path):
    def read(content, **options) -> Annotations:
        path = tmp_path / "drawn.geojson"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_annotations(path, **options)

    return read


def feature(*rings, kind="Polygon", **properties):
    coordinates = [[list(rings)]] if kind == "MultiPolygon" else list(rings)
    if kind == "MultiPolygon":
        coordinates = [[ring] for ring in rings]
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def pixels_of(annotations, height=40, width=40) -> np.ndarray:
    (stroke,) = annotations.strokes
    return inside(stroke, 0, 0, height, width)


def test_feature_collection_list_feature_and_bare_geometry_are_read_alike(read):
    one = feature(SQUARE)
    for content in (collection(one), [one], one, one["geometry"]):
        mask = pixels_of(read(content))
        assert mask[3:9, 2:12].all()
        assert mask.sum() == 60


def test_a_hole_is_left_out(read):
    mask = pixels_of(read(feature(SQUARE, HOLE)))
    assert mask.sum() == 60 - 8
    assert not mask[5:7, 4:8].any()


def test_parts_of_a_multipolygon_are_one_stroke(read):
    other = [[20, 20], [22, 20], [22, 25], [20, 25], [20, 20]]
    mask = pixels_of(read(feature(SQUARE, other, kind="MultiPolygon")))
    assert mask.sum() == 60 + 10


def test_a_third_coordinate_and_an_open_ring_are_taken(read):
    ring = [[*point, 7] for point in SQUARE[:-1]]
    mask = pixels_of(read({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}))
    assert mask.sum() == 60


def test_byte_order_mark_is_taken(read):
    assert len(read("\ufeff" + json.dumps(feature(SQUARE))).strokes) == 1


@pytest.mark.parametrize(
    ("properties", "kind", "reason"),
    [
        ({}, StrokeKind.REGION, ""),
        ({"classification": {"name": "Tumor"}}, StrokeKind.REGION, ""),
        ({"classification": {"name": "Region*"}}, StrokeKind.REGION, ""),
        ({"classification": "Exclude"}, StrokeKind.EXCLUDE, "other"),
        ({"classification": {"name": "Ignore*"}}, StrokeKind.EXCLUDE, "other"),
        ({"classification": {"name": "Fold"}}, StrokeKind.EXCLUDE, "fold"),
        ({"classification": {"name": "INK"}}, StrokeKind.EXCLUDE, "ink"),
        ({"classification": {"name": "Add"}}, StrokeKind.ADD, ""),
        ({"classification": {"name": "Erase"}}, StrokeKind.ERASE, ""),
        ({"calcannot": {"class": "reject"}, "classification": {"name": "Region"}}, StrokeKind.REJECT, ""),
        ({"calcannot": {"class": "exclude", "reason": "dust"}}, StrokeKind.EXCLUDE, "dust"),
    ],
)
def test_classes(read, properties, kind, reason):
    (stroke,) = read(feature(SQUARE, **properties)).strokes
    assert (stroke.kind, stroke.reason) == (kind, reason)


def test_within_makes_every_shape_a_region_but_what_excludes(read):
    content = collection(
        feature(SQUARE, classification={"name": "Add"}),
        feature(SQUARE, classification={"name": "Tumor"}),
        feature(SQUARE, classification={"name": "Fold"}),
    )
    kinds = [stroke.kind for stroke in read(content, everything_is=StrokeKind.REGION).strokes]
    assert kinds == [StrokeKind.REGION, StrokeKind.REGION, StrokeKind.EXCLUDE]


def test_without_an_id_the_shape_is_the_identity(read):
    first, again = (read(feature(SQUARE)).strokes[0].id for _ in range(2))
    moved = read(feature([[x + 1, y] for x, y in SQUARE])).strokes[0].id
    assert first == again != moved


BOW_TIE = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (collection(feature(SQUARE), feature(BOW_TIE)), "feature 2 is not a valid polygon: Self-intersection"),
        (feature([[0, 0], [5, 5], [10, 10], [0, 0]]), "feature 1 is not a valid polygon"),
        (feature([[0, 0], [5, 5], [0, 0]]), "feature 1 has a ring of fewer than three points"),
        (feature(SQUARE, [[20, 20], [25, 20], [25, 25], [20, 20]]), "feature 1 is not a valid polygon"),
        (feature([[0, 0], [5, "x"], [5, 5], [0, 0]]), "feature 1 has a coordinate that is no pair of numbers"),
        (feature([[0, 0], [5], [5, 5], [0, 0]]), "feature 1 has a coordinate that is no pair of numbers"),
        (feature([[0, 0], [5, 1e300], [5, 5], [0, 0]]), "not a place in an image"),
        ('{"type":"Polygon","coordinates":[[[0,0],[NaN,5],[5,5],[0,0]]]}', "not a place in an image"),
        ('{"type":"Polygon","coordinates":[[[0,0],[Infinity,5],[5,5],[0,0]]]}', "not a place in an image"),
        (feature(), "feature 1 has no coordinates"),
        ({"type": "Feature", "geometry": {"type": "Circle", "coordinates": [1, 2]}}, "is a Circle, not a polygon"),
        ({"type": "Feature", "geometry": {"coordinates": [1, 2]}}, "is a shape without type, not a polygon"),
        ({"type": "Feature", "geometry": {"type": "Polygon"}}, "feature 1 has no coordinates"),
        ({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [5]}}, "feature 1"),
        ({"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": 5}}, "feature 1"),
        ({"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": []}}, "feature 1"),
        ({"type": "Feature", "geometry": [], "properties": []}, "feature 1"),
        ({"type": "Feature", "geometry": "x"}, "feature 1 is not a GeoJSON feature"),
        (collection({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}}), "holds no polygon"),
        (collection(), "holds no polygon"),
        ({"a": 1}, "is JSON but not GeoJSON"),
        ([1, 2], "is JSON but not GeoJSON"),
        ("5", "is JSON but not GeoJSON"),
        ("{", "is not GeoJSON"),
        ("[" * 100_000, "is not GeoJSON"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(read, content, message):
    with pytest.raises(AnnotationError, match=message) as refused:
        read(content)
    assert str(refused.value).startswith("drawn.geojson: ")
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_bytes_that_are_no_text_are_refused(tmp_path):
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_annotations(tmp_path / "none.geojson")
    (tmp_path / "x.geojson").write_bytes(b"\xff\xfe\x00\x01\x80")
    with pytest.raises(AnnotationError, match="is not GeoJSON"):
        read_annotations(tmp_path / "x.geojson")


RECIPE = Recipe(name="x", kind="radiograph", channel="intensity", mineral="bright", threshold=100.0)


@pytest.mark.parametrize("shift", [(100, 0), (0, 100), (-100, 0), (0, -100)])
def test_a_shape_outside_the_image_is_refused_by_analyse(read, shift):
    drawn = read(feature([[x + shift[0], y + shift[1]] for x, y in SQUARE], name="left flank"))
    source = ArraySource(np.zeros((50, 60), np.uint8), name="film.dcm", modality=Modality.RADIOGRAPH)
    with pytest.raises(AnnotationError, match="the region left flank lies outside the image") as refused:
        analyse(source, RECIPE, drawn)
    assert "60 x 50 px" in str(refused.value)


def test_a_shape_partly_outside_counts_inside(read):
    drawn = read(feature([[-5, -5], [10, -5], [10, 10], [-5, 10], [-5, -5]]))
    source = ArraySource(np.full((50, 60), 200, np.uint8), name="x", modality=Modality.RADIOGRAPH)
    assert analyse(source, RECIPE, drawn, workers=1).totals.calcified_area_px == 100


@pytest.mark.shared
def test_qupath_s_own_exports_are_read(shared_data):
    folder = shared_data / "annotations"
    polygons = {"brush", "ellipse", "polygon", "rectangle", "wand"}
    for path in sorted((folder / "wsidicom/qupath_geojson").glob("*.json")):
        name = path.stem.removeprefix("qupath-")
        if name in polygons:
            drawn = read_annotations(path)
            content = json.loads(path.read_text(encoding="utf-8"))
            content = content.get("features", [content]) if isinstance(content, dict) else content
            shapes = [shapely.from_geojson(json.dumps(each["geometry"])) for each in content]
            assert len(drawn.strokes) == len(shapes)
            for stroke, shape in zip(drawn.strokes, shapes, strict=True):
                x_min, y_min, x_max, y_max = shape.bounds
                assert stroke.bounds() == shape.bounds
                row, col = int(y_min), int(x_min)
                height, width = int(y_max - row) + 1, int(x_max - col) + 1
                if height * width < 4e6:
                    area = inside(stroke, row, col, height, width).sum()
                    assert area == pytest.approx(shape.area, abs=shape.length)
        else:
            with pytest.raises(AnnotationError, match="holds no polygon"):
                read_annotations(path)
    assert len(read_annotations(folder / "qupath/polygon.geojson").strokes) >= 1


@pytest.mark.parametrize(
    ("key", "value"), [("reach_px", -1), ("reach_px", "far"), ("peak_fraction", 1), ("peak_fraction", True)]
)
def test_a_click_whose_numbers_cannot_be_is_refused(read, key, value):
    damaged = feature([[0, 0], [4, 0], [4, 4]])
    damaged.setdefault("properties", {})["calcannot"] = {"class": "region", key: value}
    with pytest.raises(AnnotationError, match=f"has the {key}"):
        read(damaged)
