"""The tool "Grow" on a film: a click measures the lesion, the slider moves its outline, and a case keeps both."""

import numpy as np
import pytest

pytest.importorskip("napari")

from calcannot.batch.case_run import run_case
from calcannot.model.annotation import StrokeKind
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.write import write_radiograph
from calcannot.store.case_folder import CaseFolder
from calcannot.store.mask_reader import read_mask
from calcannot.store.results_reader import read_newest
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.tools import Tool

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    nodules = (
        Nodule(row_mm=0, col_mm=-18, a_mm=6, b_mm=5, c_mm=4),
        Nodule(row_mm=0, col_mm=18, a_mm=5, b_mm=5, c_mm=5),
    )
    phantom = render_radiograph(RadiographSpec(nodules=nodules, size_mm=(60, 90), spacing_mm=0.35), 1)
    path = tmp_path_factory.mktemp("film") / "film.dcm"
    write_radiograph(phantom, path)
    return path, phantom.lesions


@pytest.fixture
def panel(panel, qtbot, film):
    assert panel.open_path(film[0])
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    return panel


def grown(panel, qtbot, lesion, times=1):
    """Click a lesion, and wait until it is measured."""
    session, before = panel.session, panel.session.annotations
    panel.hand.use(Tool.GROW)
    for k in range(times):
        panel.hand.clicked.emit(lesion.row_px + k, lesion.col_px)
    qtbot.waitUntil(lambda: session.annotations is not before, timeout=60_000)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    return session.analysis


def test_a_click_measures_the_lesion_and_undo_takes_it_back(panel, qtbot, film):
    first, second = film[1]
    one = grown(panel, qtbot, first)
    assert one.totals.region_count == 1
    assert one.totals.calcified_area_px * 0.35**2 == pytest.approx(first.detector_area_mm2, rel=0.06)
    assert "of the peak" in panel.controls.message.text()
    assert panel.controls.results.totals.rowCount() and panel.controls.regions.at.isEnabled()
    both = grown(panel, qtbot, second)
    assert both.totals.region_count == 2
    panel._undo()
    assert [stroke.name for stroke in panel.session.annotations.clicks] == ["region 1"]
    assert not panel.controls.regions.at.isEnabled(), "the latest growth is gone"


def test_a_lesion_that_is_clicked_again_is_one(panel, qtbot, film):
    grown(panel, qtbot, film[1][0])
    grown(panel, qtbot, film[1][0], times=2)
    assert len(panel.session.annotations.clicks) == 1
    assert panel.session.analysis.totals.region_count == 1


def test_lesions_that_are_clicked_faster_than_they_are_measured_are_all_kept(panel, qtbot, film):
    session = panel.session
    panel.hand.use(Tool.GROW)
    for lesion in film[1]:
        panel.hand.clicked.emit(lesion.row_px, lesion.col_px)
    qtbot.waitUntil(lambda: len(session.annotations.clicks) == 2, timeout=60_000)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    assert session.analysis.totals.region_count == 2


def test_a_lesion_that_is_grown_while_another_image_is_in_hand_is_there_on_the_way_back(
    panel, qtbot, film, sample_case
):
    session = panel.session
    panel.hand.use(Tool.GROW)
    panel.hand.clicked.emit(film[1][0].row_px, film[1][0].col_px)
    assert panel.open_path(sample_case / "section.tif")
    assert panel.session is not session
    qtbot.waitUntil(lambda: bool(panel.growing._waiting), timeout=60_000)
    assert not session.annotations.clicks
    panel._on_image(0)
    assert panel.session is session
    assert len(session.annotations.clicks) == 1
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)


def test_the_slider_moves_the_outline_and_the_case_has_the_same_mask(panel, qtbot, film, own_cases):
    area = grown(panel, qtbot, film[1][0]).totals.calcified_area_px
    panel.controls.regions.at.setValue(60)
    session = panel.session
    qtbot.waitUntil(lambda: session.annotations.clicks[0].peak_fraction == pytest.approx(0.6), timeout=20_000)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    assert session.analysis.totals.calcified_area_px < 0.85 * area
    qtbot.waitUntil(lambda: bool(session.saved_to), timeout=60_000)
    assert isinstance(session.drawing, LogDrawing)
    session.drawing.save()
    case = CaseFolder.open(session.drawing.case.path)
    run_case(case)
    (results,) = read_newest(case.path)
    again = read_mask(results.items[0].mask_path)
    size = (0, 0, session.info.height_px, session.info.width_px)
    np.testing.assert_array_equal(again.mask(*size), session.analysis.runs.mask(*size))
    panel.controls.regions.as_found.click()
    qtbot.waitUntil(lambda: session.annotations.clicks[0].peak_fraction is None, timeout=20_000)
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    assert session.analysis.totals.calcified_area_px == area


def test_a_click_on_nothing_is_said(panel, qtbot):
    panel.hand.use(Tool.GROW)
    panel.hand.clicked.emit(6.0, 6.0)
    qtbot.waitUntil(lambda: "rises above its surroundings" in panel.controls.message.text(), timeout=30_000)
    assert not panel.session.annotations.strokes


def test_side_and_kind_are_told_of_the_chosen_deposit(panel, qtbot, film):
    grown(panel, qtbot, film[1][0])
    session, view = panel.session, panel.controls.results
    assert view.telling.isVisibleTo(view)

    def tell(side, kind):
        before = session.annotations
        view.table.selectRow(0)
        view.side.setCurrentText(side)
        view.kind.setCurrentText(kind)
        view.side.activated.emit(view.side.currentIndex())
        qtbot.waitUntil(lambda: session.annotations is not before, timeout=5000)
        qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)

    tell("right", "chicken-wire")
    assert (session.analysis.foci.side, session.analysis.foci.morphology) == (("right",), ("chicken-wire",))
    assert session.annotations.clicks[0].side == "right", "the click is the lesion"
    rows = [
        view.totals.itemAt(k, view.totals.ItemRole.LabelRole).widget().text() for k in range(view.totals.rowCount())
    ]
    assert "by side" in rows
    view.table.selectRow(0)
    assert (view.side.currentText(), view.kind.currentText()) == ("right", "chicken-wire")
    tell("not told", "not told")
    assert session.analysis.foci.side == ("",)


def test_in_a_region_with_two_deposits_the_side_is_that_of_one(panel, qtbot, film):
    session, (first, second) = panel.session, film[1]
    top, bottom = first.roi_px[0], first.roi_px[2]
    ring = np.array(
        [(first.roi_px[1], top), (second.roi_px[3], top), (second.roi_px[3], bottom), (first.roi_px[1], bottom)]
    )
    drawn = session.hand.stroke(StrokeKind.REGION, [ring.astype(float)])
    panel.desk.change(lambda each: each.draw([drawn], "region"))
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    assert len(session.analysis.foci) == 2
    view = panel.controls.results
    view.table.selectRow(0)
    view.told.emit("left", "")
    qtbot.waitUntil(lambda: session.is_current and not panel.desk.is_working, timeout=60_000)
    assert sorted(session.analysis.foci.side) == ["", "left"]
