"""The 95 % interval of an area: each component by hand, together against rendered sections."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from calcannot import ArraySource, Calibration, Recipe, analyse, load_recipe, open_image
from calcannot.model.calibration import CalibrationSource
from calcannot.model.recipe_rules import Stain
from calcannot.phantom.histology import render_histology
from calcannot.phantom.histology_spec import COUNTERSTAINS, HistologySpec

if TYPE_CHECKING:
    from calcannot.model.analysis import Totals

SAMPLES = Path(__file__).resolve().parents[3] / "sample_images"
DARK = Recipe(name="dark", kind="histology", channel="value", mineral="dark", threshold=100.0, reference="image")


def scaled(share: float | None) -> Calibration:
    return Calibration(1000.0, 1000.0, CalibrationSource.USER, relative_uncertainty=share)


def disc(radius: float, row: float, col: float, size: int) -> np.ndarray:
    rows, cols = np.mgrid[:size, :size]
    return (rows - row) ** 2 + (cols - col) ** 2 <= radius**2


def sharp(mask: np.ndarray, calibration: Calibration | None = None) -> Totals:
    """Totals of a mask whose edge no step of the threshold moves."""
    pixels = np.where(mask, 20, 230).astype(np.uint8)[..., None].repeat(3, axis=2)
    return analyse(ArraySource(pixels, name="x", calibration=calibration), DARK).totals


def test_sampling_is_the_scatter_of_pixel_counts_of_a_disc_at_random_places():
    places = np.random.default_rng(3).uniform(12, 13, (4000, 2))
    counts = [np.count_nonzero(disc(10, row, col, 26)) for row, col in places]
    totals = sharp(disc(10, 12.3, 12.6, 26))
    assert totals.area_uncertainty.sampling * totals.calcified_area_px == pytest.approx(np.std(counts), rel=0.15)


def test_where_the_threshold_moves_nothing_only_sampling_is_left():
    totals = sharp(disc(10, 12.3, 12.6, 26))
    uncertainty = totals.area_uncertainty
    assert (uncertainty.threshold_low, uncertainty.threshold_high) == (0, 0)
    assert uncertainty.outline is None and uncertainty.calibration is None
    half = 1.96 * uncertainty.sampling * totals.calcified_area_px
    assert totals.area_ci95_low_px == pytest.approx(totals.calcified_area_px - half)
    assert totals.area_ci95_high_px == pytest.approx(totals.calcified_area_px + half)
    assert totals.area_ci95_low_mm2 is None and totals.area_ci95_high_mm2 is None


def test_an_area_in_mm2_carries_twice_the_uncertainty_of_a_length():
    totals = sharp(disc(10, 12.3, 12.6, 26), scaled(0.03))
    by_pixels = (totals.area_ci95_high_px - totals.area_ci95_low_px) / 2 / totals.calcified_area_px
    by_mm2 = (totals.area_ci95_high_mm2 - totals.area_ci95_low_mm2) / 2 / totals.calcified_area_mm2
    assert by_mm2 == pytest.approx(math.hypot(by_pixels, 0.06))


def test_an_unknown_uncertainty_of_the_scale_is_none_and_not_0():
    unknown, exact = (sharp(disc(10, 12.3, 12.6, 26), scaled(share)) for share in (None, 0.0))
    assert unknown.area_uncertainty.calibration is None
    assert exact.area_uncertainty.calibration == 0


def test_the_threshold_counts_to_each_side_as_the_area_moves():
    # 100 px at 50, 20 px at 95 and 40 px at 105: by 10 levels the area of 120 px falls to 100 and rises to 160.
    pixels = np.full((40, 40, 3), 230, np.uint8)
    pixels[10:20, 10:20], pixels[10:20, 20:22], pixels[10:20, 22:26] = 50, 95, 105
    totals = analyse(ArraySource(pixels, name="x"), DARK).totals
    assert totals.area_uncertainty.threshold_low == pytest.approx(20 / 120)
    assert totals.area_uncertainty.threshold_high == pytest.approx(40 / 120)
    sampling = totals.area_uncertainty.sampling
    assert totals.area_ci95_low_px == pytest.approx(120 * (1 - 1.96 * math.hypot(20 / 120, sampling)))
    assert totals.area_ci95_high_px == pytest.approx(120 * (1 + 1.96 * math.hypot(40 / 120, sampling)))


def test_an_interval_never_reaches_below_nothing():
    pixels = np.full((40, 40, 3), 230, np.uint8)
    pixels[10:20, 10:20] = 99
    totals = analyse(ArraySource(pixels, name="x"), DARK).totals
    assert totals.area_ci95_low_px == 0


def test_a_cut_in_an_unmixed_stain_has_an_uncertain_outline():
    mask = np.zeros((120, 120), bool)
    mask[20:100, 20:100] = True
    pixels = np.where(mask, 20, 230).astype(np.uint8)[..., None].repeat(3, axis=2)
    stain = Stain(vectors=("silver", "nuclear-fast-red"), index=0)
    recipe = Recipe(name="s", kind="histology", channel=stain, mineral="bright", threshold=0.2, reference="image")
    totals = analyse(ArraySource(pixels, name="x"), recipe).totals
    assert totals.calcified_area_px == 6400
    # Crofton's outline of a square along the axes is 5 % too short.
    assert totals.area_uncertainty.outline == pytest.approx(0.65 * 4 * 80 / 6400, rel=0.06)
    assert totals.area_ci95_low_px < 6400 * (1 - 1.9 * totals.area_uncertainty.outline)


def test_of_no_area_there_is_no_interval():
    totals = sharp(np.zeros((30, 30), bool), scaled(0.03))
    assert totals.area_uncertainty is None
    assert {totals.area_ci95_low_px, totals.area_ci95_high_px, totals.area_ci95_low_mm2} == {None}


@pytest.mark.slow
def test_intervals_of_rendered_sections_cover_the_truth_and_are_narrow():
    covered, half_widths = [], []
    for seed in range(12):
        by = np.random.default_rng([7, seed])
        spec = HistologySpec(
            size_px=(512, 512), counterstain=COUNTERSTAINS[seed % 5], um_per_px=(0.5, 1.0, 2.0)[seed % 3],
            silver_od=float(by.uniform(0.9, 2.2)), mineral_fraction=float(10 ** by.uniform(-2, -0.5)),
            psf_sigma_px=float(by.uniform(0.5, 2)), noise=float(by.uniform(0.5, 2)),
            jpeg_quality=(None, 90, 75)[seed % 3],
        )  # fmt: skip
        phantom = render_histology(spec, seed)
        totals = analyse(ArraySource(phantom.rgb, name="x"), load_recipe("von-kossa"), workers=1).totals
        covered.append(totals.area_ci95_low_px <= phantom.area_px <= totals.area_ci95_high_px)
        half_widths.append((totals.area_ci95_high_px - totals.area_ci95_low_px) / 2 / totals.calcified_area_px)
    assert sum(covered) >= 11
    assert 0.002 < np.median(half_widths) < 0.04


@pytest.mark.slow
def test_the_interval_of_the_sample_section_covers_what_it_was_drawn_from():
    truth = json.loads((SAMPLES / "section.tif.truth.json").read_text(encoding="utf-8"))
    with open_image(SAMPLES / "section.tif") as source:
        totals = analyse(source, load_recipe("von-kossa")).totals
    assert totals.area_ci95_low_mm2 <= truth["mineral_area_mm2"] <= totals.area_ci95_high_mm2
