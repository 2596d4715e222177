"""The valley: found between two modes, refused where there is one mode and a tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from calcannot.segment.histogram import from_levels
from calcannot.segment.valley import find_valley

LEVELS = np.arange(256)


def mode(level: float, width: float, pixels: float) -> np.ndarray:
    return pixels * norm.pdf(LEVELS, level, width)


def edges(low: float, high: float, pixels: float) -> np.ndarray:
    """Blurred edges: as many pixels at each level between both sides."""
    return np.where((low < LEVELS) & (high > LEVELS), pixels / (high - low), 0)


def valley_of(counts: np.ndarray, seed: int | None = 0, least_contrast: float = 0.5):
    if seed is not None:
        counts = np.random.default_rng(seed).poisson(counts)
    histogram = from_levels(np.pad(np.rint(counts).astype(np.int64), (0, 65_536 - 256)), 0)
    return find_valley(histogram, low=0, high=255, least_contrast=least_contrast)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("mineral", "pixels"), [(20, 5000), (40, 5000), (60, 3000), (30, 800), (30, 100_000), (30, 900_000)]
)
def test_threshold_is_half_way_between_mineral_and_tissue(mineral, pixels, seed):
    counts = mode(mineral, 6, pixels) + edges(mineral, 230, 0.15 * pixels) + mode(230, 5, 1e6)
    valley = valley_of(counts, seed)
    assert valley.found
    assert valley.mineral_level == pytest.approx(mineral, abs=6)
    assert valley.tissue_level == pytest.approx(230, abs=3)
    assert valley.threshold == pytest.approx((mineral + 230) / 2, abs=6)
    assert valley.contrast == pytest.approx(1 - mineral / 230, abs=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_threshold_stays_short_of_the_nuclei(seed):
    """Nuclei darker than half-way: the threshold ends where they begin."""
    nuclei = mode(125, 12, 60_000)
    valley = valley_of(mode(25, 6, 8000) + edges(25, 230, 1500) + nuclei + mode(230, 5, 1e6), seed)
    assert valley.found
    assert 40 < valley.threshold < 105
    assert nuclei[: int(valley.threshold) + 1].sum() < 0.05 * nuclei.sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "counts",
    [
        mode(230, 5, 1e6),
        mode(230, 5, 1e6) + mode(200, 25, 3e5),
        mode(230, 5, 1e6) + mode(150, 30, 1e5),
        mode(230, 5, 1e6) + mode(120, 20, 5e4),
        mode(240, 2, 1e6),
        mode(230, 5, 1e6) + 4e4 * np.exp(-(230 - np.minimum(LEVELS, 230)) / 25) * (LEVELS < 230),
        np.full(256, 1000.0),
        np.full(256, 4.0),
    ],
    ids=["tissue", "pale nuclei", "wide nuclei", "dark nuclei", "glass", "falling tail", "flat", "flat and few"],
)
def test_tissue_alone_has_no_valley(counts, seed):
    assert not valley_of(counts, seed).found


@pytest.mark.parametrize(("depth", "found"), [(0.3, True), (0.75, False)])
def test_a_shallow_dip_is_no_valley_however_many_the_pixels(depth, found):
    """At most half as high as the lower mode: two hues of dark nuclei dip a little, mineral and tissue a lot."""
    counts = np.interp(LEVELS, [0, 30, 90, 230, 255], [0, 1, depth, 30, 0]) * 20_000
    assert valley_of(counts).found == found


def test_noise_of_a_few_pixels_is_no_mode():
    counts = mode(230, 5, 1e6)
    counts[20] = 6
    assert not valley_of(counts, None).found


@pytest.mark.parametrize(("least_contrast", "found"), [(0.5, True), (0.7, True), (0.85, False)])
def test_the_gate_is_one_minus_mineral_over_tissue(least_contrast, found):
    counts = mode(46, 6, 20_000) + edges(46, 230, 2000) + mode(230, 5, 1e6)  # contrast 0.8
    assert valley_of(counts, least_contrast=least_contrast).found == found


def test_twice_the_picture_has_the_same_threshold():
    counts = np.random.default_rng(1).poisson(mode(30, 6, 5000) + edges(30, 230, 900) + mode(230, 5, 1e6))
    assert valley_of(counts, None).threshold == pytest.approx(valley_of(2 * counts, None).threshold, abs=2)


@pytest.mark.parametrize("scale", [16, 257])
def test_levels_of_more_bits_scale(scale):
    """12 and 16 bits: the same picture, and the threshold at the same place to a bin."""
    counts = np.random.default_rng(1).poisson(mode(30, 6, 50_000) + edges(30, 230, 9000) + mode(230, 5, 1e6))
    wide = np.zeros(65_536, np.int64)
    wide[LEVELS * scale] = counts
    high = 255 * scale
    valley = find_valley(from_levels(wide, 0), low=0, high=high, least_contrast=0.5)
    assert valley.found
    assert valley.threshold / scale == pytest.approx(valley_of(counts, None).threshold, abs=1.5)


def test_an_empty_histogram_has_no_valley():
    assert not valley_of(np.zeros(256), None).found
