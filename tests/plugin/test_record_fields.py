"""The record as pages of fields, without a window."""

from __future__ import annotations

import pytest

pytest.importorskip("napari")

from calcannot.errors import CaseError
from calcannot.model.case import case_from_dict
from calcannot.model.leaf import Leaf
from calcannot.store.record_import import Origin, with_facts
from calcannot.store.record_table import variables
from napari_calcannot.record_fields import (
    Entry,
    entry_of,
    fact_of,
    facts_at,
    fields_of,
    leaf_at,
    origin_text,
    pages,
    without,
)


@pytest.fixture
def record():
    facts = {"lesions": [{"id": "right", "length": "12 cm"}], "labs": {"phosphate": "not_reported"}}
    empty = case_from_dict({"schema_version": 2, "id": "a", "title": "Two masses"})
    return with_facts(empty, facts, Origin("letter", "2015-05-30"))


def field_at(place):
    page = "case" if len(place) == 1 else f"lesion {place[1]}" if place[0] == "lesions" else place[0]
    return next(each for each in fields_of(page) if each.place == place)


def put(record, place, entry, source="", date=""):
    fact = fact_of(field_at(place), entry, leaf_at(record, place), source=source, date=date)
    return without(record, place) if fact is None else with_facts(record, facts_at(place, fact), Origin())


def test_every_variable_of_the_dictionary_has_a_line(record):
    lines = {each.place for page in pages(record) for each in fields_of(page)}
    wanted = {("lesions", "right", v.field) if v.part == "lesion" else (v.part, v.field) for v in variables()}
    assert wanted <= lines
    assert lines - wanted == {("title",), ("citation",), ("licence",), ("note",), ("subject", "pseudonym")}


@pytest.mark.parametrize(
    ("typed", "value", "unit"),
    [
        (Entry("9.2", "mg/dL", "reported"), 9.2, "mg/dL"),
        (Entry("9,2", "mg/dL", ""), 9.2, "mg/dL"),
        (Entry("2,3 mmol/L", "mg/dL", ""), 2.3, "mmol/L"),
        (Entry("9.2", "", ""), 9.2, "mg/dL"),
        (Entry("normal", "mg/dL", ""), "normal", None),
    ],
)
def test_a_number_is_typed_with_or_without_its_unit(record, typed, value, unit):
    leaf = put(record, ("labs", "calcium"), typed, "chart", "2015").labs.calcium
    assert (leaf.value, leaf.unit, leaf.status, leaf.source, leaf.date) == (value, unit, "reported", "chart", "2015")


def test_what_is_shown_and_left_alone_says_the_same(record):
    for page in pages(record):
        for field in fields_of(page):
            found = leaf_at(record, field.place)
            if found is not None:
                assert leaf_at(put(record, field.place, entry_of(found)), field.place) == found


def test_a_status_is_changed_without_losing_source_and_codes(record):
    place = ("lesions", "right", "length")
    codes = [{"system": "SCT", "code": "1"}]
    coded = with_facts(
        record, facts_at(place, {"value": 12, "unit": "cm", "codes": codes, "source": "letter"}), Origin()
    )
    shown = entry_of(leaf_at(coded, place))
    leaf = leaf_at(put(coded, place, Entry(shown.value, shown.unit, "measured")), place)
    assert (leaf.value, leaf.status, leaf.source, leaf.codes[0].code) == (12, "measured", "letter", "1")
    # Another value is not what was read there.
    leaf = leaf_at(put(coded, place, Entry("13", shown.unit, "measured")), place)
    assert (leaf.value, leaf.source, leaf.codes) == (13, None, ())


def test_not_reported_is_a_fact_and_nothing_is_none(record):
    done = put(record, ("labs", "calcium"), Entry("", "", "not_done"))
    assert (done.labs.calcium.value, done.labs.calcium.status) == (None, "not_done")
    gone = put(done, ("labs", "phosphate"), Entry("", "", ""))
    assert gone.labs.phosphate is None
    assert gone.labs.calcium.status == "not_done"
    assert put(record, ("title",), Entry("")).title == ""


def test_a_unit_of_another_kind_is_named_by_its_field(record):
    with pytest.raises(CaseError, match=r"field lesions\.0\.length: 'kg' is not a length"):
        put(record, ("lesions", "right", "length"), Entry("12", "kg", "measured"))


def test_a_lesion_is_added_and_taken_away_while_it_is_empty(record):
    added = with_facts(record, facts_at(("lesions", "left"), {}), Origin())
    assert [each.id for each in added.lesions] == ["right", "left"]
    assert pages(added)[:4] == ["case", "subject", "lesion right", "lesion left"]
    assert [each.id for each in without(added, ("lesions", "left")).lesions] == ["right"]
    with pytest.raises(CaseError, match="the lesion right has facts"):
        without(added, ("lesions", "right"))


def test_where_a_fact_was_read_is_one_line():
    leaf = Leaf(value=1, unit="cm", status="measured", source="chart", date="2015", note="lying")
    assert origin_text(leaf) == "chart, 2015, lying"
