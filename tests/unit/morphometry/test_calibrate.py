"""Pixel sizes from objects, against figures drawn from formulas and rendered films."""

import math

import numpy as np
import pytest

from calcannot.errors import CalibrationError
from calcannot.model.calibration import CalibrationPlane, CalibrationSource
from calcannot.morphometry.calibrate import ellipse_axes, from_height, from_line, from_outline
from calcannot.morphometry.object_edge import find_edge

RNG = np.random.default_rng(8)


def ellipse(long_px, short_px, turned_deg=0.0, count=40, centre=(300.0, 200.0), aspect=1.0, noise=0.0):
    t, turn = np.arange(count) * 2 * np.pi / count, math.radians(turned_deg)
    along, across = long_px / 2 * np.cos(t), short_px / 2 * np.sin(t)
    x = along * math.cos(turn) - across * math.sin(turn)
    y = along * math.sin(turn) + across * math.cos(turn)
    points = np.stack([centre[0] + x, centre[1] + y / aspect], axis=1)
    return points + noise * RNG.standard_normal(points.shape)


@pytest.mark.parametrize("turned", [0, 17, 45, 90, 133])
@pytest.mark.parametrize(("long_px", "short_px"), [(180.0, 180.0), (180.0, 150.0), (40.0, 12.0)])
def test_axes_of_an_ellipse(turned, long_px, short_px):
    found = ellipse_axes(ellipse(long_px, short_px, turned))
    assert found == pytest.approx((long_px, short_px, 0.0), abs=1e-6)


def test_axes_where_pixels_are_not_square():
    assert ellipse_axes(ellipse(180, 150, 30, aspect=2.5), 2.5)[:2] == pytest.approx((180, 150), abs=1e-6)


@pytest.mark.parametrize(
    "points",
    [[(0, 0), (1, 0), (0, 1)], [(k, k) for k in range(8)], [(0, 0)] * 6],
)
def test_points_on_no_ellipse_are_refused(points):
    with pytest.raises(CalibrationError):
        ellipse_axes(points)


def test_a_line_tells_the_pixel_size_and_how_sure_it_is():
    found = from_line([(10, 20), (310, 420)], 100_000.0)
    assert (found.um_per_px_row, found.um_per_px_col) == pytest.approx((200.0, 200.0))
    assert (found.source, found.plane) == (CalibrationSource.OBJECT_LINE, CalibrationPlane.OBJECT)
    # Two ends, each read to 1 px: 1.96 x sqrt(2) / 500 px.
    assert found.relative_uncertainty == pytest.approx(1.96 * math.sqrt(2) / 500)
    assert found.evidence.points == ((10, 20), (310, 420))


def test_a_line_over_pixels_that_are_not_square():
    # 300 columns and 200 rows that are twice as high as wide: 500 widths of a column.
    found = from_line([(0, 0), (300, 200)], 50_000.0, aspect=2.0)
    assert (found.um_per_px_row, found.um_per_px_col) == pytest.approx((200.0, 100.0))


def test_components_add_as_squares():
    found = from_line([(0, 0), (1000, 0)], 10_000.0, tolerance_um=100.0, height_share=0.01)
    parts = dict(found.evidence.components)
    assert parts["size of the object"] == pytest.approx(0.01) and parts["height"] == 0.01
    assert found.relative_uncertainty == pytest.approx(math.hypot(0.01, 0.01, 1.96 * math.sqrt(2) / 1000))


def test_a_coin_is_its_long_axis_and_a_ball_its_short_one():
    tilted = from_outline(ellipse(200, 170, 20), 20_000.0, "coin")
    drawn_out = from_outline(ellipse(204, 200, 20), 20_000.0, "ball")
    assert tilted.um_per_px_col == pytest.approx(100.0) and drawn_out.um_per_px_col == pytest.approx(100.0)
    with pytest.raises(CalibrationError, match="no ball"):
        from_outline(ellipse(200, 170), 20_000.0, "ball")
    with pytest.raises(CalibrationError, match="far from round"):
        from_outline([(k, k * k) for k in range(-4, 5)], 20_000.0, "coin")


def test_the_stated_interval_of_clicked_points_holds_the_truth():
    hits = 0
    for _ in range(200):
        found = from_outline(ellipse(150, 140, 30, count=8, noise=1.0), 15_000.0, "coin")
        hits += abs(found.um_per_px_col / 100 - 1) <= found.relative_uncertainty
    assert hits >= 180


@pytest.mark.parametrize(("sid", "height", "factor"), [(1000, 75, 1.0811), (1100, 75, 1.0732), (1100, 270, 1.3253)])
def test_a_height_divides_the_detectors_pixel_by_the_magnification(sid, height, factor):
    found = from_height((143.0, 160.0), height * 1e3, sid * 1e3)
    assert (found.um_per_px_row, found.um_per_px_col) == pytest.approx((143 / factor, 160 / factor), rel=1e-4)
    assert found.source is CalibrationSource.OBJECT_HEIGHT
    measured = from_height((143.0, 143.0), height * 1e3, sid * 1e3, height_error_um=10_000.0)
    assert measured.relative_uncertainty == pytest.approx(
        math.hypot(10 / (sid - height), 0.02 * (factor - 1)), rel=1e-3
    )


@pytest.mark.parametrize("height", [-1.0, 1100.0, 2000.0])
def test_a_height_outside_of_the_beam_is_refused(height):
    with pytest.raises(CalibrationError):
        from_height((143.0, 143.0), height * 1e3, 1.1e6)


@pytest.mark.parametrize("aspect", [1.0, 2.0])
def test_the_edge_of_a_disc_that_was_blurred_is_that_of_the_disc(aspect):
    from scipy import ndimage

    rows, cols = np.mgrid[: round(240 / aspect), :240]
    away = np.hypot(cols - 120.3, (rows - 118.7 / aspect) * aspect)
    disc = ndimage.gaussian_filter(1000 + 800 * np.clip(60.0 - away + 0.5, 0, 1), (1.5 / aspect, 1.5))
    edge = find_edge(disc + RNG.normal(0, 5, disc.shape), 130, 130 / aspect, aspect=aspect)
    long_px, short_px, _ = ellipse_axes(edge.points, aspect)
    # Points lie at 35 % of the way up; the true edge at 50 % is within the stated half-width.
    assert abs(long_px - 120) < 2 * edge.half_width_px + 0.3 and abs(short_px - 120) < 2 * edge.half_width_px + 0.3
    assert edge.half_width_px < 1.0


@pytest.mark.parametrize("place", [(10.0, 10.0), (500.0, 5.0), (-1.0, 5.0)])
def test_where_there_is_no_object_none_is_found(place):
    with pytest.raises(CalibrationError):
        find_edge(RNG.normal(100, 3, (100, 100)), *place)
