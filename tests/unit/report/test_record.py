"""The record in rows: what was not reported is shown as such, and never as normal or as nothing."""

from __future__ import annotations

from calcannot.report.record import clinical_sizes, common_source, leaf_text, record_groups


def leaf(value=None, unit=None, status="reported", source="letter", **more):
    return {"value": value, "unit": unit, "status": status, "source": source, "date": "2015", **more}


RECORD = {
    "id": "x",
    "subject": {"age": leaf(58, "a"), "sex": leaf("female", source="chart")},
    "history": {"trauma": leaf(status="not_reported"), "family": leaf(status="unknown")},
    "labs": {"calcium": leaf("normal", note="no number is given"), "phosphate": leaf(status="not_done")},
    "lesions": [
        {"id": "a", "length": leaf(5.0, "cm"), "width": leaf(4.0, "cm"), "site": leaf("hip")},
        {"id": "b", "length": leaf(3.0, "cm"), "size_method": leaf("caliper", status="measured")},
    ],
}


def rows(title: str):
    return {row.label: row for group in record_groups(RECORD) if group.title == title for row in group.rows}


def test_what_was_not_reported_or_not_done_says_so():
    assert (rows("History")["Trauma"].value, rows("History")["Trauma"].absent) == ("not reported", True)
    assert rows("History")["Family"].value == "unknown"
    assert rows("Laboratory")["Phosphate"].value == "not done"


def test_values_carry_their_unit_and_note_and_a_source_that_is_not_the_common_one():
    assert rows("Patient")["Age"].value == "58 years"
    assert rows("Patient")["Age"].note == ""
    assert rows("Patient")["Sex"].note == "chart"
    assert (rows("Laboratory")["Calcium"].value, rows("Laboratory")["Calcium"].note) == ("normal", "no number is given")
    assert common_source(RECORD) == "letter"


def test_groups_come_in_the_order_of_the_schema_and_empty_ones_not_at_all():
    assert [group.title for group in record_groups(RECORD)] == [
        "Patient", "History", "Lesion a", "Lesion b", "Laboratory",
    ]  # fmt: skip
    assert record_groups({}) == ()


def test_clinical_sizes_are_given_as_recorded():
    first, second = clinical_sizes(RECORD["lesions"])
    assert (first.size, first.how, first.site) == ("5 cm × 4 cm", "not recorded", "hip")
    assert (second.size, second.how, second.site) == ("3 cm", "caliper", "not reported")


def test_a_leaf_in_words():
    assert leaf_text(leaf(True)) == "yes"
    assert leaf_text(leaf(0.5, "mm2")) == "0.5 mm²"
    assert leaf_text(leaf(0)) == "0"
