"""Calibrating in the panel: from a ball, a coin, a height, a line or a number; each is signed."""

import math
import threading

import numpy as np
import pytest

pytest.importorskip("napari")

from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.write import write_radiograph
from calcannot.store.results_reader import read_newest
from napari_calcannot.scale_row import WAYS
from napari_calcannot.size_dialog import FIELDS, SizeDialog
from napari_calcannot.tools import Tool

pytestmark = [pytest.mark.gui, pytest.mark.slow]

HEIGHT_MM, MM = 75.0, 0.35
BALL_PX = 12.5 * 1100 / (1100 - HEIGHT_MM) / MM


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film at the detector, of a lesion and a steel ball of 25 mm at its height."""
    nodule = Nodule(row_mm=-20, col_mm=20, a_mm=6, b_mm=5, c_mm=4, height_mm=HEIGHT_MM)
    spec = RadiographSpec(nodules=(nodule,), size_mm=(110, 130), spacing_mm=MM, ball_height_mm=HEIGHT_MM)
    phantom = render_radiograph(spec, 1)
    path = tmp_path_factory.mktemp("film") / "film.dcm"
    write_radiograph(phantom, path, spacing="detector")
    return path, phantom.lesions[0], phantom.pixels.shape


@pytest.fixture
def panel(panel, qtbot, film):
    assert panel.open_path(film[0])
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    yield panel
    qtbot.wait(500)  # what looks for an automatic threshold starts a moment after opening
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)


def calibrate(panel, qtbot, way, points, answers):
    """Calibrate, and wait until it is done or refused."""
    panel.calibrating.calibrate(way, points, answers)
    assert panel.controls.message.text() == "Finding the pixel size ..."
    qtbot.waitUntil(lambda: panel.controls.message.text() != "Finding the pixel size ...", timeout=30_000)


def test_the_scale_in_force_stands_in_the_panel_with_its_plane(panel):
    text = panel.controls.scale_row.text.text()
    assert text == "0.35 mm a pixel at the detector: spacing at the detector, not corrected (DICOM); ± not known"
    assert [each.text() for each in panel.controls.scale_row.menu.actions()] == list(WAYS.values())


@pytest.mark.parametrize("way", ["ball", "height"])
def test_a_calibration_re_derives_every_number_and_undo_takes_it_back(panel, qtbot, film, way):
    session, lesion, (rows, _) = panel.session, film[1], film[2]
    session.hand = type(session.hand)("A. Reader")
    panel.growing.grow_at(lesion.row_px, lesion.col_px)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    before = session.analysis.totals
    assert before.calcified_area_mm2 == pytest.approx(lesion.detector_area_mm2, rel=0.06)
    centre = 20 / MM + BALL_PX
    points = [(centre, rows - centre)] if way == "ball" else []
    answers = {"size": "25mm"} if way == "ball" else {"size": f"{HEIGHT_MM:g}mm", "source_distance": "1100mm"}
    calibrate(panel, qtbot, way, points, answers)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    after = session.analysis.totals
    magnification = 1100 / (1100 - HEIGHT_MM)
    assert session.info.calibration.mean_um_per_px == pytest.approx(MM * 1000 / magnification, rel=0.01)
    expected = after.calcified_area_px * session.info.calibration.pixel_area_um2 / 1e6
    assert after.calcified_area_mm2 == pytest.approx(expected)
    assert after.extent_length_mm < 0.96 * before.extent_length_mm
    said = panel.controls.scale_row.text.text()
    assert "±" in said and "pixel at the detector" not in said
    evidence = session.info.calibration.evidence
    assert (evidence.object, evidence.user, len(evidence.image_sha256)) == (way, "A. Reader", 64) and evidence.time
    assert evidence.known_um == pytest.approx(25_000 if way == "ball" else HEIGHT_MM * 1000)
    assert bool(evidence.points) == (way == "ball")
    qtbot.waitUntil(lambda: bool(session.saved_to) and not panel.keeping.is_writing, timeout=60_000)
    (results,) = read_newest(session.drawing.case.path)
    assert results.items[0].calibration.evidence == evidence
    panel._undo()
    assert session.info.calibration.source.value == "dicom_detector_plane"


def test_a_click_in_the_coin_or_the_ball_asks_for_its_size(panel, qtbot, monkeypatch, film):
    asked = []
    monkeypatch.setattr("napari_calcannot.calibrating.ask_size", lambda way, _: asked.append(way))
    for way, tool in (("coin", Tool.COIN), ("ball", Tool.BALL)):
        panel.calibrating.ask(way)
        assert panel.hand.tool is tool and "Click inside" in panel.controls.message.text()
        panel.hand.clicked.emit(30.0, 40.0)
    panel.calibrating.ask("line")
    panel.hand.measured.emit(np.array([[0.0, 0.0], [30.0, 40.0]]))
    panel.calibrating.ask("height")
    panel.calibrating.ask("size")
    qtbot.waitUntil(lambda: len(asked) == 5, timeout=5000)
    assert sorted(asked) == sorted(FIELDS)


def test_what_cannot_be_is_said_and_changes_nothing(panel, qtbot):
    before = panel.session.info.calibration
    for way, points, answers, said in (
        ("ball", [(5.0, 5.0)], {"size": "25mm"}, "round object"),
        ("height", [], {"size": "75mm"}, "does not state the distance of the X-ray source. Type it below the height."),
        ("height", [], {"size": "1200mm", "source_distance": "1100mm"}, "1200 mm above the detector"),
        ("size", [], {}, "not a number with a unit"),
        ("line", [(0, 0), (100, 0)], {"size": "ten"}, "not a positive number with a unit"),
    ):
        calibrate(panel, qtbot, way, points, answers)
        assert said in panel.controls.message.text()
    assert panel.session.info.calibration == before


def test_the_window_does_not_wait_while_a_slide_is_read_for_its_hash(panel, qtbot, monkeypatch):
    readers = []

    def read(_):
        readers.append(threading.current_thread())
        return "0" * 64

    monkeypatch.setattr("napari_calcannot.calibrating.sha256_of", read)
    calibrate(panel, qtbot, "line", [(0, 0), (100, 0)], {"size": "50mm"})
    assert panel.session.info.calibration.um_per_px_col == pytest.approx(500)
    assert readers and threading.main_thread() not in readers


def test_the_question_gives_what_was_typed(qtbot):
    for way, (_, fields) in FIELDS.items():
        dialog = SizeDialog(way)
        qtbot.addWidget(dialog)
        assert dialog.answers() == {}
        for name, _, _ in fields:
            dialog.fields[name].setText(f" {math.pi:.2f}mm ")
        assert dialog.answers() == {name: "3.14mm" for name, _, _ in fields}
