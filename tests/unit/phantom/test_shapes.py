"""Areas by formula against coverage, and the formulas against published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcannot.phantom.raster import centre_mask, coverage, level_coverage
from calcannot.phantom.shape import Union
from calcannot.phantom.shapes import Annulus, Ellipse, Lobulated, Rectangle, Stadium, disc

SHAPES = [
    disc(30.3, 31.7, 20.4),
    disc(12.1, 11.8, 6.0),
    Annulus(40.2, 39.9, 30.0, 12.0),
    Ellipse(45.3, 44.1, 40.0, 15.0, 33.0),
    Rectangle(45.3, 44.1, 30.5, 12.25, 71.0),
    Stadium(45.3, 44.1, 40.0, 12.0, 120.0),
    Lobulated(45.3, 44.1, 33.0, 0.2, 3, 15.0),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_coverage_sums_to_the_formula(shape):
    assert coverage([shape], (90, 90)).sum() == pytest.approx(shape.area_px2, rel=1e-3)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_centre_mask_is_within_the_reach(shape):
    rows, cols = np.nonzero(centre_mask([shape], (90, 90)))
    assert np.hypot(rows - shape.row_px, cols - shape.col_px).max() <= shape.reach_px + 1e-9


def test_edge_only_subdivision_equals_whole_subdivision():
    shape = Lobulated(45.3, 44.1, 30.0, 0.2, 5)
    whole = coverage([shape], (90, 90))
    offsets = (np.arange(16) + 0.5) / 16 - 0.5
    fine = (np.arange(90)[:, None] + offsets).ravel()
    brute = shape.contains(fine[:, None], fine[None, :]).reshape(90, 16, 90, 16).mean(axis=(1, 3))
    np.testing.assert_array_equal(whole, brute)


def test_overlapping_parts_count_once():
    pair = Union((disc(80.0, 80.0, 60.0), disc(80.0, 160.0, 60.0)))
    assert coverage([pair], (160, 240)).sum() == pytest.approx(20141.4814, rel=1e-4)
    np.testing.assert_array_equal(coverage([pair], (160, 240)), coverage(pair.parts, (160, 240)))


def test_a_shape_beyond_the_border_is_cut_off():
    assert coverage([Rectangle(-0.5, 10.0, 5.0, 3.0)], (20, 30)).sum() == pytest.approx(30.0)
    assert coverage([disc(-50.0, 0.0, 10.0)], (20, 30)).sum() == 0


@pytest.mark.parametrize(
    ("shape", "area", "perimeter"),
    [
        (Ellipse(0, 0, 25.0, 20.0), 1570.796, 141.808),
        (Ellipse(0, 0, 10.0, 15.0), 471.239, 79.327),
        (Lobulated(0, 0, 100.0, 0.15, 5), 31769.356, 709.395),
        (Lobulated(0, 0, 100.0, 0.2, 3), 32044.245, 681.984),
        (Lobulated(0, 0, 100.0, 0.1, 8), 31573.006, 719.365),
        (Rectangle(0, 0, 50.0, 40.0), 8000.0, 360.0),
        (Stadium(0, 0, 10.0, 1.0), 20 + math.pi, 20 + 2 * math.pi),
    ],
)
def test_formulas(shape, area, perimeter):
    assert shape.area_px2 == pytest.approx(area, abs=1e-3)
    assert shape.perimeter_px == pytest.approx(perimeter, abs=1e-3)


def test_widths_of_a_rectangle_differ_by_definition():
    shape = Rectangle(0, 0, 50.0, 40.0)
    assert (shape.feret_max_px, shape.feret_min_px, shape.width_px) == pytest.approx((128.06, 80, 124.94), abs=0.01)


def test_coverage_of_a_level_set_equals_the_area_inside_it():
    rows, cols = np.mgrid[:90, :90]
    covered = level_coverage(20.4 - np.hypot(rows - 44.3, cols - 45.7))
    assert covered.sum() == pytest.approx(math.pi * 20.4**2, rel=1e-3)
    # A bilinear field holds a straight edge exactly.
    assert level_coverage(cols[:5] - 9.75).sum(axis=1) == pytest.approx(90 - 10.25)
