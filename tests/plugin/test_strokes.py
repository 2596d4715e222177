"""Strokes to shapes and back: half a pixel, single precision, holes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.segment.polygons import inside
from calcannot.store.geojson import read_annotations
from napari_calcannot.painting import Hand
from napari_calcannot.strokes import annotations_from, ring_to_vertices, shapes_from, vertices_to_ring

SQUARE = np.array([(2.0, 3.0), (12.0, 3.0), (12.0, 9.0), (2.0, 9.0)])

coordinates = st.floats(-50, 100_000, allow_nan=False).map(lambda x: round(x, 3))
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12).map(np.array)


def back(shapes, features, previous, types=None):
    return annotations_from(shapes, types or ["polygon"] * len(shapes), features, previous, Hand("me"))


@given(rings)
def test_there_and_back(ring):
    np.testing.assert_allclose(vertices_to_ring(ring_to_vertices(ring)), ring, rtol=0, atol=1e-9)


@given(rings)
def test_untouched_shapes_give_back_the_very_strokes(ring):
    drawn = Annotations((Stroke("a", StrokeKind.REGION, (ring,), author="B", time="2020"),))
    shapes, features = shapes_from(drawn)
    kept = [shape.astype(np.float32) for shape in shapes]  # as napari keeps them
    assert back(kept, features, drawn)[0] is drawn


def test_first_pixel_is_centred_on_zero():
    ring = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    corners = [[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]]
    np.testing.assert_array_equal(ring_to_vertices(ring), corners)


def test_rows_and_columns_are_not_swapped():
    """A shape drawn around the pixel (row 2, column 7) takes in that pixel and no other."""
    drawn = np.array([(1.6, 6.6), (1.6, 7.4), (2.4, 7.4), (2.4, 6.6)])
    annotations, _ = back(
        [drawn], {"id": [""], "ring": [0], "kind": ["region"], "name": [""], "reason": [""]}, Annotations()
    )
    mask = inside(annotations.strokes[0], 0, 0, 10, 10)
    assert np.argwhere(mask).tolist() == [[2, 7]]


def test_a_moved_shape_keeps_id_name_and_author():
    drawn = Annotations((Stroke("a", StrokeKind.EXCLUDE, (SQUARE,), reason="ink", name="n", author="B"),))
    shapes, features = shapes_from(drawn)
    moved, ids = back([shapes[0] + 1], features, drawn)
    (stroke,) = moved.strokes
    assert ids == ["a"]
    assert (stroke.kind, stroke.reason, stroke.name, stroke.author) == (StrokeKind.EXCLUDE, "ink", "n", "B")
    np.testing.assert_array_equal(stroke.rings[0], SQUARE + 1)


def test_holes_survive():
    hole = np.array([(5.0, 5.0), (6.0, 5.0), (6.0, 6.0)])
    drawn = Annotations((Stroke("a", StrokeKind.REGION, (SQUARE, hole)),))
    shapes, features = shapes_from(drawn)
    assert len(shapes) == 2
    assert back(shapes, features, drawn)[0] is drawn
    moved, _ = back([shapes[0], shapes[1] + 0.5], features, drawn)
    assert len(moved.strokes) == 1
    assert moved.strokes[0].rings[0] is SQUARE


def test_a_pasted_copy_is_a_region_of_its_own_and_cuts_no_hole():
    drawn = Annotations((Stroke("a", StrokeKind.REGION, (SQUARE,)),))
    shapes, features = shapes_from(drawn)
    twice = {name: column * 2 for name, column in features.items()}
    result, ids = back([shapes[0], shapes[0] + 3], twice, drawn)
    assert len(result.strokes) == 2
    assert ids[0] == "a"
    assert ids[1] != "a"


def test_other_strokes_are_kept_and_lines_enclose_nothing():
    added = Stroke("b", StrokeKind.ADD, (SQUARE,))
    previous = Annotations((added, Stroke("a", StrokeKind.REGION, (SQUARE,))))
    features = {"id": [""], "ring": [0], "kind": ["region"], "name": [""], "reason": [""]}
    result, _ = back([np.array([(0, 0), (5, 5)])], features, previous, ["line"])
    assert result.strokes == (added,)
    assert result.regions == ()


def test_an_ellipse_becomes_a_polygon_of_its_area():
    box = np.array([(0.0, 0.0), (0.0, 40.0), (20.0, 40.0), (20.0, 0.0)])
    features = {"id": [""], "ring": [0], "kind": ["region"], "name": [""], "reason": [""]}
    result, _ = back([box], features, Annotations(), ["ellipse"])
    assert Polygon(result.strokes[0].rings[0]).area == pytest.approx(np.pi * 20 * 10, rel=0.002)


def test_an_outline_that_crosses_itself_is_refused():
    bow = np.array([(0.0, 0.0), (10.0, 10.0), (0.0, 10.0), (10.0, 0.0)])
    with pytest.raises(AnnotationError, match="crosses itself"):
        back([bow], {"id": [""], "ring": [0], "kind": ["region"], "name": [""], "reason": [""]}, Annotations())


def test_regions_of_the_sample_case(sample_case):
    drawn = read_annotations(sample_case / "annotations" / "radiograph.dcm.geojson")
    shapes, features = shapes_from(drawn)
    assert features["name"] == ["lesion 1", "lesion 2"]
    assert back(shapes, features, drawn)[0] is drawn
