"""What goes wrong around the panel: a message with what to do, nothing lost, and the session lives on."""

import errno
import json
import shutil

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QMessageBox

from calcannot.errors import OutputError
from calcannot.model.annotation import StrokeKind
from calcannot.segment.shipped import load_recipe
from calcannot.store import atomic, line_file
from calcannot.store.case_folder import CaseFolder
from napari_calcannot import keeping, pending
from napari_calcannot.painting import brush_rings
from napari_calcannot.reader import open_path
from napari_calcannot.securing import secure

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@pytest.fixture
def disk(monkeypatch):
    """A disk that can be filled: then nothing more is written to it."""

    class Disk:
        is_full = False

    def write(handle, data, real=line_file.os.write):
        if Disk.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data)

    def make(*arguments, real=atomic.tempfile.mkstemp, **more):
        if Disk.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **more)

    monkeypatch.setattr(line_file.os, "write", write)
    monkeypatch.setattr(atomic.tempfile, "mkstemp", make)
    return Disk


def opened(panel, qtbot, path):
    assert panel.open_path(path), said(panel)
    at_rest(panel, qtbot)
    return panel.session


def at_rest(panel, qtbot):
    qtbot.waitUntil(
        lambda: not (panel.desk.runner.is_busy or panel.desk.is_working or panel.keeping.is_writing), timeout=60_000
    )


def said(panel):
    return panel.controls.message.text()


def paint(panel, x, y):
    ring = brush_rings(np.array([[x, y]], np.float64), 12.0)
    panel.desk.change(lambda s: s.draw([s.hand.stroke(StrokeKind.ADD, ring)], "brush"))


def measured(panel, qtbot):
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: panel.session.is_saved, timeout=60_000)
    at_rest(panel, qtbot)


def test_a_bad_file_is_said_and_what_to_do(panel, qtbot, sample_case, tmp_path):
    session = opened(panel, qtbot, sample_case / "section.tif")
    whole = (sample_case / "section.tif").read_bytes()
    for name, content, words in (
        ("text.tif", b"hello", ("not an image", "Give a TIFF")),
        ("empty.svs", b"", ("empty", "Copy or export it again")),
        ("half.tif", whole[: len(whole) // 2], ("cut short", "Copy the file again")),
        ("absent.tif", None, ("cannot be read", "Check the name")),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert not panel.open_path(tmp_path / name), name
        assert all(each in said(panel) for each in (name, *words)), said(panel)
        assert panel.session is session
    measured(panel, qtbot)


def test_a_recipe_of_a_later_version_is_said_and_the_one_in_force_stays(panel, qtbot, sample_case, tmp_path):
    session = opened(panel, qtbot, sample_case / "section.tif")
    before = session.recipe
    path = tmp_path / "newer.json"
    path.write_text(json.dumps({**load_recipe("von-kossa").to_dict(), "schema_version": 99}), encoding="utf-8")
    assert not panel.finding.load_recipe(path)
    assert "newer.json: the recipe has schema version 99" in said(panel)
    assert "Update calcannot" in said(panel)
    assert session.recipe == before
    measured(panel, qtbot)


def test_a_full_disk_is_said_until_there_is_space_and_all_is_saved_then(panel, qtbot, sample_case, disk):
    session = opened(panel, qtbot, sample_case / "section.tif")
    measured(panel, qtbot)
    disk.is_full = True
    paint(panel, 100, 100)
    qtbot.waitUntil(lambda: "No space left on device" in said(panel), timeout=10_000)
    assert "Free space on its disk" in said(panel)
    assert session.drawing.state == "not saved"
    paint(panel, 200, 100)
    assert "Not saved yet" in said(panel), "said for as long as it is so"
    qtbot.waitUntil(lambda: session.is_current, timeout=60_000)
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: panel.controls.state.text() == "Measured, not saved yet: see above.", timeout=60_000)
    disk.is_full = False
    qtbot.waitUntil(lambda: said(panel) == "Everything is saved again.", timeout=20_000)
    qtbot.waitUntil(lambda: session.is_saved, timeout=20_000)
    drawn = [stroke.id for stroke in session.annotations.strokes]
    assert len(drawn) == 2
    drawing = session.drawing
    assert [s.id for s in CaseFolder.open(drawing.case.path).annotations(drawing.image_id).strokes] == drawn


def test_a_result_that_cannot_be_written_yet_is_not_said_to_be_saved_between_two_tries(
    panel, qtbot, sample_case, monkeypatch
):
    heard, tries = [], []
    panel.desk.said.connect(heard.append)

    def fail(*_):
        tries.append(1)
        raise OutputError("No space left", remedy="free space")

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "write_run", fail)
        session = opened(panel, qtbot, sample_case / "section.tif")
        panel.controls.measure.click()
        qtbot.waitUntil(lambda: len(tries) > 2, timeout=30_000)
        at_rest(panel, qtbot)
        assert "Everything is saved again." not in heard
    qtbot.waitUntil(lambda: session.is_saved, timeout=20_000)
    qtbot.waitUntil(lambda: "Everything is saved again." in heard, timeout=5_000)


def test_a_pixel_size_that_cannot_be_kept_is_no_trouble_any_more_when_it_is_taken_back(
    panel, qtbot, sample_case, monkeypatch
):
    session = opened(panel, qtbot, sample_case / "section.tif")
    measured(panel, qtbot)

    def fail(_):
        raise OutputError("No space left", remedy="free space")

    monkeypatch.setattr(keeping, "keep_size", fail)
    panel.desk.change(lambda each: each.set_pixel_size("0.3um"))
    qtbot.waitUntil(lambda: "No space left" in said(panel), timeout=10_000)
    panel._undo()
    qtbot.waitUntil(lambda: panel.keeping.run_state == "saved", timeout=10_000)
    assert session.drawing.state == "saved"


def test_a_folder_that_goes_away_is_said_and_what_was_drawn_is_written_when_it_is_back(panel, qtbot, sample_case):
    opened(panel, qtbot, sample_case)
    panel._on_image(1)
    at_rest(panel, qtbot)
    session = panel.session
    measured(panel, qtbot)
    away = sample_case.with_name("away")
    sample_case.rename(away)
    paint(panel, 100, 100)
    panel.desk.change(lambda each: each.set_threshold(101))
    session.settle()
    qtbot.waitUntil(lambda: "the case is not where it was. Connect its drive again" in said(panel), timeout=10_000)
    panel.controls.measure.click()
    at_rest(panel, qtbot)
    assert "Connect its drive again" in said(panel)
    panel.leaving.report(sample_case.parent / "report.html")
    assert "the case is not where it was" in said(panel)
    away.rename(sample_case)
    qtbot.waitUntil(lambda: session.drawing.state == "saved", timeout=20_000)
    assert len(CaseFolder.open(sample_case).annotations(session.drawing.image_id).strokes) == 1
    measured(panel, qtbot)


def test_closed_while_the_folder_is_away_it_is_set_aside_and_comes_back(panel, qtbot, sample_case):
    opened(panel, qtbot, sample_case)
    panel._on_image(1)
    at_rest(panel, qtbot)
    measured(panel, qtbot)
    session, away = panel.session, sample_case.with_name("away")
    sample_case.rename(away)
    paint(panel, 100, 100)
    panel.desk.change(lambda each: each.set_threshold(101))
    assert panel.keeping.finish() == ""
    assert "comes back when you open the image again" in said(panel)
    aside = pending.pending_path(session)
    assert aside.exists()
    shutil.copytree(away, sample_case)  # as it was: nothing of what was drawn is in it
    for journal in sample_case.glob("journal/*/*"):
        journal.unlink()
    sessions = open_path(sample_case)
    try:
        again = next(each for each in sessions if each.info.name == "section.tif")
        assert [s.id for s in again.annotations.strokes] == [s.id for s in session.annotations.strokes]
        assert again.threshold_by_hand == 101
        secure(again)
        assert not aside.exists()
    finally:
        for each in sessions:
            each.close()


def test_a_window_with_what_can_be_saved_nowhere_closes_only_if_that_is_wanted(
    panel, qtbot, sample_case, disk, monkeypatch
):
    session = opened(panel, qtbot, sample_case / "section.tif")
    measured(panel, qtbot)
    panel.show()
    disk.is_full = True
    paint(panel, 100, 100)
    asked = []

    def answer(_, title, text, *__):
        asked.append((title, text))
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "warning", answer)
    event = QEvent(QEvent.Type.Close)
    assert panel.eventFilter(panel.window(), event)
    assert not event.isAccepted()
    assert "No space left on device" in asked[0][1]
    disk.is_full = False
    qtbot.waitUntil(lambda: session.drawing.state == "saved", timeout=20_000)
    assert not panel.eventFilter(panel.window(), QEvent(QEvent.Type.Close))
    assert len(asked) == 1
