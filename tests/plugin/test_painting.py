"""Strokes of the tools: which pixels they hold, and that they are polygons that a file can keep."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.segment.polygons import inside
from calcannot.store.geojson import read_annotations, to_geojson
from napari_calcannot.outlines import polygons_of
from napari_calcannot.painting import Hand, bounded, brush_rings, gap_rings, lasso_rings, pixel_ring

masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def drawn(polygons, height, width, row=0, col=0):
    found = np.zeros((height, width), np.bool_)
    for rings in polygons:
        part = inside(Stroke("s", StrokeKind.ADD, rings), row, col, height, width)
        assert not (found & part).any()
        found |= part
    return found


@settings(deadline=None, max_examples=200)
@given(mask=masks)
def test_outlines_hold_their_pixels_and_are_valid(mask, tmp_path_factory):
    polygons = polygons_of(mask, 5, 7)
    np.testing.assert_array_equal(drawn(polygons, *mask.shape, 5, 7), mask)
    if polygons:
        strokes = tuple(Hand("me").stroke(StrokeKind.ADD, rings) for rings in polygons)
        file = tmp_path_factory.mktemp("drawn") / "a.geojson"
        file.write_text(json.dumps(to_geojson(Annotations(strokes))), encoding="utf-8")
        back = read_annotations(file)  # refuses a polygon that crosses or touches itself along a line
        np.testing.assert_array_equal(drawn([s.rings for s in back.strokes], *mask.shape, 5, 7), mask)


def test_a_ring_has_an_outer_outline_and_a_hole():
    mask = np.ones((3, 3), np.bool_)
    mask[1, 1] = False
    ((outer, hole),) = polygons_of(mask)
    assert sorted(map(tuple, outer)) == [(0, 0), (0, 3), (3, 0), (3, 3)]
    assert sorted(map(tuple, hole)) == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_a_dab_has_the_area_of_its_circle():
    mask = drawn([brush_rings(np.array([[50.0, 50.0]]), 20.0)], 100, 100)
    assert mask.sum() == pytest.approx(np.pi * 400, rel=0.02)
    assert mask[50, 69]
    assert not mask[50, 71]


def test_a_brush_that_comes_back_to_itself_leaves_the_hole_open():
    angle = np.linspace(0, 2 * np.pi, 60)
    path = np.stack([50 + 30 * np.cos(angle), 50 + 30 * np.sin(angle)], axis=1)
    mask = drawn([brush_rings(path, 4.0)], 100, 100)
    assert mask[50, 80]
    assert not mask[50, 50]


def test_a_lasso_that_crosses_itself_holds_both_loops():
    eight = np.array([[0, 0], [40, 40], [40, 0], [0, 40]], np.float64)
    rings = lasso_rings(eight)
    mask = drawn(rings, 40, 40)
    assert len(rings) == 2
    assert mask.sum() == pytest.approx(800, abs=45)
    with pytest.raises(AnnotationError, match="encloses nothing"):
        lasso_rings(np.array([[0, 0], [5, 5]], np.float64))


def test_paint_bounded_by_darkness_takes_the_dark_pixels_only():
    dark = np.zeros((60, 60), np.bool_)
    dark[10:20, 10:50] = True
    rings = bounded([brush_rings(np.array([[30.0, 20.0]]), 8.0)],
                    lambda box: dark[box.row : box.last_row, box.col : box.last_col], (60, 60))  # fmt: skip
    mask = drawn(rings, 60, 60)
    assert mask.any()
    assert not (mask & ~dark).any()
    assert mask[19, 30]


def test_filling_takes_the_gap_and_no_more():
    mask = np.zeros((400, 400), np.bool_)
    mask[20:380, 20:380] = True
    mask[22:378, 22:378] = False

    def part(box):
        return mask[box.row : box.last_row, box.col : box.last_col]

    filled = drawn(gap_rings(200, 200, part, mask.shape), 400, 400)
    assert filled.sum() == 356 * 356
    with pytest.raises(AnnotationError, match="already"):
        gap_rings(20, 20, part, mask.shape)
    with pytest.raises(AnnotationError, match="encloses"):
        gap_rings(5, 5, part, mask.shape)


def test_a_mark_is_one_pixel():
    assert drawn([(pixel_ring(3, 5),)], 8, 8).nonzero() == (np.array([3]), np.array([5]))
