"""Sentences about films: every number with its unit and plane, and what cannot be concluded."""

import pytest

from calcannot.model.calibration import Calibration, CalibrationPlane, CalibrationSource
from calcannot.report.numbers import plane_text
from calcannot.report.radiograph_wording import (
    film_limits,
    foci_text,
    focus_sentences,
    left_out_sentence,
    sides_text,
    spread_text,
)

OBJECT = Calibration(186.4, 186.4, CalibrationSource.OBJECT_COIN, note="mm at the height of the object",
                     relative_uncertainty=0.013)  # fmt: skip
DETECTOR = Calibration(200.0, 200.0, CalibrationSource.DICOM_DETECTOR, CalibrationPlane.DETECTOR, "mm at the detector")
UNKNOWN = Calibration(200.0, 200.0, CalibrationSource.DICOM_UNKNOWN, CalibrationPlane.UNKNOWN)
ROW = {
    "focus": 1, "side": "left", "morphology": "lobulated", "region_count": 3, "area_px": 40_000, "area_mm2": 1390.0,
    "long_axis_mm": 51.33, "perpendicular_mm": 41.41, "long_axis_px": 275.0, "perpendicular_px": 222.0,
    "touches_border": False,
}  # fmt: skip
FOCI = {
    "count": 2, "unit": "mm", "joining": 2.0, "minimum_area": 0.0, "sum_of_long_axes": 82.4, "sum_of_products": 2776.0,
    "spread": 220.0, "nearest_least": 154.1, "left_area": 1373.0, "right_area": 429.0, "midline_area": 0.0,
    "side_not_told_area": 0.0, "asymmetry": 0.524,
}  # fmt: skip


def test_a_focus_in_one_sentence():
    (text,) = focus_sentences([ROW], OBJECT)
    assert text == (
        "Focus 1 (left): 51.3 × 41.4 mm ± 1.3 % (long axis × perpendicular), area 13.9 cm², in 3 pieces; lobulated, as "
        "recorded by the reader."
    )


@pytest.mark.parametrize(("calibration", "said"), [(DETECTOR, "mm at the detector"), (UNKNOWN, "mm, plane not known")])
def test_every_size_that_may_not_be_one_in_the_patient_says_so(calibration, said):
    (text,) = focus_sentences([ROW], calibration)
    assert f"41.4 {said}" in text and f"13.9 cm²{plane_text(calibration)}" in text


def test_without_a_pixel_size_all_is_in_pixels():
    (text,) = focus_sentences([ROW | {"touches_border": True}], None)
    assert "275 × 222 px" in text and "40 000 px" in text and "mm" not in text and "lower bounds" in text


def test_the_number_of_foci_comes_with_what_defines_it():
    assert foci_text(FOCI) == "2 (regions up to 2 mm apart are one, however small)"
    cut = FOCI | {"threshold": 90.0, "peak_fractions": []}
    assert foci_text(cut) == "2 (regions up to 2 mm apart are one, however small, threshold 90.0)"
    cut = FOCI | {"threshold": None, "peak_fractions": [0.08, 0.12, 1.0]}
    assert foci_text(cut).endswith("however small, outline at 8 to 12 % of the peak)")
    assert foci_text(FOCI | {"minimum_area": 4.0}) == "2 (regions up to 2 mm apart are one, of 4 mm² at least)"
    assert "farthest points 220 mm apart" in spread_text(FOCI)


def test_sides_are_told_only_where_they_are_known():
    assert sides_text(FOCI) == "left 13.7 cm², right 4.29 cm², asymmetry (left - right) / (left + right) +0.52"
    partly = FOCI | {"right_area": 0.0, "side_not_told_area": 429.0, "asymmetry": None}
    assert sides_text(partly) == "left 13.7 cm², side not told 4.29 cm²"
    assert sides_text(partly | {"left_area": 0.0}) == ""


def test_what_cannot_be_concluded():
    limits = film_limits({"presentation_intent": "FOR PRESENTATION"}, "unknown", OBJECT)
    assert "No mass and no density" in limits[0] and "presentation" in limits[0]
    assert any("which side of grey" in each for each in limits)
    assert any("at one height above the detector" in each for each in limits)
    assert not any("height" in each for each in film_limits({}, "", DETECTOR) + film_limits({}, "", None))
    assert not any("presentation" in each for each in film_limits({}, "denser is brighter", OBJECT))


def test_what_was_left_out():
    assert left_out_sentence(["collimator", "text", "text", "marker"]) == (
        "Left out as no part of the patient: what the collimator hides, burned-in text and markers of lead."
    )
    assert left_out_sentence([]) == ""
