"""Outlines: valid polygons along pixel edges that fill to the same mask again."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.runs.from_mask import runs_of_mask
from calcannot.runs.outlines import trace_outlines
from calcannot.segment.polygons import inside


def drawn(*rows):
    return np.array([[character == "#" for character in row] for row in rows])


def rings(*rows):
    """Rings of the first region, as lists of points."""
    return [[ring.tolist() for ring in polygon] for polygon in trace_outlines(runs_of_mask(drawn(*rows))).polygons(1)]


def area(ring):
    x, y = ring.T.astype(np.int64)
    return int(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def check(mask):
    runs = runs_of_mask(mask)
    labels = runs.labels(0, 0, *mask.shape)
    outlines = trace_outlines(runs)
    assert len(outlines) == labels.max(initial=0)
    for number, polygons in enumerate(outlines, start=1):
        shape = shapely.MultiPolygon([(polygon[0], polygon[1:]) for polygon in polygons])
        assert shape.is_valid, shapely.is_valid_reason(shape)
        assert shape.area == np.count_nonzero(labels == number)
        assert all(area(polygon[0]) > 0 > max(map(area, polygon[1:]), default=-1) for polygon in polygons)
        every = tuple(ring.astype(float) for polygon in polygons for ring in polygon)
        for ring in every:
            steps = np.roll(ring, -1, axis=0) - ring
            along_x = steps[:, 1] == 0
            assert (along_x != (steps[:, 0] == 0)).all()
            assert (along_x != np.roll(along_x, 1)).all(), "a corner where the outline does not turn"
        filled = inside(Stroke("a", StrokeKind.ADD, every), 0, 0, *mask.shape)
        np.testing.assert_array_equal(filled, labels == number)


def test_one_pixel_is_a_square_in_x_and_y():
    assert rings("   ", "  #") == [[[[2, 1], [3, 1], [3, 2], [2, 2]]]]


def test_a_hole_is_a_ring_of_its_own():
    outer, hole = rings("####", "#  #", "####")[0]
    assert outer == [[0, 0], [4, 0], [4, 3], [0, 3]]
    assert sorted(hole) == [[1, 1], [1, 2], [3, 1], [3, 2]]


def test_pixels_that_touch_at_a_corner_are_two_polygons():
    assert [len(polygon) for polygon in rings("# ", " #")] == [1, 1]


def test_holes_that_touch_at_a_corner_are_two_rings():
    assert [len(polygon) for polygon in rings("####", "# ##", "## #", "####")] == [3]


def test_a_ring_that_closes_at_a_corner_has_a_hole():
    # All pixels hang together by their sides; the inner space hangs together with the outside by a corner.
    rows = ("####", "#  #", "#  #", "### ")
    assert [len(polygon) for polygon in rings(*rows)] == [2]
    check(drawn(*rows))


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_every_mask_of_up_to_four_pixels(shape):
    for bits in range(2 ** (shape[0] * shape[1])):
        check(np.array([bits >> i & 1 for i in range(shape[0] * shape[1])], bool).reshape(shape))


def test_every_mask_of_three_by_four_pixels():
    for bits in range(2**12):
        check(np.array([bits >> i & 1 for i in range(12)], bool).reshape(3, 4))


@settings(max_examples=150, deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.booleans()))
def test_any_mask(mask):
    check(mask)


def test_a_large_mask_of_many_shapes():
    noise = np.random.default_rng(5).random((120, 150))
    check(noise < 0.4)
    check(noise < 0.8)
