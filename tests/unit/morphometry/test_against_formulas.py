"""Area, perimeter and Feret diameters of shapes whose values are formulas, on square pixels and on others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ellipe

from calcannot import Calibration, region_columns
from calcannot.model.calibration import CalibrationSource

ROW_UM, COL_UM = 2.0, 1.0
PIXELS = {"square": (1.0, 1.0), "tall 2:1": (2.0, 1.0), "wide 3:1": (1.0, 3.0)}
ANGLES = (0, 17, 30, 45, 71, 90)


def ellipse_perimeter(a: float, b: float) -> float:
    return 4 * a * ellipe(1 - (b / a) ** 2)


def raster(inside, pixel: tuple[float, float], reach_um: float, shift=(0.3, 0.2)) -> np.ndarray:
    """Mask of a shape given as a test of (y, x) in µm about its centre."""
    sizes = [math.ceil(2 * reach_um / size) + 6 for size in pixel]
    y, x = ((np.arange(n) - n / 2 + s) * size for n, s, size in zip(sizes, shift, pixel, strict=True))
    return inside(y[:, None], x[None, :])


def turned(y, x, degrees: float):
    t = math.radians(degrees)
    return y * math.cos(t) - x * math.sin(t), y * math.sin(t) + x * math.cos(t)


def ellipse(a: float, b: float, degrees: float):
    def inside(y, x):
        across, along = turned(y, x, degrees)
        return (along / a) ** 2 + (across / b) ** 2 <= 1

    return inside


def rectangle(length: float, width: float, degrees: float):
    def inside(y, x):
        across, along = turned(y, x, degrees)
        return (abs(along) <= length / 2) & (abs(across) <= width / 2)

    return inside


def only_region(measure_mask, mask, pixel):
    columns = region_columns(measure_mask(mask, Calibration(*pixel, CalibrationSource.USER)))
    assert len(columns["region"]) == 1
    return {name: column[0] for name, column in columns.items()}


@pytest.mark.parametrize("pixel", PIXELS.values(), ids=PIXELS.keys())
@pytest.mark.parametrize("degrees", ANGLES)
def test_ellipse(measure_mask, pixel, degrees):
    a, b = 90.0, 45.0
    region = only_region(measure_mask, raster(ellipse(a, b, degrees), pixel, a), pixel)
    assert region["area_um2"] == pytest.approx(math.pi * a * b, rel=0.005)
    # Four directions on pixels of 3:1 are unevenly spread, which costs a few per cent.
    assert region["perimeter_um"] == pytest.approx(ellipse_perimeter(a, b), rel=0.012 if pixel == (1, 1) else 0.05)
    within = 1.5 * max(pixel)
    assert region["feret_max_um"] == pytest.approx(2 * a, abs=within + 0.004 * a)
    assert region["feret_min_um"] == pytest.approx(2 * b, abs=within + 0.004 * a)
    assert region["width_um"] == pytest.approx(2 * b, abs=3 * within)


@pytest.mark.parametrize("pixel", PIXELS.values(), ids=PIXELS.keys())
@pytest.mark.parametrize("radius", [50.0, 100.0])
def test_disc(measure_mask, pixel, radius):
    region = only_region(measure_mask, raster(ellipse(radius, radius, 0), pixel, radius), pixel)
    assert region["area_um2"] == pytest.approx(math.pi * radius**2, rel=0.005)
    assert region["perimeter_um"] == pytest.approx(2 * math.pi * radius, rel=0.01 if pixel == (1, 1) else 0.03)
    assert region["circularity"] == pytest.approx(1, abs=0.02 if pixel == (1, 1) else 0.06)
    assert region["circularity"] <= 1
    assert region["solidity"] == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("pixel", PIXELS.values(), ids=PIXELS.keys())
@pytest.mark.parametrize("degrees", ANGLES)
def test_rectangle(measure_mask, pixel, degrees):
    length, width = 160.0, 80.0
    region = only_region(measure_mask, raster(rectangle(length, width, degrees), pixel, 90.0), pixel)
    diagonal = math.hypot(length, width)
    assert region["area_um2"] == pytest.approx(length * width, rel=0.02)
    # The worst case of four directions: straight sides, all in two directions.
    assert region["perimeter_um"] == pytest.approx(2 * (length + width), rel=0.06 if pixel == (1, 1) else 0.16)
    assert region["feret_max_um"] == pytest.approx(diagonal, abs=1.5 * max(pixel))
    assert region["feret_min_um"] == pytest.approx(width, abs=2 * max(pixel))
    assert region["width_um"] == pytest.approx(2 * length * width / diagonal, abs=3 * max(pixel))


def test_annulus_counts_its_hole_out_and_gives_the_filled_area_beside(measure_mask):
    def inside(y, x):
        return (y**2 + x**2 <= 80**2) & (y**2 + x**2 > 30**2)

    region = only_region(measure_mask, raster(inside, (1, 1), 80), (1, 1))
    assert region["area_um2"] == pytest.approx(math.pi * (80**2 - 30**2), rel=0.005)
    assert region["filled_area_um2"] == pytest.approx(math.pi * 80**2, rel=0.005)
    assert region["hole_count"] == 1
    assert region["perimeter_um"] == pytest.approx(2 * math.pi * (80 + 30), rel=0.01)


def test_two_overlapping_discs(measure_mask):
    def inside(y, x):
        return (y**2 + (x - 40) ** 2 <= 60**2) | (y**2 + (x + 40) ** 2 <= 60**2)

    region = only_region(measure_mask, raster(inside, (1, 1), 100), (1, 1))
    assert region["area_um2"] == pytest.approx(20141.4814, rel=0.005)
    assert region["perimeter_um"] == pytest.approx(552.1258, rel=0.012)
    assert region["feret_max_um"] == pytest.approx(200, abs=1.5)
    assert region["feret_min_um"] == pytest.approx(120, abs=1.5)
    assert region["solidity"] == pytest.approx(0.96326, abs=0.01)


@pytest.mark.parametrize(
    ("radius", "ripple", "n", "area", "perimeter", "feret_max", "feret_min"),
    [
        (100, 0.15, 5, 31769.356, 709.395, 221.428, 213.563),
        (100, 0.2, 3, 32044.245, 681.984, 221.009, 206.615),
        (100, 0.1, 8, 31573.006, 719.365, 220.000, 205.801),
    ],
)
def test_lobulated_outline(measure_mask, radius, ripple, n, area, perimeter, feret_max, feret_min):
    def inside(y, x):
        return np.hypot(y, x) <= radius * (1 + ripple * np.cos(n * np.arctan2(y, x)))

    region = only_region(measure_mask, raster(inside, (1, 1), 130), (1, 1))
    assert region["area_um2"] == pytest.approx(area, rel=0.005)
    assert region["perimeter_um"] == pytest.approx(perimeter, rel=0.012)
    assert region["feret_max_um"] == pytest.approx(feret_max, abs=1.9)
    assert region["feret_min_um"] == pytest.approx(feret_min, abs=1.9)


def test_without_calibration_lengths_are_in_px_and_micrometres_are_missing(measure_mask):
    columns = region_columns(measure_mask(raster(rectangle(20, 10, 0), (1, 1), 14)))
    physical = [name for name in columns if name.endswith(("_um", "_um2"))]
    assert len(physical) == 7
    assert all(np.isnan(columns[name]).all() for name in physical)
    assert columns["feret_max_px"][0] == pytest.approx(math.hypot(20, 10))
    assert columns["filled_area_px"][0] == columns["hull_area_px"][0] == columns["area_px"][0] == 200


@pytest.mark.parametrize("gap", [1, 2, 3, 5])
def test_separated_discs_are_counted_one_by_one(measure_mask, gap):
    y, x = np.ogrid[:17, :17]
    disc = (y - 8) ** 2 + (x - 8) ** 2 <= 64
    cell = np.pad(disc, ((0, gap), (0, gap)))
    assert measure_mask(np.tile(cell, (4, 6))).totals.region_count == 24


def test_mineral_is_8_connected_and_holes_are_4_connected(measure_mask):
    mask = np.array(
        [
            [1, 1, 1, 0, 0],
            [1, 0, 1, 0, 0],
            [1, 1, 0, 1, 0],
            [0, 0, 1, 1, 1],
            [0, 0, 1, 1, 1],
        ],
        bool,
    )
    columns = region_columns(measure_mask(np.pad(mask, 1)))
    # The background pixels (1, 1) and (2, 2) touch by a corner only: two holes, not one.
    assert columns["area_px"].tolist() == [mask.sum()]
    assert columns["hole_count"].tolist() == [2]
