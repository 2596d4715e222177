"""The record of a case: nothing in it is lost, changed by accident, or read by a program that knows less."""

from __future__ import annotations

import json

import pytest

from calcannot.errors import CaseError
from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from calcannot.store.case_record import read_record, record_text


def adding(image):
    return lambda record: record.model_copy(update={"images": (*record.images, image)})


def entry():
    return CaseImage(id="film", role="radiograph", path="film.dcm", sha256="0" * 64)


@pytest.fixture
def case(tmp_path):
    return CaseFolder.create(tmp_path / "case", id="case-1", title="A case", author="Ada")


def test_unknown_fields_survive_at_every_depth(case):
    path = case.path / "case.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["checksum"]
    content["later"] = {"a": [1, None]}
    content["subject"] = {"shoe_size": 38, "age": {"value": 58, "unit": "a", "status": "reported", "seen_by": "me"}}
    path.write_text(json.dumps(content), encoding="utf-8")
    case.update(adding(entry()))
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after["later"] == {"a": [1, None]}
    assert after["subject"]["shoe_size"] == 38
    assert after["subject"]["age"]["seen_by"] == "me"


def test_a_record_changed_by_hand_is_named_and_accepted_without_its_checksum(case):
    path = case.path / "case.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("A case", "B case"), encoding="utf-8")
    with pytest.raises(CaseError, match="checksum"):
        CaseFolder.open(case.path)
    with pytest.raises(CaseError, match="checksum"):
        case.update(adding(entry()))
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["checksum"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert CaseFolder.open(case.path).record.title == "B case"


def test_line_ends_and_spaces_do_not_matter_to_the_checksum(case):
    path = case.path / "case.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert CaseFolder.open(case.path).record.title == "A case"


def test_an_older_case_is_brought_up_to_date_and_written_as_new(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    image = {"role": "radiograph", "path": "films/a.dcm", "sha256": "0" * 64}
    old = {"schema_version": 1, "revision": 7, "id": "old", "images": [image]}
    (folder / "case.json").write_text(json.dumps(old), encoding="utf-8")
    case = CaseFolder.open(folder)
    assert [each.id for each in case.images] == ["films__a.dcm"]
    case.update(lambda record: record.model_copy(update={"title": "now"}))
    written = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    assert (written["schema_version"], written["revision"], written["images"][0]["id"]) == (2, 8, "films__a.dcm")


def test_a_newer_case_is_refused_and_left_alone(case):
    path = case.path / "case.json"
    newer = json.dumps({"schema_version": 99, "id": "x"})
    path.write_text(newer, encoding="utf-8")
    with pytest.raises(CaseError, match=r"knows up to 2\. Update calcannot"):
        case.update(adding(entry()))
    assert path.read_text(encoding="utf-8") == newer


def test_the_same_record_gives_the_same_bytes(case):
    text = (case.path / "case.json").read_text(encoding="utf-8")
    assert record_text(read_record(case.path / "case.json")) == text
