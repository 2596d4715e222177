"""Which pixels a stroke holds, against shapely and against tilings of a square."""

import numpy as np
import pytest
import shapely

from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.segment.polygons import inside


def stroke(ring) -> Stroke:
    return Stroke("drawn", StrokeKind.REGION, (np.asarray(ring, np.float64),))


def star(seed: int, points: int, centre: tuple[float, float], radius: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, points))
    reach = radius * rng.uniform(0.3, 1, points)
    return np.stack([centre[0] + reach * np.cos(angle), centre[1] + reach * np.sin(angle)], 1)


@pytest.mark.parametrize("seed", range(8))
def test_a_pixel_is_inside_where_its_centre_is(seed):
    ring = star(seed, 40, (60.3, 49.1), 45)
    polygon = shapely.Polygon(ring)
    mask = inside(stroke(ring), 0, 0, 100, 120)
    y, x = np.mgrid[:100, :120] + 0.5
    np.testing.assert_array_equal(mask, shapely.contains_xy(polygon, x, y))
    # A lattice point count is off the area by no more than the cells that the outline crosses.
    assert mask.sum() == pytest.approx(polygon.area, abs=0.5 * polygon.length)
    assert mask.sum() == pytest.approx(polygon.area, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_boxes_see_what_the_whole_image_sees(seed):
    drawn = stroke(star(seed, 30, (60, 50), 48))
    whole = inside(drawn, -10, -10, 130, 150)
    for row, col, height, width in [(-10, -10, 50, 70), (17, 33, 31, 29), (90, 0, 30, 140), (49, 59, 1, 1)]:
        part = inside(drawn, row, col, height, width)
        np.testing.assert_array_equal(part, whole[row + 10 : row + 10 + height, col + 10 : col + 10 + width])


@pytest.mark.parametrize("places", ["whole", "halves", "thirds"])
@pytest.mark.parametrize("seed", range(3))
def test_shapes_that_share_an_edge_share_no_pixel_and_miss_none(places, seed):
    """Triangles around a common point tile a square: every pixel of it is in one of them, centres on edges included."""
    rng = np.random.default_rng(seed)
    step = {"whole": 1.0, "halves": 0.5, "thirds": 1 / 3}[places]
    middle = np.round(rng.uniform(8, 24, 2) / step) * step
    corners = [(0, 0), (16, 0), (32, 0), (32, 16), (32, 32), (16, 32), (0, 32), (0, 16)]
    total = np.zeros((32, 32), int)
    for one, two in zip(corners, [*corners[1:], corners[0]], strict=True):
        total += inside(stroke([one, two, middle]), 0, 0, 32, 32)
    np.testing.assert_array_equal(total, 1)
