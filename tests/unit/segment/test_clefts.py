"""Clefts: found at their width, whatever the blur, and not where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcannot.segment.clefts import cleft, closing_sigma_px, filled, hidden_by_noise, reach_px, without_clefts


def slab(gap: int, blur: float) -> np.ndarray:
    """A block of height 100 with a vertical gap in the middle."""
    picture = np.zeros((120, 160))
    picture[20:100, 20:140] = 100
    picture[:, 80 : 80 + gap] = 0
    return ndimage.gaussian_filter(picture, blur)


@pytest.mark.parametrize("gap", [6, 8, 12])
@pytest.mark.parametrize("blur", [1.0, 2.0])
def test_a_cleft_has_its_width(gap, blur):
    picture = slab(gap, blur)
    found = cleft(picture, filled(picture, 8), 1.0)[60]
    assert found[:70].sum() == 0
    assert found[70:100].sum() == pytest.approx(gap, abs=1)


def test_a_gap_wider_than_the_octagon_is_no_cleft():
    picture = slab(30, 1.0)
    assert not cleft(picture, filled(picture, 8), 1.0)[60, 82:108].any()


def test_a_smooth_mound_has_no_clefts():
    rows, cols = np.mgrid[:120, :120] - 60
    mound = 100 * np.sqrt(np.clip(1 - (rows**2 + cols**2) / 50**2, 0, None))
    noise = np.random.default_rng(3).normal(0, 3, mound.shape)
    fine = ndimage.gaussian_filter(mound, 1.5) + noise
    closed = filled(ndimage.gaussian_filter(fine, 2), 8)
    inside = rows**2 + cols**2 < 48**2
    assert cleft(fine, closed, 3.0)[inside].mean() < 0.001
    assert np.abs(without_clefts(fine, closed, 3.0) - fine).max() < 15


def test_what_a_closing_looks_at_lies_within_its_reach():
    picture = np.random.default_rng(1).random((90, 100))
    for radius in (1, 3, 8.4):
        reach = reach_px(radius)
        whole = filled(picture, radius)
        part = filled(picture[40 - reach : 50 + reach, 45 - reach : 55 + reach], radius)
        np.testing.assert_array_equal(part[reach : reach + 10, reach : reach + 10], whole[40:50, 45:55])


def test_a_closing_never_lowers():
    picture = np.random.default_rng(2).random((60, 60))
    assert (filled(picture, 4) >= picture).all()


def test_the_noise_of_a_closing_does_not_fill_what_was_smoothed_further():
    noise = np.random.default_rng(4).normal(0, 1, (300, 300))
    residual = ndimage.gaussian_filter(noise, 6)
    closed = filled(ndimage.gaussian_filter(noise, closing_sigma_px(10, 6)), 10)
    sigma = float(residual.std())
    assert np.mean(without_clefts(residual, closed, sigma) != residual) < 0.001
    rough = filled(ndimage.gaussian_filter(noise, closing_sigma_px(10, 0)), 10)
    assert np.mean(without_clefts(residual, rough, sigma) != residual) > 0.05


def test_septa_are_hidden_where_the_film_was_smoothed_by_as_much_as_they_are_wide():
    assert closing_sigma_px(20, 0) == 5
    assert not hidden_by_noise(20, 5)
    assert hidden_by_noise(20, 5.5)
    assert not hidden_by_noise(0, 5.5)
