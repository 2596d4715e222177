"""Adding images to a case: by reference, with their hash, and with nothing of their headers that names anybody."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from calcannot.batch.case_images import add_image, pixel_size_set_at, set_pixel_size
from calcannot.errors import CalibrationError, CaseError, ImageReadError
from calcannot.io.dicom_technique import technique_of
from calcannot.model.calibration import (
    Calibration,
    CalibrationEvidence,
    CalibrationPlane,
    CalibrationSource,
)
from calcannot.store.case_folder import CaseFolder

FILM = Path(__file__).parents[3] / "sample_images/radiograph.dcm"


@pytest.fixture
def case(tmp_path):
    return CaseFolder.create(tmp_path / "case", author="Ada")


@pytest.fixture
def section(tmp_path):
    path = tmp_path / "Smith_Jane_1951.png"
    Image.fromarray(np.full((8, 8, 3), (200, 100, 150), np.uint8)).save(path)
    return path


@pytest.fixture
def film(tmp_path):
    header = pydicom.dcmread(FILM)
    path = tmp_path / "film.dcm"
    with pydicom.config.disable_value_validation():
        header.KVP, header.Grid, header.ViewPosition = "81.5", ["FOCUSED"], "DR SMITH said AP"
        header.ExposureInuAs, header.BodyPartExamined = 2500, "PELVIS"
        header.PatientName, header.PatientID = "Smith^Jane", "MRN-4711"
        header.save_as(path)
    return path


def test_an_image_is_referred_to_and_neither_copied_nor_named_for_its_file(case, section):
    before = section.read_bytes()
    entry = add_image(case, section, role="histology", author="Ada")
    assert (entry.id, entry.role, entry.path) == ("histology-1", "histology", "../Smith_Jane_1951.png")
    assert entry.sha256 == hashlib.sha256(before).hexdigest()
    assert section.read_bytes() == before
    assert case.image_path(entry.id).samefile(section)
    assert sorted(each.name for each in case.path.iterdir()) == ["case.json", "history.jsonl"]
    assert "Smith" not in (case.path / "history.jsonl").read_text(encoding="utf-8")


def test_the_technique_of_a_film_comes_from_its_header_and_names_nobody(case, film):
    entry = add_image(case, film)
    technique = entry.radiograph
    assert (technique.kvp.value, technique.kvp.unit, technique.kvp.source) == (81.5, "kV", "DICOM KVP")
    assert (technique.exposure.value, technique.exposure.unit) == (2.5, "mA.s")
    assert technique.body_part.value == "PELVIS"
    assert technique.view is None  # somebody typed a name where a coded word belongs
    text = (case.path / "case.json").read_text(encoding="utf-8")
    assert "Smith" not in text
    assert "SMITH" not in text
    assert "4711" not in text


def test_other_files_have_no_technique(section):
    assert technique_of(section) == {}


def test_ids_count_up_and_may_be_chosen(case, section, tmp_path):
    other = tmp_path / "b.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(other)
    assert add_image(case, section, role="histology").id == "histology-1"
    assert add_image(case, other, role="histology", id="né: 2").id == "né_ 2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"role": "x-ray"}, "is not a role"),
        ({"role": "histology", "id": "a", "replace": True}, "no image a to replace"),
    ],
)
def test_what_is_asked_wrongly_is_said(case, section, options, message):
    with pytest.raises(CaseError, match=message):
        add_image(case, section, **options)


def test_the_same_image_twice_is_one_too_many(case, section, tmp_path):
    add_image(case, section, role="histology", id="a")
    with pytest.raises(CaseError, match="has an image a already"):
        add_image(case, section, role="histology", id="a")
    with pytest.raises(CaseError, match="has this image already, as a"):
        add_image(case, section, role="histology")


def test_an_image_that_moved_is_found_again_with_its_strokes_and_pixel_size(case, section, tmp_path):
    add_image(case, section, role="histology", id="a", pixel_size="0.5um")
    (tmp_path / "new").mkdir()
    moved = section.rename(tmp_path / "new" / "b.png")
    with pytest.raises(ImageReadError):
        case.image_path("a")
    entry = add_image(case, moved, role="histology", id="a", replace=True)
    assert entry.path == "../new/b.png"
    assert entry.calibration.um_per_px_row == 0.5
    assert case.image_path("a").samefile(moved)


def test_an_image_far_away_is_remembered_on_this_computer_only(case, section, monkeypatch):
    monkeypatch.setattr("calcannot.store.case_folder._FURTHEST_CLIMB", 0)
    entry = add_image(case, section, role="histology", id="a")
    assert entry.path == "Smith_Jane_1951.png"
    assert case.image_path("a").samefile(section)
    assert str(section.parent) not in (case.path / "case.json").read_text(encoding="utf-8")


def test_a_pixel_size_is_set_and_taken_back(case, section):
    add_image(case, section, role="histology", id="a")
    set_pixel_size(case, "a", "0.5umx0.6um")
    size = CaseFolder.open(case.path).record.image("a").calibration.to_calibration()
    assert (size.um_per_px_row, size.um_per_px_col, size.source) == (0.5, 0.6, "user")
    with pytest.raises(CalibrationError):
        set_pixel_size(case, "a", "5 apples")
    set_pixel_size(case, "a", None)
    assert case.record.image("a").calibration is None


def test_a_pixel_size_from_a_line_is_kept_with_its_evidence(case, section):
    evidence = CalibrationEvidence("line", 100.0, 200.0, ((0.0, 0.0), (200.0, 0.0)), (("ends", 0.01),))
    size = Calibration(0.5, 0.5, CalibrationSource.OBJECT_LINE, CalibrationPlane.OBJECT, evidence=evidence)
    entry = add_image(case, section, role="histology")
    set_pixel_size(case, entry.id, size)
    assert CaseFolder.open(case.path).record.image(entry.id).calibration.to_calibration() == size


def test_when_a_pixel_size_was_set_last(case, section):
    entry = add_image(case, section, role="histology")
    assert pixel_size_set_at(case, entry.id) == ""
    set_pixel_size(case, entry.id, "1um")
    first = pixel_size_set_at(case, entry.id)
    set_pixel_size(case, entry.id, "2um")
    assert pixel_size_set_at(case, entry.id) >= first > "2"


@pytest.mark.parametrize("size", ["1um", "3um"])
def test_replacing_an_image_with_a_pixel_size_sets_it_whether_it_is_another_or_the_same(case, section, size):
    entry = add_image(case, section, role="histology", pixel_size="1um")
    assert pixel_size_set_at(case, entry.id) == ""
    add_image(case, section, role="histology", id=entry.id, pixel_size=size, replace=True)
    assert pixel_size_set_at(CaseFolder.open(case.path), entry.id) > "2"


def test_a_pixel_size_that_is_changed_in_the_record_itself_is_set(case, section):
    entry = add_image(case, section, role="histology", pixel_size="1um")

    def change(record):
        return record.model_copy(update={"images": tuple(
            each.model_copy(update={"calibration": None}) for each in record.images
        )})  # fmt: skip

    case.update(change)
    assert pixel_size_set_at(case, entry.id) > "2"


def test_a_case_from_before_the_time_was_kept_has_it_in_its_history(case, section):
    entry = add_image(case, section, role="histology")
    set_pixel_size(case, entry.id, "1um")
    at = case.history()[-1].time
    case.update(
        lambda record: record.model_copy(
            update={"images": (record.images[0].model_copy(update={"calibration_set_at": None}),)}
        )
    )
    assert pixel_size_set_at(CaseFolder.open(case.path), entry.id) == at


def test_the_time_a_pixel_size_was_set_is_a_time_and_no_place_for_words(case, section):
    entry = add_image(case, section, role="histology")
    set_pixel_size(case, entry.id, "2um")
    record = case.path / "case.json"
    said = CaseFolder.open(case.path).record.image(entry.id).calibration_set_at
    record.write_text(record.read_text(encoding="utf-8").replace(said, "1952-03-14 M. Example"), encoding="utf-8")
    with pytest.raises(CaseError, match="calibration_set_at"):
        CaseFolder.open(case.path)
