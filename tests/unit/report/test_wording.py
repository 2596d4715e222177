"""Sentences of the report: the numbers that ran, and what must not be concluded."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import ArraySource, Calibration, Recipe, analyse, load_recipe
from calcannot.model.calibration import CalibrationPlane, CalibrationSource
from calcannot.report.tables import source_text
from calcannot.report.wording import limits, rule_sentences


@pytest.fixture
def dark_square():
    pixels = np.full((60, 60, 3), 240, np.uint8)
    pixels[10:30, 10:30] = 20
    return ArraySource(pixels, name="x")


def sentences(source, recipe: Recipe) -> str:
    return " ".join(rule_sentences(recipe, analyse(source, recipe).resolved, 0))


def test_a_threshold_set_in_advance_is_told_from_one_that_was_found(dark_square):
    fixed = sentences(dark_square, load_recipe("von-kossa").with_threshold(100))
    assert (
        "A pixel is mineral where the largest of red, green and blue is at or below 100.0; the number was set" in fixed
    )
    assert "Regions below 8 px were left out." in fixed
    assert "half-way between the dark mode of mineral and the tissue" in sentences(
        dark_square, load_recipe("von-kossa")
    )


def test_no_mineral_is_told_with_its_reason():
    blank = ArraySource(np.full((60, 60, 3), 240, np.uint8), name="x")
    assert "No mineral was found: all pixels have the same value. The area is 0" in sentences(
        blank, load_recipe("von-kossa")
    )


SIZES = {
    "No physical size": None,
    "No size in the patient": Calibration(250, 250, CalibrationSource.DICOM_DETECTOR, CalibrationPlane.DETECTOR),
    "No certain size in the patient": Calibration(250, 250, CalibrationSource.DICOM_UNKNOWN, CalibrationPlane.UNKNOWN),
    "No error of the scale": Calibration(0.5, 0.5, CalibrationSource.APERIO),
}


@pytest.mark.parametrize("start", SIZES)
def test_each_weakness_of_a_scale_is_named(dark_square, start):
    recipe = load_recipe("von-kossa")
    found = limits(recipe, analyse(dark_square, recipe).resolved, SIZES[start])
    assert [each for each in found if each.startswith(start + ":")]
    assert any(each.startswith("No calcium mass") for each in found)


def test_a_known_scale_is_no_limit(dark_square):
    recipe = load_recipe("von-kossa")
    exact = Calibration(0.5, 0.5, CalibrationSource.USER, relative_uncertainty=0.01)
    assert len(limits(recipe, analyse(dark_square, recipe).resolved, exact)) == 3


@pytest.mark.parametrize("source", CalibrationSource)
def test_every_source_of_a_pixel_size_has_words_of_its_own(source):
    words = source_text(Calibration(1.0, 1.0, source))
    assert "_" not in words
    assert words != source.value
