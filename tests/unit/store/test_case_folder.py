"""The case on disk: whole or unchanged, never taken for empty, and kept for versions that know less."""

from __future__ import annotations

import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from calcannot.errors import CalcannotError, CaseError, ImageReadError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.case import CaseImage
from calcannot.store import case_folder
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.case_record import read_record, record_text

SAMPLE = Path(__file__).parents[3] / "sample_images"


def entry(name="film", path="film.dcm"):
    return CaseImage(id=name, role="radiograph", path=path, sha256="0" * 64)


def adding(image):
    return lambda record: record.model_copy(update={"images": (*record.images, image)})


@pytest.fixture
def case(tmp_path):
    return CaseFolder.create(tmp_path / "case", id="case-1", title="A case", author="Ada")


def test_a_new_case_can_be_opened(case):
    assert is_case(case.path)
    again = CaseFolder.open(case.path)
    assert (again.record.id, again.record.title, again.record.revision) == ("case-1", "A case", 1)
    assert CaseFolder.open(case.path / "case.json").record == again.record


def test_a_case_is_not_made_twice(case):
    with pytest.raises(CaseError, match="is a case already"):
        CaseFolder.create(case.path)


def test_a_folder_without_record_is_no_case(tmp_path):
    with pytest.raises(CaseError, match=r"holds no case\.json"):
        CaseFolder.open(tmp_path)


def test_an_update_is_written_with_its_history(case):
    case.update(adding(entry()), author="Bea", what="added film")
    assert CaseFolder.open(case.path).record.images[0].id == "film"
    made, added = case.history()
    assert (made.author, made.from_revision, made.to_revision) == ("Ada", 0, 1)
    assert (added.author, added.what, added.from_revision, added.to_revision) == ("Bea", "added film", 1, 2)


def test_an_update_without_change_writes_nothing(case):
    before = (case.path / "case.json").read_bytes()
    case.update(lambda record: record)
    assert (case.path / "case.json").read_bytes() == before
    assert len(case.history()) == 1


def test_an_update_that_makes_it_invalid_writes_nothing(case):
    before = (case.path / "case.json").read_bytes()
    with pytest.raises(CaseError, match=r"field images\.0\.path"):
        case.update(lambda record: record.model_copy(update={"images": (entry().model_copy(update={"path": "/x"}),)}))
    assert (case.path / "case.json").read_bytes() == before


def test_a_record_too_large_to_be_read_again_is_not_written(case, monkeypatch):
    before = (case.path / "case.json").read_bytes()
    monkeypatch.setattr(case_folder, "LARGEST_RECORD_BYTES", 4000)
    with pytest.raises(CaseError, match="would be larger than"):
        case.update(lambda record: record.model_copy(update={"note": "x" * 5000}))
    assert (case.path / "case.json").read_bytes() == before


def test_nothing_is_written_behind_a_damaged_history(case):
    path = case.path / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-1] + b"K")
    before = {each: each.read_bytes() for each in case.path.iterdir()}
    with pytest.raises(CaseError, match="line 1 is damaged"):
        case.update(lambda record: record.model_copy(update={"note": "x"}))
    assert {each: each.read_bytes() for each in case.path.iterdir()} == before


def test_a_history_that_is_a_link_is_not_followed(case, tmp_path):
    outside = tmp_path / "outside.jsonl"
    (case.path / "history.jsonl").rename(outside)
    try:
        (case.path / "history.jsonl").symlink_to(outside)
    except OSError:
        pytest.skip("this system gives no links")
    before = outside.read_bytes(), (case.path / "case.json").read_bytes()
    with pytest.raises(CaseError, match="is a link"):
        case.update(lambda record: record.model_copy(update={"note": "x"}))
    assert (outside.read_bytes(), (case.path / "case.json").read_bytes()) == before


def test_two_writers_do_not_overwrite_each_other(case):
    other = CaseFolder.open(case.path)

    def work(folder, name):
        for number in range(10):
            folder.update(adding(entry(f"{name}-{number}")), author=name)

    threads = [threading.Thread(target=work, args=pair) for pair in ((case, "a"), (other, "b"))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    record = CaseFolder.open(case.path).record
    assert len(record.images) == 20
    assert record.revision == 21
    assert [event.to_revision for event in case.history()] == list(range(1, 22))


@pytest.mark.parametrize("spelled", ["NFC", "NFD"])
def test_an_image_is_found_however_its_accents_are_spelled(case, spelled):
    name = unicodedata.normalize(spelled, "Präparat é 石灰.tif")
    (case.path / name).write_bytes(b"x")
    relative = case.relative_path_to(case.path / name)
    assert relative == unicodedata.normalize("NFC", name)
    case.update(adding(entry("a", relative)))
    assert case.image_path("a").read_bytes() == b"x"


def test_an_image_beside_the_case_is_named_by_a_relative_path(case, tmp_path):
    (tmp_path / "slides").mkdir()
    file = tmp_path / "slides" / "a.svs"
    file.write_bytes(b"x")
    assert case.relative_path_to(file) == "../slides/a.svs"
    case.update(adding(entry("a", "../slides/a.svs")))
    assert case.image_path("a").read_bytes() == b"x"


def test_an_image_that_is_gone_is_an_error_and_can_be_remembered_elsewhere(case, tmp_path):
    case.update(adding(entry("a", "gone.svs")))
    with pytest.raises(ImageReadError, match="not where the case says"):
        case.image_path("a")
    case.update(adding(entry("b", f"{'x' * 300}/a.svs")))
    with pytest.raises(ImageReadError, match="not where the case says"):
        case.image_path("b")
    elsewhere = tmp_path / "elsewhere.svs"
    elsewhere.write_bytes(b"x")
    case.remember_place("a", elsewhere)
    assert case.image_path("a").read_bytes() == b"x"
    assert str(tmp_path) not in (case.path / "case.json").read_text(encoding="utf-8")


def test_an_image_that_the_case_has_not_is_an_error_that_lists_those_it_has(case):
    case.update(adding(entry("a")))
    for ask in (case.image_path, case.annotations, case.strokes, case.run_folder):
        with pytest.raises(CaseError, match=r"no image 'b'\. Its images are: a"):
            ask("b")


@pytest.mark.parametrize("name", ["石灰化", "кальциноз", "تكلس", "अस्थि", "Präparat é", "🦴 2", "a" * 120])
def test_cases_and_images_are_named_in_any_script(tmp_path, name):
    case = CaseFolder.create(tmp_path / name, author=name)
    case.update(adding(entry(name)), author=name)
    ring = np.array([[0, 0], [9, 0], [9, 9]], float)
    with CaseFolder.open(tmp_path / name).stroke_log(name, author=name) as log:
        log.add([Stroke(name, StrokeKind.REGION, (ring,), name=name)])
        log.save()
    again = CaseFolder.open(tmp_path / name)
    assert [(each.id, each.author) for each in again.annotations(name).strokes] == [(name, name)]
    assert {each.author for each in again.history()} == {name}
    assert [each.name for each in (tmp_path / name / "annotations").iterdir()] == [f"{name}.geojson"]


def test_a_path_that_is_too_long_is_an_error_and_nothing_is_made(tmp_path):
    deep = tmp_path.joinpath(*["d" * 250] * 20)
    with pytest.raises(CalcannotError, match="cannot be written"):
        CaseFolder.create(deep / "case")
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CalcannotError, match="cannot be written"):
        CaseFolder.create(tmp_path / "file" / "case")


def test_the_sample_case_is_one(tmp_path):
    record = read_record(SAMPLE / "case.json")
    assert [image.id for image in record.images] == ["radiograph.dcm", "section.tif"]
    assert record_text(record) == (SAMPLE / "case.json").read_text(encoding="utf-8")
    case = CaseFolder.open(SAMPLE)
    assert len(case.annotations("radiograph.dcm").regions) == 2
    assert case.image_path("section.tif").is_file()
