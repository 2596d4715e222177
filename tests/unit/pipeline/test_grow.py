"""Lesions grown from a click on rendered films: the same area wherever in it is clicked, and what stops a growth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcannot import Annotations, ArraySource, Calibration, analyse, load_recipe
from calcannot.errors import AnnotationError, RecipeError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.pipeline.grow import at_share, grow
from calcannot.pipeline.growth import Leak

LOCAL = load_recipe("radiograph-local")
MM = 0.25


def film(pixels, um=MM * 1000) -> ArraySource:
    scale = None if um is None else Calibration(um, um, CalibrationSource.PHANTOM)
    return ArraySource(pixels, name="film", calibration=scale, modality=Modality.RADIOGRAPH)


def rectangle(top, left, bottom, right, kind=StrokeKind.EXCLUDE) -> Stroke:
    ring = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)
    return Stroke("rectangle", kind, (ring,), "other")


@pytest.fixture(scope="module")
def two():
    """A lesion of 13 x 9 mm, and a denser one 22 mm beside it."""
    nodules = (
        Nodule(row_mm=0, col_mm=-11, a_mm=6.5, b_mm=4.5, c_mm=3),
        Nodule(row_mm=0, col_mm=11, a_mm=5, b_mm=5, c_mm=5, density_g_cm3=0.9),
    )
    return render_radiograph(RadiographSpec(nodules=nodules, size_mm=(70, 90), spacing_mm=MM), 1)


@pytest.fixture(scope="module")
def lobes():
    """A large lesion of lobes with septa between them: a small circle inside sees one lobe."""
    nodule = Nodule(row_mm=0, col_mm=0, a_mm=24, b_mm=17, c_mm=12, kind="lobes", septum_mm=1.0, lobes=6, ripple=0.05)
    return render_radiograph(RadiographSpec(nodules=(nodule,), size_mm=(110, 120), spacing_mm=MM), 3)


@pytest.mark.parametrize(("along", "across"), [(0, 0), (0.7, 0), (-0.7, 0), (0, 0.7), (0.4, -0.5)])
def test_the_area_is_the_lesion_s_wherever_in_it_is_clicked(two, along, across):
    lesion = two.lesions[0]
    row, col = lesion.row_px + across * 4.5 / MM, lesion.col_px + along * 6.5 / MM
    growth = grow(film(two.pixels), LOCAL, row, col)
    assert growth.leak is Leak.NONE and not growth.held
    assert growth.area_px * MM**2 == pytest.approx(lesion.detector_area_mm2, rel=0.05)


def test_what_is_kept_is_a_stroke_that_measures_to_the_mask_on_show(two):
    lesion = two.lesions[0]
    for share in (None, 0.3):
        growth = grow(film(two.pixels), LOCAL, lesion.row_px, lesion.col_px, share=share)
        analysis = analyse(film(two.pixels), LOCAL, Annotations((growth.stroke,)))
        mask = analysis.runs.mask(growth.row, growth.col, *growth.mask.shape)
        np.testing.assert_array_equal(mask, growth.mask)
        assert analysis.totals.calcified_area_px == growth.area_px
        assert list(analysis.peak_fraction) == [growth.surface.peak_fraction]


def test_a_higher_share_of_the_peak_grows_less_and_says_what_that_costs(two):
    lesion = two.lesions[0]
    areas = [grow(film(two.pixels), LOCAL, lesion.row_px, lesion.col_px, share=f).area_px for f in (0.2, 0.45, 0.7)]
    expected = [(1 - f**2) * lesion.detector_area_mm2 / MM**2 for f in (0.2, 0.45, 0.7)]
    assert areas == sorted(areas, reverse=True)
    np.testing.assert_allclose(areas, expected, rtol=0.1)
    stroke = grow(film(two.pixels), LOCAL, lesion.row_px, lesion.col_px, share=0.5).stroke
    warnings = analyse(film(two.pixels), LOCAL, Annotations((stroke,))).warnings
    assert any("at 50% of the peak because that was chosen" in each and "75%" in each for each in warnings)


def test_a_growth_moves_to_another_share_and_back(two):
    lesion, source = two.lesions[0], film(two.pixels)
    first = grow(source, LOCAL, lesion.row_px, lesion.col_px)
    moved = at_share(source, LOCAL, first, 0.6)
    np.testing.assert_array_equal(moved.mask, grow(source, LOCAL, lesion.row_px, lesion.col_px, share=0.6).mask)
    back = at_share(source, LOCAL, moved, None)
    np.testing.assert_array_equal(back.mask, first.mask)
    assert (back.stroke.peak_fraction, moved.stroke.peak_fraction) == (None, 0.6)
    assert moved.area_px < first.area_px


def test_a_share_may_be_chosen_for_a_drawn_region_too(two):
    lesion = two.lesions[0]
    top, left, bottom, right = lesion.roi_px
    drawn = rectangle(top, left, bottom, right, StrokeKind.REGION)
    areas = [
        analyse(film(two.pixels), LOCAL, Annotations((replace(drawn, peak_fraction=f),))).totals.calcified_area_px
        for f in (0.2, 0.8)
    ]
    assert areas[0] > 2 * areas[1] > 0


def test_a_lobe_of_a_large_lesion_grows_to_the_whole(lobes):
    (lesion,) = lobes.lesions
    for away in (0, 9, -12):
        growth = grow(film(lobes.pixels), LOCAL, lesion.row_px + 3 / MM, lesion.col_px + away / MM)
        truth = lesion.mineral_area_mm2 * lesion.magnification**2
        assert growth.area_px * MM**2 == pytest.approx(truth, rel=0.06)


def test_growth_stops_at_an_exclusion_and_says_so(two):
    lesion = two.lesions[0]
    row, col = round(lesion.row_px), round(lesion.col_px)
    cut = rectangle(row - 80, col + 5, row + 80, col + 60)
    growth = grow(film(two.pixels), LOCAL, row, col - 8, Annotations((cut,)))
    assert growth.leak is Leak.EXCLUSION
    assert not growth.mask[:, col + 5 - growth.col :].any()
    warnings = analyse(film(two.pixels), LOCAL, Annotations((growth.stroke, cut))).warnings
    assert any("runs into" in each and "Do not believe the area" in each for each in warnings)


def test_a_lesion_that_the_film_cuts_off_is_said(two):
    lesion = two.lesions[0]
    pixels = two.pixels[:, round(lesion.col_px) - 22 :]
    growth = grow(film(pixels), LOCAL, lesion.row_px, 22)
    assert growth.leak is Leak.FILM
    warnings = analyse(film(pixels), LOCAL, Annotations((growth.stroke,))).warnings
    assert any("the edge of the film" in each for each in warnings)


def test_growth_that_would_run_along_a_ridge_is_held_back():
    """A bright band as wide as the film is reached at the lesion's own level: a higher one is taken, and said."""
    rows, cols = np.mgrid[-240:240, -240:240].astype(float)
    lesion = 400 * np.sqrt(np.clip(1 - (rows / 30) ** 2 - (cols / 30) ** 2, 0, None))
    band = 150 * np.exp(-((rows / 9) ** 2))
    noise = np.random.default_rng(2).normal(0, 3, rows.shape)
    source = film((1000 + lesion + band + noise).astype(np.uint16), 500.0)
    growth = grow(source, LOCAL, 240, 240)
    assert growth.leak is Leak.NONE
    assert growth.held and growth.surface.peak_fraction > growth.found.peak_fraction
    row, col = np.argwhere(growth.mask).mean(axis=0)
    assert np.hypot(row + growth.row - 240, col + growth.col - 240) < 3


def test_a_click_on_nothing_is_refused(two):
    lesion = two.lesions[0]
    with pytest.raises(AnnotationError, match="rises above its surroundings"):
        grow(film(two.pixels), LOCAL, 12, 12)
    with pytest.raises(AnnotationError, match="beside the image"):
        grow(film(two.pixels), LOCAL, -4, 12)
    with pytest.raises(AnnotationError, match="on what is excluded"):
        grow(film(two.pixels), LOCAL, 12, 12, Annotations((rectangle(0, 0, 30, 30),)))
    with pytest.raises(AnnotationError, match="share of 1 of the peak"):
        grow(film(two.pixels), LOCAL, lesion.row_px, lesion.col_px, share=1)
    with pytest.raises(RecipeError, match="no local background"):
        grow(film(two.pixels), load_recipe("radiograph-global"), lesion.row_px, lesion.col_px)


def test_a_film_without_a_pixel_size_grows_in_pixels(two):
    lesion = two.lesions[0]
    growth = grow(film(two.pixels, None), LOCAL, lesion.row_px, lesion.col_px)
    assert growth.area_px * MM**2 == pytest.approx(lesion.detector_area_mm2, rel=0.06)


def test_a_click_under_a_rule_that_cannot_grow_is_refused(two):
    lesion = two.lesions[0]
    stroke = grow(film(two.pixels), LOCAL, lesion.row_px, lesion.col_px).stroke
    with pytest.raises(RecipeError, match="cannot grow a lesion from a click"):
        analyse(film(two.pixels), load_recipe("radiograph-global"), Annotations((stroke,)))


def test_the_side_of_a_click_is_that_of_its_lesion(two):
    strokes = [
        replace(grow(film(two.pixels), LOCAL, each.row_px, each.col_px).stroke, side=side)
        for each, side in zip(two.lesions, ("left", "right"), strict=True)
    ]
    foci = analyse(film(two.pixels), LOCAL, Annotations(tuple(strokes))).foci
    left, right = (foci.centroid_col[foci.side.index(side)] for side in ("left", "right"))
    assert left < 180 < right
