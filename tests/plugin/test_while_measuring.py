"""Work while a measurement runs: nothing is refused, and what it gives is not taken for what is drawn since."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

from calcannot.model.annotation import StrokeKind
from calcannot.store.case_folder import CaseFolder
from calcannot.store.setting import WAITING
from napari_calcannot.layers import AWAITED, MINERAL, REGIONS
from napari_calcannot.question import Question
from napari_calcannot.save_results import save_results
from napari_calcannot.tools import Tool
from napari_calcannot.waiting import Click, waiting_clicks

pytestmark = pytest.mark.gui

GRAINS_PX = 40 * 40 + 20 * 30


@pytest.fixture
def section(tmp_path):
    """Two grains of 40 and of 20 x 30 pixels on tissue, with a gap of 6 x 6 in the first."""
    pixels = np.full((200, 300, 3), 200, np.uint8)
    pixels[20:60, 20:60] = 30
    pixels[37:43, 37:43] = 200
    pixels[120:140, 200:230] = 30
    path = tmp_path / "section.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def gate(monkeypatch):
    """Holds measurements back until it is set."""
    opened = threading.Event()
    real = Question.measure

    def measure(self, progress=None):
        assert opened.wait(30)
        return real(self, progress)

    monkeypatch.setattr(Question, "measure", measure)
    yield opened
    opened.set()


def at_rest(panel, qtbot):
    qtbot.waitUntil(
        lambda: not (panel.desk.runner.is_busy or panel.desk.is_working or panel.keeping.is_writing), timeout=60_000
    )


@pytest.fixture
def session(panel, qtbot, section):
    assert panel.open_path(section)
    at_rest(panel, qtbot)
    panel.desk.change(lambda each: each.set_threshold(100))
    panel.session.settle()
    return panel.session


def lasso(panel, *corners):
    panel.hand.use(Tool.LASSO)
    panel.hand.drawn.emit(np.array(corners, np.float64))


def square(panel):
    lasso(panel, (100, 20), (110, 20), (110, 30), (100, 30))


def begin(panel):
    panel.controls.measure.click()
    assert panel.desk.is_working


def test_strokes_are_kept_and_shown_before_there_is_a_mask_and_are_in_it_when_it_comes(panel, qtbot, session, gate):
    begin(panel)
    square(panel)
    panel.hand.use(Tool.BRUSH)
    panel.hand.moved.emit(np.array([[150.0, 25.0]]))
    assert len(panel.stage.layer(session, AWAITED).data) == 2, "the square, and the brush that is down"
    panel.hand.drawn.emit(np.array([[150.0, 25.0]]))
    assert len(session.annotations.of(StrokeKind.ADD)) == 2
    assert len(panel.stage.layer(session, AWAITED).data) == 2
    assert panel.controls.state.text().startswith("Being measured without what you changed since")
    qtbot.waitUntil(lambda: getattr(session.drawing, "state", "") == "saved", timeout=20_000)
    drawing = session.drawing
    assert len(CaseFolder.open(drawing.case.path).stroke_log(drawing.image_id, author="").annotations.strokes) == 2
    panel._undo()
    assert len(panel.stage.layer(session, AWAITED).data) == 1
    panel._undo(redo=True)
    assert len(panel.stage.layer(session, AWAITED).data) == 2
    seen = []
    panel.measuring.measured.connect(lambda _, analysis: seen.append((session.mask.area_px, analysis)))
    gate.set()
    qtbot.waitUntil(lambda: len(seen) == 1, timeout=30_000)
    shown, analysis = seen[0]
    assert shown > GRAINS_PX - 36 + 100, "the strokes are in the mask at once"
    assert analysis.totals.calcified_area_px == GRAINS_PX - 36, "what was measured is without them"
    assert panel.stage.layer(session, AWAITED) is None
    qtbot.waitUntil(lambda: session.is_current, timeout=30_000)
    assert session.analysis.totals.calcified_area_px == shown, "and then they are measured, by itself"
    assert len(seen) == 1
    at_rest(panel, qtbot)


def test_a_click_for_the_mask_waits_for_it(panel, qtbot, session, gate):
    begin(panel)
    panel.hand.use(Tool.FILL)
    panel.hand.clicked.emit(40.0, 40.0)
    panel.hand.use(Tool.DELETE)
    panel.hand.clicked.emit(130.0, 210.0)
    assert "done as soon as its mask is there" in panel.controls.message.text()
    assert panel.desk.is_working, "neither tool cancels what runs"
    gate.set()
    qtbot.waitUntil(lambda: session.mask is not None and session.mask.area_px == 40 * 40, timeout=30_000)
    at_rest(panel, qtbot)


KILLED = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from napari_calcannot.pending import write_pending
    from napari_calcannot.reader import open_path
    from napari_calcannot.securing import own_drawing_of
    from napari_calcannot.waiting import Click, keep_waiting, waiting_clicks
    (session,) = open_path(Path(sys.argv[1]))
    session.set_threshold(100)
    session.settle()
    keep_waiting(session, [Click("fill", 40, 40)])
    write_pending(session)
    if sys.argv[2] == "case":
        session.keep_in(own_drawing_of(session))
        keep_waiting(session, [*waiting_clicks(session), Click("delete", 130, 210)])
        session.drawing._log.flush()
    print("there", flush=True)
    time.sleep(60)
""")


@pytest.mark.slow
@pytest.mark.parametrize("place", ["case", "before there is a case"])
def test_a_click_that_waits_is_not_lost_by_kill_minus_nine(panel, qtbot, section, place):
    given = [sys.executable, "-c", KILLED, str(section), place]
    with subprocess.Popen(given, stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout.readline().strip() == b"there"
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
    assert panel.open_path(section)
    session = panel.session
    clicked = "2 clicks" if place == "case" else "A click"
    assert panel.controls.message.text().startswith(f"{clicked} with Fill gap or Delete region waited for the mask")
    assert session.next_undo == ("threshold" if place == "case" else "what was left unsaved"), (
        "a click is no action yet"
    )
    at_rest(panel, qtbot)
    panel.controls.measure.click()
    done = 40 * 40 if place == "case" else 40 * 40 + 600
    qtbot.waitUntil(lambda: session.mask is not None and session.mask.area_px == done, timeout=30_000)
    at_rest(panel, qtbot)
    assert waiting_clicks(session) == []
    assert session.next_undo == ("delete region" if place == "case" else "fill")
    qtbot.waitUntil(lambda: getattr(session.drawing, "state", "") == "saved", timeout=20_000)
    panel._undo()
    assert waiting_clicks(session) == [], "and it is not done again"
    assert session.mask.area_px == done + (600 if place == "case" else -36)
    drawing = session.drawing
    with CaseFolder.open(drawing.case.path).stroke_log(drawing.image_id, author="another") as other:
        assert other.settings[WAITING].value == []
        assert WAITING not in other.own_settings, "the clicks of one are not those of another"


def test_a_click_that_waits_is_on_disk_at_once_and_waits_for_the_next_session(panel, qtbot, session, section, gate):
    begin(panel)
    panel.hand.use(Tool.FILL)
    panel.hand.clicked.emit(40.0, 40.0)
    qtbot.waitUntil(lambda: getattr(session.drawing, "state", "") == "saved", timeout=20_000)
    drawing = session.drawing
    other = CaseFolder.open(drawing.case.path).stroke_log(drawing.image_id, author="another")
    assert other.settings[WAITING].value == [{"tool": "fill", "row": 40, "col": 40}]
    other.close()
    panel.stage.viewer.layers.clear()
    gate.set()
    qtbot.waitUntil(lambda: not panel.desk.sessions, timeout=10_000)
    at_rest(panel, qtbot)
    assert panel.open_path(section)
    assert waiting_clicks(panel.session) == [Click("fill", 40, 40)]
    at_rest(panel, qtbot)


def test_a_region_drawn_meanwhile_is_measured_next_and_the_old_result_is_not_shown_as_it(panel, qtbot, session, gate):
    begin(panel)
    ring = np.array([[190, 110], [240, 110], [240, 150], [190, 150]], np.float64)
    panel.desk.change(lambda each: each.draw([each.hand.stroke(StrokeKind.REGION, (ring,))], "region"))
    seen = []
    panel.measuring.measured.connect(lambda whose, analysis: seen.append((whose.shows_mask, analysis)))
    panel.measuring.measured.connect(lambda *_: seen.append(panel.stage.layer(session, MINERAL).visible))
    gate.set()
    qtbot.waitUntil(lambda: len(seen) == 4, timeout=30_000)
    assert seen[0][0] is False and seen[1] is False
    assert seen[0][1].totals.calcified_area_px == GRAINS_PX - 36
    assert seen[2][1].totals.calcified_area_px == 600
    assert seen[3] is True
    assert len(panel.stage.layer(session, REGIONS).data) == 1
    at_rest(panel, qtbot)


def test_a_rule_changed_meanwhile_waits_for_the_button(panel, qtbot, session, gate):
    begin(panel)
    panel.desk.change(lambda each: each.set_threshold(20))
    assert "by the rule as it was" in panel.controls.state.text()
    gate.set()
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=30_000)
    assert session.analysis.totals.calcified_area_px == GRAINS_PX - 36
    assert not session.shows_mask
    assert panel.controls.state.text() == "Changed since it was measured. Press Measure again."
    at_rest(panel, qtbot)
    panel._undo()
    assert session.is_current, "the measured rule is in force again, and so its result"
    assert panel.stage.overlay.mask_pyramid(session).levels[0][30, 30]
    at_rest(panel, qtbot)


def test_cancelled_what_was_drawn_stays_outlined(panel, qtbot, session, gate):
    begin(panel)
    square(panel)
    panel.controls.measure.click()
    gate.set()
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=30_000)
    assert len(session.annotations.of(StrokeKind.ADD)) == 1
    assert session.analysis is None
    assert len(panel.stage.layer(session, AWAITED).data) == 1
    assert panel.controls.message.text() == "Cancelled."
    at_rest(panel, qtbot)


def test_cancelled_a_click_that_waited_is_said_not_to_be_done(panel, qtbot, session, gate):
    begin(panel)
    panel.hand.use(Tool.FILL)
    panel.hand.clicked.emit(40.0, 40.0)
    panel.controls.measure.click()
    gate.set()
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=30_000)
    assert panel.controls.message.text() == "Cancelled. What you clicked on meanwhile was not done."
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: session.is_current, timeout=30_000)
    assert session.mask.area_px == GRAINS_PX - 36
    at_rest(panel, qtbot)


def test_results_that_are_being_written_hold_what_was_asked_for(panel, session, tmp_path, monkeypatch):
    from napari_calcannot import save_results as saving

    session.measure()

    def draw_meanwhile(path, real=saving.sha256_of):
        square(panel)
        return real(path)

    monkeypatch.setattr(saving, "sha256_of", draw_meanwhile)
    save_results([session], tmp_path / "out")
    assert len(session.annotations.strokes) == 1
    assert not (tmp_path / "out" / "annotations").exists(), "the stroke is not in what was measured"
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["images"][0]["totals"]["calcified_area_px"] == GRAINS_PX - 36
