"""The form of the record in a viewer: what somebody types, and what is then on disk."""

from __future__ import annotations

import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt

from calcannot.model.case import CaseImage
from calcannot.store.case_folder import CaseFolder
from napari_calcannot import record_keeper, record_view
from napari_calcannot.reader import read
from napari_calcannot.record_view import RecordPanel

pytestmark = pytest.mark.gui


@pytest.fixture
def case(tmp_path):
    folder = CaseFolder.create(tmp_path / "case", id="case-1", title="Two masses")
    entry = CaseImage(id="film", role="radiograph", path="../film.dcm", sha256="0" * 64)
    folder.update(lambda record: record.model_copy(update={"images": (entry,)}))
    return folder


@pytest.fixture
def panel(make_napari_viewer_proxy, qtbot, case, monkeypatch):
    monkeypatch.setattr(record_keeper, "RETRY_MS", 50)
    monkeypatch.setattr(record_view, "choose_user_name", lambda name: None)  # preferences outlive a test
    widget = RecordPanel(make_napari_viewer_proxy())
    qtbot.addWidget(widget)
    widget.show()
    assert widget.open_case(case.path)
    return widget


def go_to(panel, name):
    place = panel.page.findData(name)
    assert place >= 0, name
    panel.page.setCurrentIndex(place)
    panel.page.activated.emit(place)


def type_in(panel, qtbot, place, text):
    line = panel.rows[place].value
    line.clear()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def on_disk(panel, qtbot):
    qtbot.waitUntil(lambda: panel.keeper.is_saved, timeout=10_000)
    return CaseFolder.open(panel.keeper.case.path).record


def choose(box, data):
    place = box.findData(data) if box.findData(data) >= 0 else box.findText(data)
    box.setCurrentIndex(place)
    box.activated.emit(place)


def test_what_is_typed_is_on_disk_with_unit_source_and_history(panel, qtbot):
    panel.author.setText("Reader 1")
    panel.author.editingFinished.emit()
    panel.source.setText("letter")
    panel.date.setText("2015-05-30")
    go_to(panel, "labs")
    type_in(panel, qtbot, ("labs", "calcium"), "9,2")
    choose(panel.rows[("labs", "phosphate")].status, "not_reported")
    record = on_disk(panel, qtbot)
    calcium = record.labs.calcium
    assert (calcium.value, calcium.unit, calcium.status, calcium.source) == (9.2, "mg/dL", "reported", "letter")
    assert record.labs.phosphate.status == "not_reported"
    assert panel.message.text() == "Saved."
    assert panel.rows[("labs", "calcium")].beside.text() == "letter, 2015-05-30"
    events = CaseFolder.open(panel.keeper.case.path).history()
    assert ("Reader 1", "set labs.calcium") in [(event.author, event.what) for event in events]


def test_what_does_not_fit_is_said_at_its_line_and_stays_there(panel, qtbot, case):
    panel.add_lesion("right")
    qtbot.waitUntil(lambda: panel.page.currentData() == "lesion right", timeout=10_000)
    row = panel.rows[("lesions", "right", "length")]
    row.unit.setCurrentText("kg")
    type_in(panel, qtbot, row.field.place, "12")
    assert "'kg' is not a length" in row.beside.text()
    type_in(panel, qtbot, ("lesions", "right", "width"), "4 cm")
    record = on_disk(panel, qtbot)
    assert (record.lesions[0].length, record.lesions[0].width.value) == (None, 4)
    assert row.entry.value == "12", "what was typed is not taken away"
    row.unit.setCurrentText("cm")
    row.unit.activated.emit(0)
    assert on_disk(panel, qtbot).lesions[0].length.value == 12


def test_a_lesion_is_removed_once_it_has_no_facts(panel, qtbot):
    panel.add_lesion("left")
    qtbot.waitUntil(lambda: panel.page.currentData() == "lesion left", timeout=10_000)
    type_in(panel, qtbot, ("lesions", "left", "site"), "flank")
    assert len(on_disk(panel, qtbot).lesions) == 1
    panel.remove.click()
    assert panel.message.text() == "Not saved: the lesion left has facts"
    choose(panel.rows[("lesions", "left", "site")].status, "")
    on_disk(panel, qtbot)
    panel.remove.click()
    assert on_disk(panel, qtbot).lesions == ()
    qtbot.waitUntil(lambda: panel.page.currentData() == "case", timeout=10_000)
    assert ("title",) in panel.rows
    assert not panel.remove.isVisible()


def test_a_name_that_no_lesion_can_have_is_said(panel):
    panel.add_lesion("Jane Doe")
    assert "letters, digits" in panel.message.text()


def test_choices_and_no_status_take_a_fact_away(panel, qtbot):
    go_to(panel, "subject")
    row = panel.rows[("subject", "sex")]
    choose(row.value, "female")
    assert on_disk(panel, qtbot).subject.sex.value == "female"
    choose(row.status, "")
    assert on_disk(panel, qtbot).subject.sex is None
    assert row.value.currentText() == ""


def test_what_others_write_meanwhile_stays_and_is_shown(panel, qtbot, case):
    go_to(panel, "subject")
    case.update(lambda record: record.model_copy(update={"title": "By Bea"}), author="Bea")
    type_in(panel, qtbot, ("subject", "age"), "95")
    record = on_disk(panel, qtbot)
    assert record.title == "By Bea"
    assert (record.subject.age.value, record.subject.age.note) == (90, "90 or older")
    qtbot.waitUntil(lambda: panel.title.text() == "case-1: By Bea", timeout=10_000)


def test_a_disk_that_refuses_loses_nothing(panel, qtbot, monkeypatch):
    from calcannot.errors import OutputError
    from calcannot.store import case_folder

    def full(path, text):
        raise OutputError("cannot be written (No space left on device)", path=path, remedy="make room")

    go_to(panel, "history")
    with monkeypatch.context() as patched:
        patched.setattr(case_folder, "write_text", full)
        type_in(panel, qtbot, ("history", "trauma"), "none known")
        qtbot.waitUntil(lambda: "No space left" in panel.message.text(), timeout=10_000)
        assert not panel.keeper.is_saved
    assert on_disk(panel, qtbot).history.trauma.value == "none known"


def test_closing_writes_the_line_that_was_not_left(panel, qtbot, case):
    go_to(panel, "case")
    line = panel.rows[("title",)].value
    panel.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus, timeout=10_000)
    line.setText("Not yet left")
    assert panel.close()
    assert CaseFolder.open(case.path).record.title == "Not yet left"


def test_it_follows_the_case_of_the_image_in_hand(panel, qtbot, sample_case):
    for layer in read(sample_case):
        data, options, kind = layer
        getattr(panel.viewer, f"add_{kind}")(data, **options)
    assert panel.title.text().startswith("kikuchi-2015: Symmetrical onset")
    go_to(panel, "lesion mass-1")
    assert panel.rows[("lesions", "mass-1", "length")].entry.value == "5"
    sessions = {each.metadata["calcannot_session"] for each in panel.viewer.layers}
    panel.viewer.layers.clear()
    for session in sessions:
        session.close()
