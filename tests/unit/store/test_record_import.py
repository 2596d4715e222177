"""Facts into the record: TOML, JSON, REDCap and plain tables, and single facts typed by hand."""

from __future__ import annotations

import csv
import io
import json

import pytest

from calcannot.errors import CaseError
from calcannot.model.case import case_from_dict
from calcannot.model.case_doubts import doubts
from calcannot.store.facts import facts_of
from calcannot.store.record_import import Origin, facts_from_assignment, read_facts, with_facts
from calcannot.store.record_table import dictionary_text, read_table, variables


@pytest.fixture
def case():
    return case_from_dict({"schema_version": 2, "id": "a", "subject": {"hobby": "chess"}})


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


TOML = """
source = "letter"
date = 2015-05-30

[subject]
age = "58 a"
sex = "female"

[[lesions]]
id = "m1"
length = "5 cm"
width = { value = 40, unit = "mm", status = "measured", note = "ruler" }
side = "not_reported"

[labs]
calcium = "normal"
phosphate = "not_done"

[consent]
publication = true

[garden]
roses = 3
"""


def test_toml_fills_leaves_with_source_and_date(case, tmp_path):
    facts, origin = read_facts(written(tmp_path, "facts.toml", TOML))
    full = with_facts(case, facts, origin)
    assert (full.subject.age.value, full.subject.age.unit, full.subject.age.status) == (58, "a", "reported")
    assert (full.subject.sex.source, full.subject.sex.date) == ("letter", "2015-05-30")
    (lesion,) = full.lesions
    assert (lesion.length.value, lesion.length.unit, lesion.width.unit, lesion.width.note) == (5, "cm", "mm", "ruler")
    assert (lesion.side.value, lesion.side.status) == (None, "not_reported")
    assert (full.labs.calcium.value, full.labs.phosphate.status) == ("normal", "not_done")
    assert full.consent.publication.value == "yes"
    assert full.to_dict()["garden"] == {"roses": 3}
    assert full.to_dict()["subject"]["hobby"] == "chess"


def test_json_says_the_same_as_toml(case, tmp_path):
    import tomllib

    content = json.loads(json.dumps(tomllib.loads(TOML), default=str))
    toml, json_ = (
        with_facts(case, *read_facts(written(tmp_path, name, text)))
        for name, text in (("a.toml", TOML), ("a.json", json.dumps(content)))
    )
    assert toml == json_


def test_facts_that_are_not_spoken_of_stay(case):
    once = with_facts(case, {"labs": {"calcium": "9.4 mg/dL"}, "lesions": [{"id": "m", "layer": "dermis"}]}, Origin())
    twice = with_facts(once, {"labs": {"phosphate": "3 mg/dL"}, "lesions": [{"id": "m", "length": "2 cm"}]}, Origin())
    assert twice.labs.calcium == once.labs.calcium
    assert twice.lesions[0].layer == once.lesions[0].layer
    assert twice.lesions[0].length.value == 2


@pytest.mark.parametrize(
    ("age", "value", "unit"), [("90 a", 90, "a"), ("97 a", 90, "a"), ("1200 mo", 90, "a"), ("6 mo", 6, "mo")]
)
def test_ages_over_90_are_90(case, age, value, unit):
    leaf = with_facts(case, {"subject": {"age": age}}, Origin()).subject.age
    assert (leaf.value, leaf.unit) == (value, unit)
    assert (leaf.note == "90 or older") == (age not in ("90 a", "6 mo"))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"lesions": [{"id": "m", "length": "5 kg"}]}, r"lesions\.0\.length: 'kg' is not a length"),
        ({"subject": {"age": 58}}, r"subject\.age: has no unit"),
        ({"labs": {"calcium": "9,2 mg/dL"}}, r"calcium: '9,2 mg/dL' is no number\. Write it with a point"),
        ({"labs": {"calcium": {"value": "9,2", "unit": "mg/dL"}}}, "calcium: '9,2' is no number"),
        ({"images": []}, "images is written by calcannot"),
        ({"revision": 7}, "revision is written by calcannot"),
        ({"lesions": {"m": 1}}, "lesions"),
        ({"specimen": {"section_thickness": "4 mmol/L"}}, r"specimen\.section_thickness"),
    ],
)
def test_what_does_not_fit_is_named(case, facts, message):
    with pytest.raises(CaseError, match=message):
        with_facts(case, facts, Origin())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "a = [", "is not TOML"),
        ("a.json", '{"a": }', "line 1, column 7"),
        ("a.json", "[1]", "an object is expected"),
        ("a.toml", 'status = "guessed"', "field status"),
    ],
)
def test_a_file_that_is_no_record_is_an_error_with_its_place(tmp_path, name, text, message):
    with pytest.raises(CaseError, match=message):
        read_facts(written(tmp_path, name, text))


def test_a_fact_typed_by_hand():
    assert facts_from_assignment("subject.age=58 a") == {"subject": {"age": "58 a"}}
    assert facts_from_assignment("lesions.m1.length=5 cm") == {"lesions": [{"id": "m1", "length": "5 cm"}]}
    with pytest.raises(CaseError, match="neither a file nor FIELD=VALUE"):
        facts_from_assignment("subject.age")


def test_the_dictionary_is_one_that_redcap_takes():
    rows = list(csv.DictReader(io.StringIO(dictionary_text())))
    names = [row["Variable / Field Name"] for row in rows]
    assert len(rows[0]) == 18
    assert names[0] == "record_id"
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name[0].isalpha() and len(name) <= 100 for name in names)
    by_name = {row["Variable / Field Name"]: row for row in rows}
    assert by_name["labs_calcium"]["Field Note"].startswith("in mg/dL; LOINC 17861-6")
    assert by_name["labs_parathyroid_hormone"]["Field Note"].startswith("in pg/mL")
    assert "female, female | male, male" in by_name["subject_sex"]["Choices, Calculations, OR Slider Labels"]


def test_a_plain_table_is_read_by_the_units_of_the_dictionary(case, tmp_path):
    text = (
        "record_id,subject_age,subject_sex,labs_calcium,labs_calcium_unit,labs_phosphate,favourite\n"
        "a,58,female,2.4,mmol/L,not_done,blue\nb,40,male,9,,3.1,\n"
    )
    path = written(tmp_path, "t.csv", text)
    full = with_facts(case, facts_of(str(path), Origin("table"), record="a").facts, Origin("table"))
    assert (full.subject.age.value, full.subject.age.unit) == (58, "a")
    assert (full.labs.calcium.value, full.labs.calcium.unit) == (2.4, "mmol/L")
    assert full.labs.phosphate.status == "not_done"
    assert full.other["favourite"].value == "blue"
    second = read_table(path)[1]
    assert second.facts["labs"]["calcium"] == {"value": 9.0, "unit": "mg/dL"}
    with pytest.raises(CaseError, match=r"no record 'z'.*there are a, b"):
        facts_of(str(path), Origin(), record="z")


def test_repeating_instruments_of_redcap_are_lesions(case, tmp_path):
    text = (
        "record_id;redcap_repeat_instrument;redcap_repeat_instance;subject_sex;lesion_length;lesion_side\n"
        "a;;;female;;\na;lesion;1;;5;left\na;lesion;2;;3;right\n"
    )
    (record,) = read_table(written(tmp_path, "r.csv", "\ufeff" + text))
    full = with_facts(case, record.facts, Origin())
    assert [(x.id, x.length.value, x.length.unit, x.side.value) for x in full.lesions] == [
        ("lesion-1", 5, "cm", "left"), ("lesion-2", 3, "cm", "right"),
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["patient_name", "MRN", "date_of_birth", "dob", "e_mail", "Surname", "phone"])
def test_a_column_that_names_a_person_must_be_asked_for_by_name(tmp_path, column):
    path = written(tmp_path, "t.csv", f"record_id,{column}\na,Jane Doe\n")
    with pytest.raises(CaseError, match=f"{column} seems to name a person"):
        read_table(path)
    assert read_table(path, leave_out=(column,))[0].facts == {}
    assert read_table(path, keep=(column,))[0].facts == {"other": {column: "Jane Doe"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record_id\n", "no row"),
        ("a,a\n1,2\n", "twice"),
        ("record_id,x\na\n", "line 2 has 1 fields"),
        ("record_id,x\na,1\n,2\n", "line 3 has no record_id"),
        ('record_id,x\na,"1\n', "is not CSV"),
    ],
)
def test_a_table_that_is_none_is_an_error(tmp_path, text, message):
    with pytest.raises(CaseError, match=message):
        read_table(written(tmp_path, "t.csv", text))


def test_every_variable_can_be_written_and_read(case, tmp_path):
    values = {"number": "1", "text": "words"}
    row = {each.name: values.get(each.kind["kind"]) or each.kind["choices"][0] for each in variables()}
    path = written(tmp_path, "t.csv", f"record_id,{','.join(row)}\na,{','.join(row.values())}\n")
    (record,) = read_table(path)
    full = with_facts(case, record.facts, Origin()).to_dict()
    assert (
        sum(len(full[part]) for part in {each.part for each in variables()} - {"lesion"}) + len(full["lesions"][0])
        == len(row) + 2
    )  # the hobby, and the id of the lesion


@pytest.mark.parametrize(
    ("facts", "doubt"),
    [
        ({"lesions": [{"id": "m", "length": "3 cm", "width": "40 mm"}]}, "is larger than its length"),
        ({"classification": {"type": "idiopathic"}}, "no value for calcium and phosphate"),
        ({"classification": {"subtype": "hyperphosphataemic"}}, "there is no phosphate value"),
        ({"classification": {"subtype": "normophosphataemic"}, "labs": {"phosphate": "2.5 mmol/L"}}, "not usual"),
        ({"classification": {"type": "metastatic"}, "labs": {"calcium": "normal", "phosphate": "low"}}, "not raised"),
        ({"classification": {"type": "dystrophic"}, "labs": {"calcium": "3 mmol/L"}}, "calcium above"),
        (
            {"labs": {"calcium": "10 mg/dL", "phosphate": "5 mg/dL", "calcium_phosphate_product": "6 mmol2/L2"}},
            "given as 74.5 mg²/dL², and the two values give 50",  # 6 x 12.41
        ),
    ],
)  # fmt: skip
def test_facts_that_do_not_agree_are_named_and_left(case, facts, doubt):
    full = with_facts(case, facts, Origin())
    assert any(doubt in each for each in doubts(full)), doubts(full)


def test_facts_that_agree_raise_no_doubt(case):
    facts = {
        "classification": {"type": "primary hyperphosphataemic"},
        "labs": {"calcium": "2.4 mmol/L", "phosphate": "2.2 mmol/L", "calcium_phosphate_product": "5.28 mmol2/L2"},
    }
    assert doubts(with_facts(case, facts, Origin())) == []
