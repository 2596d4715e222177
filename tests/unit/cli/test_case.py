"""The commands of a case, from an empty folder to a verified result."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from calcannot.store.case_folder import CaseFolder

SAMPLE = Path(__file__).parents[3] / "sample_images"


@pytest.fixture
def case(tmp_path, calcannot):
    assert calcannot("case", "new", tmp_path / "c", "--id", "case-7", "--author", "Ada").code == 0
    return tmp_path / "c"


def test_a_case_is_filled_and_shown(case, calcannot):
    ran = calcannot("case", "set", case, "subject.age=93 a", "lesions.m1.length=5 cm", "--source", "letter")
    assert (ran.code, ran.err) == (0, "")
    shown = calcannot("case", "show", case)
    assert "age: 90 a (reported), letter; 90 or older" in shown.out
    assert "length: 5 cm (reported), letter" in shown.out
    assert "Ada: made the case" in shown.out
    assert json.loads(calcannot("case", "show", case, "--json").out)["id"] == "case-7"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "lesions.m1.length=3 kg"), r"field lesions.0.length: 'kg' is not a length"),
        (("set", "no-such-file.toml"), "cannot be read"),
        (("set", "subject.age=58 a", "--status", "guessed"), "is not a status of facts"),
        (("add", "no-such-file.tif"), "cannot be read"),
        (("new",), "is a case already"),
    ],
)
def test_what_is_wrong_is_one_line_and_changes_nothing(case, calcannot, arguments, message):
    before = (case / "case.json").read_bytes()
    ran = calcannot("case", arguments[0], case, *arguments[1:])
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert (case / "case.json").read_bytes() == before


def test_doubts_are_printed_and_nothing_is_assigned(case, calcannot):
    ran = calcannot("case", "set", case, "classification.type=idiopathic")
    assert "to check: The classification says idiopathic" in ran.out
    assert CaseFolder.open(case).record.classification.subtype is None


def test_setting_the_same_again_changes_nothing(case, calcannot):
    calcannot("case", "set", case, "subject.sex=female")
    assert "Nothing has changed" in calcannot("case", "set", case, "subject.sex=female").out


def test_schema_and_dictionary_are_printed(calcannot):
    assert json.loads(calcannot("case", "schema").out)["title"] == "Case"
    assert calcannot("case", "dictionary").out.startswith("Variable / Field Name,Form Name,")


def test_the_schema_accepts_the_sample_case(calcannot):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(calcannot("case", "schema").out)
    record = json.loads((SAMPLE / "case.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(record)


@pytest.mark.slow
def test_add_run_and_verify(case, calcannot):
    section = shutil.copy(SAMPLE / "section.tif", case / "section.tif")
    added = calcannot("case", "add", case, section, "--id", "s")
    assert "Added s, histology" in added.out
    ran = calcannot("run", case)
    assert ran.code == 0
    assert "0.666 mm²" in ran.out
    assert calcannot("verify", case).out == "1 run(s) of 1 case(s) agree\n"
    table = next(case.glob("runs/s/*/images.csv"))
    table.write_text(table.read_text(encoding="utf-8").replace(",histology,", ",radiograph,"), encoding="utf-8")
    ran = calcannot("verify", case)
    assert ran.code == 1
    assert "images.csv: modality in row 1 is radiograph, and comes out as histology" in ran.out
    assert json.loads(calcannot("verify", case, "--json").out)["differences"][0]["cause"] == "table"
    (case / "section.tif").unlink()
    ran = calcannot("run", case)
    assert ran.code == 1
    assert "not where the case says" in ran.err
