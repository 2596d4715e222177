"""Two people and one case: what the other saved meanwhile is shown, and neither is overwritten."""

import time

import numpy as np
import pytest

pytest.importorskip("napari")

from calcannot.batch.case_run import run_case
from calcannot.model.annotation import StrokeKind
from calcannot.store.case_folder import CaseFolder
from calcannot.store.setting import SettingEdit
from napari_calcannot.painting import Hand, brush_rings
from napari_calcannot.reader import open_path
from napari_calcannot.settings import RULE

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@pytest.fixture(autouse=True)
def named(monkeypatch):
    monkeypatch.setattr("napari_calcannot.reader.user_name", lambda: "A. Reader")


@pytest.fixture
def other(sample_case):
    """The same case as somebody else has it open, on another machine as it were."""
    log = CaseFolder.open(sample_case).stroke_log("section.tif", author="B. Reader")
    yield log
    log.close()


def at_rest(panel, qtbot):
    qtbot.waitUntil(
        lambda: not (panel.desk.runner.is_busy or panel.desk.is_working or panel.keeping.is_writing), timeout=60_000
    )


def opened(panel, qtbot, case):
    """The section of the case, in hand."""
    assert panel.open_path(case)
    panel._on_image(next(n for n, each in enumerate(panel.desk.sessions) if each.info.name == "section.tif"))
    at_rest(panel, qtbot)
    return panel.session


def closed(panel, qtbot):
    panel.stage.viewer.layers.clear()
    qtbot.waitUntil(lambda: not panel.desk.sessions, timeout=10_000)


def set_by(log, threshold, before=None):
    time.sleep(0.01)  # journals tell milliseconds apart
    value = {"recipe": None, "threshold": threshold}
    log.change(settings=(SettingEdit(RULE, before, value),), what="threshold")
    log.flush()


def banner(panel):
    view = panel.controls.others
    return None if view.isHidden() else view.text.text()


def test_a_rule_set_by_another_while_open_is_shown_until_one_is_chosen(panel, qtbot, sample_case, other):
    session = opened(panel, qtbot, sample_case)
    panel.desk.change(lambda each: each.set_threshold(101))
    session.settle()
    assert banner(panel) is None
    set_by(other, 120)
    qtbot.waitUntil(lambda: banner(panel) is not None, timeout=10_000)
    assert banner(panel) == (
        "B. Reader set the rule of this image: the recipe by kind of image, threshold 120.0. "
        "Yours is in force: the recipe by kind of image, threshold 101.0."
    )
    panel.desk.say("something else")
    assert banner(panel) is not None, "a message does not take it away"
    assert session.threshold == 101
    panel.controls.others.theirs.click()
    assert session.threshold == 120
    assert banner(panel) is None
    panel._undo()
    assert session.threshold == 101, "undo has mine back"


def test_a_rule_set_by_another_meanwhile_is_shown_when_the_image_is_opened_again(panel, qtbot, sample_case, other):
    session = opened(panel, qtbot, sample_case)
    panel.desk.change(lambda each: each.set_threshold(101))
    session.settle()
    closed(panel, qtbot)
    set_by(other, 120)
    session = opened(panel, qtbot, sample_case)
    assert session.threshold == 120
    assert "The rule is as B. Reader left it on 20" in banner(panel)
    assert "Yours was: the recipe by kind of image, threshold 101.0. Both are kept." in banner(panel)
    panel.controls.others.mine.click()
    assert session.threshold == 101
    assert banner(panel) is None
    closed(panel, qtbot)
    session = opened(panel, qtbot, sample_case)
    assert session.threshold == 101 and banner(panel) is None, "what was chosen stays chosen"
    assert other.foreign_changes().settings == ("rule",), "the other is told"
    assert other.own_settings["rule"].value["threshold"] == 120, "and keeps what they set"


def test_one_who_never_worked_on_the_case_is_told_who_set_its_rule(panel, qtbot, sample_case, other):
    set_by(other, 120)
    session = opened(panel, qtbot, sample_case)
    assert session.threshold == 120
    assert "The rule is as B. Reader left it on 20" in session.notice
    assert banner(panel) is None, "there is nothing to choose"


def test_strokes_of_another_are_seen_in_a_case_that_nobody_had_drawn_on(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case)
    assert not session.annotations.strokes
    with CaseFolder.open(sample_case).stroke_log("section.tif", author="B. Reader") as log:
        rings = brush_rings(np.array([[100.0, 100.0]]), 12.0)
        log.add([Hand("B. Reader").stroke(StrokeKind.ADD, rings)])
        log.flush()
        said = panel.controls.message
        qtbot.waitUntil(lambda: "Somebody else changed a stroke of this image" in said.text(), timeout=10_000)
    assert len(session.annotations.strokes) == 1


def test_a_result_of_another_is_told_while_open_and_when_it_is_opened_again(panel, qtbot, sample_case):
    session = opened(panel, qtbot, sample_case)
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: session.is_saved, timeout=60_000)
    heard = []
    panel.desk.said.connect(heard.append)
    qtbot.wait(2500)
    assert not any("Somebody else" in each for each in heard), "ones own result is none of another"
    run_case(CaseFolder.open(sample_case), "alizarin-red", images=("section.tif",))
    qtbot.waitUntil(lambda: any("Somebody else measured this image" in each for each in heard), timeout=10_000)
    assert session.is_saved
    panel.desk.change(lambda each: each.set_threshold(None))
    session.hand = Hand("A. Reader")
    panel.desk.change(lambda each: each.set_threshold(101))
    session.settle()
    closed(panel, qtbot)
    sessions = open_path(sample_case)
    try:
        again = next(each for each in sessions if each.info.name == "section.tif")
        assert again.threshold_by_hand == 101
        assert "The newest result in the case is by another rule, alizarin-red" in again.notice
    finally:
        for each in sessions:
            each.close()
