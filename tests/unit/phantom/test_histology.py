"""The rendered section against Beer-Lambert and against the formulas of its shapes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import ndimage

from calcannot.phantom.histology import SILVER_ODS, render_histology
from calcannot.phantom.histology_spec import COUNTERSTAINS, DISTRACTORS, HistologySpec
from calcannot.phantom.optics import GLASS_RGB, STAINS
from calcannot.phantom.shapes import Ellipse, Rectangle, disc

SMALL = HistologySpec(size_px=(128, 160), mineral_fraction=0.03)


@pytest.mark.parametrize("silver_od", SILVER_ODS)
@pytest.mark.parametrize("counterstain", COUNTERSTAINS)
def test_unmixing_with_the_same_vectors_returns_the_amounts(counterstain, silver_od):
    spec = dataclasses.replace(SMALL, counterstain=counterstain, silver_od=silver_od, psf_sigma_px=0, noise=0)
    phantom = render_histology(spec, seed=1)
    density = -np.log10(phantom.intensity / np.asarray(GLASS_RGB))
    vectors = np.array([STAINS["silver"], STAINS[counterstain]])
    unmixed = density @ np.linalg.pinv(vectors)
    pure = (phantom.coverage == 0) | (phantom.coverage == 1)
    for index, name in enumerate(("silver", counterstain)):
        np.testing.assert_allclose(unmixed[pure][:, index], phantom.amounts[name][pure], atol=1e-6)
    assert phantom.amounts["silver"].max() >= silver_od


def test_explicit_deposits_have_the_area_of_their_formula():
    shapes = (disc(40.2, 30.7, 12.0), Ellipse(80.1, 100.4, 30.0, 10.0, 30.0))
    phantom = render_histology(dataclasses.replace(SMALL, deposits=shapes, um_per_px=0.25))
    assert phantom.area_px == pytest.approx(math.pi * (144 + 300), rel=1e-12)
    assert phantom.area_um2 == pytest.approx(phantom.area_px / 16, rel=1e-12)
    assert phantom.coverage.sum() == pytest.approx(phantom.area_px, rel=1e-3)
    assert phantom.count == 2
    assert sorted(deposit.area_px for deposit in phantom.deposits) == pytest.approx([math.pi * 144, math.pi * 300])


def test_the_count_is_the_number_of_parts_even_after_six_pixels_less_two_of_dilation():
    phantom = render_histology(HistologySpec(size_px=(256, 256), mineral_fraction=0.04), seed=5)
    assert phantom.count == len(phantom.deposits) > 3
    grown = ndimage.binary_dilation(phantom.coverage > 0, np.ones((3, 3)), iterations=2)
    assert ndimage.label(grown, np.ones((3, 3)))[1] == phantom.count
    assert phantom.fraction == pytest.approx(0.04, abs=0.002)


@pytest.mark.parametrize("fraction", [0.2, 0.45])
def test_a_mass_reaches_the_fraction(fraction):
    phantom = render_histology(HistologySpec(size_px=(256, 256), mineral_fraction=fraction), seed=2)
    assert phantom.fraction == pytest.approx(fraction, rel=0.12)
    assert phantom.area_px == pytest.approx(phantom.coverage.sum(), rel=1e-3)
    assert max(deposit.area_px for deposit in phantom.deposits) > 0.8 * phantom.area_px


@pytest.mark.parametrize("tissue", [True, False])
def test_no_mineral_means_none(tissue):
    phantom = render_histology(dataclasses.replace(SMALL, mineral=False, tissue=tissue))
    assert (phantom.area_px, phantom.count, phantom.coverage.max()) == (0, 0, 0)
    if not tissue:
        np.testing.assert_allclose(phantom.rgb.mean(axis=(0, 1)), GLASS_RGB, atol=0.2)


def test_a_field_may_be_all_mineral():
    whole = Rectangle(63.5, 79.5, 200.0, 200.0)
    phantom = render_histology(dataclasses.replace(SMALL, deposits=(whole,)))
    assert phantom.area_px == 128 * 160
    assert phantom.rgb.max() < 80


def test_same_seed_same_bytes_and_other_seed_other_layout():
    spec = dataclasses.replace(SMALL, jpeg_quality=85)
    once, again, other = render_histology(spec, 7), render_histology(spec, 7), render_histology(spec, 8)
    np.testing.assert_array_equal(once.rgb, again.rgb)
    assert once.deposits == again.deposits != other.deposits


def test_stain_and_noise_move_no_deposit():
    other = dataclasses.replace(SMALL, counterstain="methyl-green", silver_od=0.9, noise=0, psf_sigma_px=2)
    assert render_histology(SMALL, 3).deposits == render_histology(other, 3).deposits


@pytest.mark.parametrize("name", DISTRACTORS)
def test_a_distractor_adds_no_mineral(name):
    plain = HistologySpec(size_px=(256, 256), mineral_fraction=0.04)
    phantom = render_histology(dataclasses.replace(plain, distractors=(name,)), seed=4)
    mask = phantom.distractor_masks[name]
    assert mask.any()
    if name == "cracks":
        assert phantom.area_px < render_histology(plain, seed=4).area_px
        assert phantom.count == render_histology(plain, seed=4).count
        assert phantom.area_px == pytest.approx(phantom.coverage.sum(), rel=1e-3)
    else:
        assert phantom.coverage[mask].max() == 0


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="no counterstain 'safranin'"):
        HistologySpec(counterstain="safranin")
    with pytest.raises(ValueError, match="no distractor 'hair'"):
        HistologySpec(distractors=("hair",))


@pytest.mark.parametrize("seed", range(12))
def test_the_last_grain_may_use_up_the_area_to_the_last_bit(seed):
    phantom = render_histology(HistologySpec(size_px=(128, 128), tissue=False, mineral_fraction=0.02), seed=seed)
    assert 0 < phantom.fraction <= 0.02 * (1 + 1e-9)
