"""The record: every leaf says how it is known, every unit is one of its field's kind, nothing unknown is dropped."""

from __future__ import annotations

import json

import pytest

from calcannot.errors import CaseError
from calcannot.model.calibration import Calibration, CalibrationSource
from calcannot.model.case import Case, CaseCalibration, case_from_dict
from calcannot.model.case_migrations import MIGRATIONS, SCHEMA_VERSION
from calcannot.model.units import converted, split_quantity


def case(**content):
    return case_from_dict({"schema_version": 2, "id": "a", **content})


def leaf(value=None, unit=None, status="measured", **more):
    return {"value": value, "unit": unit, "status": status, "source": None, "date": None, **more}


def image(**content):
    return {"id": "film", "role": "radiograph", "path": "film.dcm", "sha256": "0" * 64, **content}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"lesions": [{"id": "m", "length": leaf(5, "kg")}]}, r"field lesions\.0\.length: 'kg' is not a length"),
        ({"lesions": [{"id": "m", "length": leaf(5)}]}, r"field lesions\.0\.length: has no unit"),
        ({"labs": {"calcium": leaf(9, "cm")}}, r"field labs\.calcium: 'cm' is not a mass per volume .*or an amount"),
        ({"labs": {"calcium": leaf(9, "wibble")}}, r"labs\.calcium: 'wibble'"),
        ({"subject": {"age": leaf(91, "a")}}, r"field subject\.age: 91 is not between 0 and 90"),
        ({"subject": {"sex": leaf("woman")}}, r"field subject\.sex: 'woman' is not one of female, male, other"),
        ({"subject": {"age": leaf(None, "a")}}, r"field subject\.age: the status is measured and there is no value"),
        ({"subject": {"age": leaf(5, "a", "not_done")}}, r"subject\.age: the status is not_done and yet has a value"),
        ({"subject": {"age": leaf(5, "a", "guessed")}}, r"subject\.age\.status"),
        ({"subject": {"age": leaf(5, "a", date="2015-13")}}, r"subject\.age\.date"),
        ({"subject": {"age": leaf(5, "a", date="30 May")}}, r"subject\.age\.date"),
        ({"subject": {"age": leaf([1], "a")}}, r"subject\.age\.value"),
        ({"subject": {"age": leaf(10**400, "a")}}, r"subject\.age\.value"),
        ({"id": "../x"}, "field id"),
        ({"id": "Jane Doe"}, "field id"),
        ({"images": [image(path="../../a/../b")]}, r"images\.0\.path"),
        ({"images": [image(path="/etc/passwd")]}, r"images\.0\.path"),
        ({"images": [image(path="C:/a")]}, r"images\.0\.path"),
        ({"images": [image(path="\\\\server\\share")]}, r"images\.0\.path"),
        ({"images": [image(path="..")]}, r"images\.0\.path"),
        ({"images": [image(id="../../x")]}, r"images\.0\.id"),
        ({"images": [image(id="con.tif")]}, r"images\.0\.id.*Windows"),
        ({"images": [image(id="a\u202eb")]}, r"images\.0\.id"),
        ({"images": [image(id="石" * 100)]}, r"images\.0\.id.*longer"),
        ({"images": [image(), image(id="FILM")]}, r"images: the id film is there twice"),
        ({"images": [image(id="é"), image(id="e\u0301")]}, r"images: the id é is there twice"),
        ({"images": [image(lesions=["m"])]}, r"images\.0\.lesions: there is no lesion m"),
        ({"images": [image(sha256="x")]}, r"images\.0\.sha256"),
        ({"images": [image(calibration={"um_per_px_row": 0.5, "um_per_px_col": 60})]}, r"images\.0\.calibration"),
        ({"lesions": [{"id": "m"}, {"id": "m"}]}, "lesions: the id m is there twice"),
        ({"revision": -1}, "field revision"),
        ({"schema_version": True}, "schema_version"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(content, message):
    with pytest.raises(CaseError, match=message):
        case(**content)


@pytest.mark.parametrize("unit", ["cm", "mm", "um", "m", "[in_i]"])
def test_lengths_of_any_size_are_lengths(unit):
    if unit == "[in_i]":
        with pytest.raises(CaseError):  # an inch is no unit of science, and is not guessed
            case(lesions=[{"id": "m", "length": leaf(5, unit)}])
    else:
        assert case(lesions=[{"id": "m", "length": leaf(5, unit)}]).lesions[0].length.number == 5


def test_a_finding_in_words_needs_no_unit():
    found = case(labs={"calcium": leaf("normal", None, "reported")})
    assert found.labs.calcium.number is None


def test_not_reported_is_not_normal_and_not_nothing():
    found = case(labs={"phosphate": leaf(None, None, "not_reported")})
    assert found.labs.phosphate.status == "not_reported"
    assert found.labs.calcium is None
    assert found.to_dict()["labs"] == {"phosphate": leaf(None, None, "not_reported")}


def test_what_is_not_known_of_is_kept():
    content = {"schema_version": 2, "revision": 3, "id": "a", "zebra": {"x": [1, {"y": None}]}}
    content["subject"] = {"age": leaf(58, "a", colour="red"), "hobby": "chess"}
    assert case_from_dict(content).to_dict() == content


@pytest.mark.parametrize(
    ("value", "unit", "to", "molar_mass", "expected"),
    [
        (10.0, "mg/dL", "mmol/L", 40.078, 10 * 10 / 40.078),
        (2.5, "mmol/L", "mg/dL", 40.078, 2.5 * 40.078 / 10),
        (30, "ng/mL", "nmol/L", 400.64, 30e3 / 400.64),
        (1, "mg/dL", "g/L", None, 0.01),
        (5, "cm", "mm", None, 50),
        (1, "a", "d", None, 365.25),
        (50, "%", "1", None, 0.5),
    ],
)
def test_units_convert_by_the_molar_mass(value, unit, to, molar_mass, expected):
    assert converted(value, unit, to, molar_mass=molar_mass) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("unit", "to"), [("kg", "cm"), ("mg/dL", "mmol/L"), ("x9", "cm"), ("9**9**9", "cm")])
def test_what_does_not_convert_is_an_error(unit, to):
    with pytest.raises(CaseError):
        converted(1, unit, to)


def test_a_number_with_its_unit_is_split():
    assert split_quantity("5 cm") == (5.0, "cm")
    assert split_quantity("2.4 mmol/L") == (2.4, "mmol/L")
    assert split_quantity("about 5 cm") is None
    assert split_quantity("5 apples") is None


def test_a_calibration_is_taken_over_and_given_back():
    size = Calibration(0.25, 0.5, CalibrationSource.APERIO, note="by hand")
    assert CaseCalibration.of(size).to_calibration() == size


def test_every_older_version_has_its_migration():
    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))


def test_the_schema_is_published_and_names_units_and_codes():
    schema = json.dumps(Case.model_json_schema())
    for word in ("17861-6", "2777-1", "mg/dL", "molar_mass", "not_reported", "Largest diameter"):
        assert word in schema
