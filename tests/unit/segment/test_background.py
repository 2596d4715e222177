"""The surface under a lesion: a polynomial comes back, and noise, a lesion in the rim and outliers do not move it."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.errors import RecipeError
from calcannot.segment.background import fit_surface, surface_at

SHAPE = (90, 120)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
PLAIN = 900 + 1.5 * ROWS - 0.7 * COLS + 0.01 * ROWS**2 - 0.004 * ROWS * COLS + 0.006 * COLS**2
DISC = (ROWS - 45) ** 2 + (COLS - 60) ** 2 <= 20**2


def fitted(values, region=None, *, k_sigma=5.0, peak_fraction=0.15, rim=12.0, row=0, col=0):
    region = np.ones(values.shape, bool) if region is None else region
    return fit_surface(
        values, region, rim, k_sigma, peak_fraction, smoothing_sigma_px=0.0, name="lesion", row=row, col=col
    )


def test_a_polynomial_comes_back_from_its_rim():
    surface = fitted(PLAIN + 300 * DISC)
    np.testing.assert_allclose(surface_at(surface, 0, 0, *SHAPE), PLAIN, atol=1e-6)
    assert surface.peak == pytest.approx(300, abs=1e-6)
    assert surface.threshold == pytest.approx(45, abs=1e-6)
    assert surface.peak_fraction == pytest.approx(0.15)


def test_the_place_in_the_image_changes_nothing_but_the_place():
    here, there = fitted(PLAIN + 300 * DISC), fitted(PLAIN + 300 * DISC, row=1000, col=77)
    np.testing.assert_allclose(surface_at(there, 1000, 77, *SHAPE), surface_at(here, 0, 0, *SHAPE), atol=1e-6)
    part = surface_at(there, 1010, 80, 5, 7)
    np.testing.assert_array_equal(part, surface_at(there, 1000, 77, *SHAPE)[10:15, 3:10])


@pytest.mark.parametrize("sigma", [1.0, 5.0, 20.0])
def test_sigma_is_the_noise(sigma):
    noise = np.random.default_rng(1).normal(0, sigma, SHAPE)
    surface = fitted(PLAIN + noise, k_sigma=5.0)
    assert surface.sigma == pytest.approx(sigma, rel=0.06)
    assert surface.threshold == pytest.approx(5 * surface.sigma, rel=1e-9)
    np.testing.assert_allclose(surface_at(surface, 0, 0, *SHAPE), PLAIN, atol=0.5 * sigma)


def test_a_lesion_that_reaches_into_the_rim_is_left_out():
    values = PLAIN + np.random.default_rng(1).normal(0, 3, SHAPE)
    values[40:60, 0:60] += 200
    surface = fitted(values)
    np.testing.assert_allclose(surface_at(surface, 0, 0, *SHAPE), PLAIN, atol=5)
    assert surface.sigma == pytest.approx(3, rel=0.15)
    assert surface.rim_edge_ratio > 0.04
    assert fitted(PLAIN + np.random.default_rng(1).normal(0, 3, SHAPE)).rim_edge_ratio < 0.04


def test_nothing_above_the_threshold_has_no_peak_fraction():
    surface = fitted(PLAIN + np.random.default_rng(1).normal(0, 3, SHAPE))
    assert surface.peak < surface.threshold
    assert surface.peak_fraction == 1.0


def test_only_the_region_counts():
    region = (ROWS - 45) ** 2 + (COLS - 60) ** 2 <= 40**2
    values = np.where(region, PLAIN + 300 * DISC, 1e6)
    surface = fitted(values, region)
    np.testing.assert_allclose(surface_at(surface, 0, 0, *SHAPE)[region], PLAIN[region], atol=1e-4)


@pytest.mark.parametrize(("region", "rim"), [(np.ones((6, 6), bool), 1.0), (np.ones((40, 40), bool), 30.0)])
def test_a_region_that_is_all_rim_or_too_small_is_refused_by_name(region, rim):
    with pytest.raises(RecipeError, match=r"the region lesion is too small for a rim of \d+ px\. Draw it wider"):
        fitted(np.zeros(region.shape), region, rim=rim)
