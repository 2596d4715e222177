"""What could identify is listed by name, without its value; what says nothing is not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.datadict import tag_for_keyword

from calcannot.batch.case_images import add_image
from calcannot.batch.privacy import check_privacy
from calcannot.io.dicom_identifiers import KNOWN, identifiers_in_dicom
from calcannot.io.identifiers import identifiers_in
from calcannot.model.identifier import Weight
from calcannot.store.case_folder import CaseFolder
from calcannot.store.record_import import Origin, with_facts

sys.path.insert(0, str(Path(__file__).parents[2] / "end_to_end"))

from planted import PLANTED, WORD, plant_film, plant_slide

SAMPLE = Path(__file__).parents[3] / "sample_images"


@pytest.fixture
def case(tmp_path):
    return CaseFolder.create(tmp_path / "case-1", id="case-1")


def said(case):
    return [f"{each.place}: {each.identifier.what}" for each in check_privacy(case)]


def fill(case, **facts):
    case.update(lambda record: with_facts(record, facts, Origin()))


def test_every_attribute_of_the_list_exists():
    assert [keyword for keyword in KNOWN if tag_for_keyword(keyword) is None] == []


def test_every_planted_attribute_of_a_film_is_named_and_no_value(tmp_path):
    plant_film(tmp_path / "film.dcm")
    found = identifiers_in_dicom(tmp_path / "film.dcm")
    names = {each.what.rpartition(".")[2] for each in found}
    assert [keyword for keyword in PLANTED if keyword not in names] == []
    assert "RequestAttributesSequence.RequestedProcedureID" in {each.what for each in found}
    assert "private group 0029" in {each.what for each in found}
    assert not any(WORD in each.what for each in found)


def test_the_sample_film_names_nobody():
    found = identifiers_in_dicom(SAMPLE / "radiograph.dcm")
    assert [each.what for each in found if each.weight is Weight.IDENTIFIES] == []


def test_fields_and_label_of_a_slide_are_named(tmp_path):
    plant_slide(tmp_path / "slide.svs")
    found = [each.what for each in identifiers_in(tmp_path / "slide.svs")]
    for name in ("ImageDescription User", "ImageDescription ScanScope ID", "Artist", "HostComputer", "DateTime"):
        assert name in found
    assert "the file holds a label picture of the slide" in found
    assert not any(WORD in each for each in found)


def test_exif_of_a_picture_is_named(tmp_path):
    exif = Image.Exif()
    exif[0x013B], exif[0x0132] = "Jane", "1951:02:03 00:00:00"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif, comment=b"Jane")
    assert {each.what for each in identifiers_in(tmp_path / "a.jpg")} == {"EXIF Artist", "EXIF DateTime", "comment"}


@pytest.mark.shared
def test_a_real_slide_with_a_label(shared_data):
    found = {each.what for each in identifiers_in(shared_data / "wsi/napari-wsi/CMU-1-Small-Region.svs")}
    assert {"the file holds a label picture of the slide", "ImageDescription User"} <= found


def test_an_empty_case_identifies_nobody(case):
    assert said(case) == []


def test_few_harmless_facts_are_one_person_in_a_rare_disease(case):
    fill(case, subject={"age": "58 a", "sex": "female"}, lesions=[{"id": "m", "site": "flank"}])
    assert said(case) == []
    fill(case, classification={"type": "tumoral calcinosis"})
    assert said(case) == ["case.json: age, sex, sites, diagnosis together may name one person: the disease is rare"]


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"subject": {"patient_name": "Jane"}}, "subject.patient_name seems to name a person"),
        ({"note": "write to jane@example.org"}, "note holds an e-mail address"),
        ({"note": "seen on 3.2.1951"}, "1 field(s) hold a date to the day, note first"),
        ({"note": "number 4711081"}, "note holds a long number"),
        ({"citation": "A letter, 2015"}, "the citation leads to the published case"),
    ],
)
def test_what_stands_in_the_record(case, facts, what):
    fill(case, **facts)
    assert any(what in each for each in said(case)), said(case)


def test_file_names_and_ids(case, tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "Smith_Jane.png")
    add_image(case, tmp_path / "Smith_Jane.png", role="histology")
    assert said(case) == ["image histology-1: its file name has words or numbers"]


def test_folders_of_this_computer_and_authors_are_named(case, tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(case.path / "1.png")
    add_image(case, case.path / "1.png", role="histology", author="Ada")
    case.remember_place("histology-1", tmp_path)
    found = said(case)
    assert any("places.json: holds folders of this computer" in each for each in found)
    assert any("1 author(s) are named" in each for each in found)


def test_an_image_that_cannot_be_read_is_said(case):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(case.path / "1.png")
    add_image(case, case.path / "1.png", role="histology")
    (case.path / "1.png").unlink()
    assert any("could not be looked at" in each for each in said(case))
