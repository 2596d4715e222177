"""The level at a lesion's edge: the blurred profile against a blurred picture, and shapes whose area is a formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcannot.segment.edge import blurred_areas, fit_edge

SIDE = 400
ROWS, COLS = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def shape_of(roundness: float, a: float, b: float, height: float = 100.0) -> np.ndarray:
    """(1 - r^(2/q))^½, or 1 where q is 0, in an ellipse of semi-axes a and b; the mean of 25 points of each pixel."""
    total = np.zeros((SIDE, SIDE))
    for down in np.arange(-2, 3) / 5:
        for right in np.arange(-2, 3) / 5:
            square = ((COLS + right) / a) ** 2 + ((ROWS + down) / b) ** 2
            inside = np.where(square < 1, square, 1.0)
            total += (np.sqrt(1 - inside ** (1 / roundness)) if roundness else square < 1) / 25
    return height * total


@pytest.mark.parametrize("roundness", [0, 0.3, 1])
@pytest.mark.parametrize("width", [0.02, 0.1])
def test_the_model_is_a_blurred_disc(roundness, width):
    radius = 120.0
    picture = ndimage.gaussian_filter(shape_of(roundness, radius, radius, 1.0), width * radius)
    levels = np.array([0.2, 0.4, 0.6, 0.8])
    modelled, at_edge = blurred_areas(roundness, width, levels, 0.0)
    counted = [(picture > level).sum() / (np.pi * radius**2) for level in levels]
    np.testing.assert_allclose(modelled, counted, atol=0.012)
    middle = picture[SIDE // 2]
    at_radius = np.interp(radius, COLS[SIDE // 2][SIDE // 2 :], middle[SIDE // 2 :])
    assert at_edge == pytest.approx(at_radius, abs=0.012)


def test_noise_moves_areas_as_it_moves_levels():
    """Pixels of one level, half of them lifted over it by noise of zero mean."""
    clean, _ = blurred_areas(0.0, 0.01, np.array([0.5]), 0.0)
    noisy, _ = blurred_areas(0.0, 0.01, np.array([1.0]), 0.1)
    assert clean[0] == pytest.approx(1, abs=0.02)
    assert noisy[0] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("roundness", [0.4, 0.7, 1.0])
@pytest.mark.parametrize(("a", "b"), [(40, 40), (60, 30), (100, 80)])
@pytest.mark.parametrize("blur", [2.0, 3.0])
def test_a_rounded_body_cut_at_the_level_of_its_edge_has_its_area(roundness, a, b, blur):
    picture = ndimage.gaussian_filter(shape_of(roundness, a, b), blur)
    edge = fit_edge(picture, sigma=0.5, peak=100, blur_px=blur, smoothing_px=0.0)
    assert edge is not None
    assert edge.roundness == pytest.approx(roundness, abs=0.2)
    assert edge.area_px == pytest.approx(np.pi * a * b, rel=0.025)
    assert (picture > edge.level).sum() == pytest.approx(np.pi * a * b, rel=0.025)


@pytest.mark.parametrize(("a", "b"), [(40, 40), (60, 30)])
@pytest.mark.parametrize("blur", [2.0, 3.0])
def test_a_plate_is_cut_half_way(a, b, blur):
    picture = ndimage.gaussian_filter(shape_of(0, a, b), blur)
    edge = fit_edge(picture, sigma=0.5, peak=100, blur_px=2.5, smoothing_px=0.0)
    assert edge is not None
    assert edge.roundness == 0
    assert (picture > edge.level).sum() == pytest.approx(np.pi * a * b, rel=0.02)


def test_nothing_above_noise_has_no_edge():
    noise = np.random.default_rng(0).normal(0, 1, (200, 200))
    assert fit_edge(noise, sigma=1.0, peak=3.0, blur_px=2.0, smoothing_px=0.0) is None
    assert fit_edge(np.zeros((50, 50)), sigma=0.1, peak=1.0, blur_px=2.0, smoothing_px=0.0) is None


def faint(roundness: float, seed: int, *, blur: float = 2.0, smoothing: float = 3.5) -> tuple[np.ndarray, float]:
    """A body of 60 x 56 px on a blurred film of white noise, smoothed until its height is 20 times the noise."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE)), smoothing)
    picture = ndimage.gaussian_filter(shape_of(roundness, 30, 28), np.hypot(blur, smoothing))
    return picture + noise * 5.0 / noise.std(), 5.0


@pytest.mark.parametrize("roundness", [0, 1])
def test_noise_does_not_make_a_plate_of_an_ellipsoid_nor_the_other_way_round(roundness):
    areas = []
    for seed in range(6):
        picture, sigma = faint(roundness, seed)
        edge = fit_edge(picture, sigma=sigma, peak=picture.max(), blur_px=2.0, smoothing_px=3.5)
        assert edge is not None
        assert edge.roundness == pytest.approx(roundness, abs=0.5)
        labels, _ = ndimage.label(picture > edge.level)
        areas.append(np.bincount(labels.ravel())[labels[SIDE // 2, SIDE // 2]] / (np.pi * 30 * 28))
    assert np.mean(areas) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(areas, 1, atol=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("roundness", [0, 1])
def test_the_stated_uncertainty_is_the_scatter_of_areas_over_films(roundness):
    edges = []
    for seed in range(16):
        picture, sigma = faint(roundness, seed)
        edges.append(fit_edge(picture, sigma=sigma, peak=picture.max(), blur_px=2.0, smoothing_px=3.5))
    scatter = np.std(np.log([edge.area_px for edge in edges]))
    assert 0.6 < scatter / np.median([edge.area_uncertainty for edge in edges]) < 1.6
