"""The panel with small letters and with large ones: nothing is cut off, and everything says what it is for."""

from itertools import product

import pytest

pytest.importorskip("napari")

from napari.settings import get_settings
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMainWindow,
    QScrollBar,
    QTabBar,
    QTableView,
    QWidget,
)

from napari_calcannot.docks import dock_of
from napari_calcannot.layers import IMAGE
from napari_calcannot.record_view import RecordPanel
from napari_calcannot.widget import CalcificationPanel

pytestmark = [pytest.mark.gui, pytest.mark.slow]

CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTableView)
SLACK_PX = 4  # napari's style draws fields a little lower than Qt would


@pytest.fixture
def docked(make_napari_viewer_proxy, sample_case, qtbot):
    """The panel in a window, with a measured image that has every row of the panel on show."""
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1600, 1000)
    panel = CalcificationPanel(viewer)
    qtbot.addWidget(panel)
    dock = viewer.window.add_dock_widget(panel, area="right")
    assert panel.open_path(sample_case)
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    panel._on_image(1)
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: panel.session.is_saved and not panel.keeping.is_writing, timeout=60_000)
    yield panel
    for session in panel.stage.sessions():
        panel.stage.forget(session)
        session.close()
    viewer.layers.clear()
    viewer.window.remove_dock_widget(dock)


def is_part_of_another(widget, controls):
    """Whether a widget belongs to one with a tip, or is one that Qt made for itself."""
    while widget is not controls:
        if widget.toolTip() or isinstance(widget, QScrollBar | QTabBar):
            return True
        widget = widget.parent()
    return False


def test_everything_that_can_be_pressed_says_what_it_is_for(docked):
    controls = docked.controls
    silent = [
        f"{type(each).__name__} in {type(each.parent()).__name__}"
        for each in controls.findChildren(QWidget)
        if isinstance(each, CONTROLS) and not is_part_of_another(each, controls)
    ]
    assert silent == []


def test_no_text_is_cut_off(docked, qtbot):
    tabs = docked.controls.tabs
    for theme, points in product(("dark", "light"), (9, 17)):
        get_settings().appearance.theme = theme
        get_settings().appearance.font_size = points
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            qtbot.wait(300)
            place = (theme, points, tabs.tabText(number))
            assert (place, [cut for each in docked.controls.findChildren(QWidget) if (cut := what_is_cut(each))]) == (
                place, [],
            )  # fmt: skip
            area = tabs.currentWidget()
            assert area.widget().width() <= area.viewport().width() + 1, place


def test_a_window_of_1280_px_has_room_for_large_letters_and_docks_are_narrow_again_with_small_ones(docked, qtbot):
    window = docked.window()
    get_settings().appearance.font_size = 9
    window.resize(1280, 800)
    qtbot.wait(600)
    before = dock_of(docked).minimumSizeHint().width()
    get_settings().appearance.font_size = 17
    qtbot.wait(600)
    assert window.minimumSizeHint().width() <= 1180, "and 100 px of the image"
    docked.finding._on_threshold(132.0)
    number = docked.controls.rule.slider.findChild(QLineEdit)
    qtbot.wait(50)
    assert number.text() == "132"
    assert number.fontMetrics().horizontalAdvance("132") <= number.width()
    get_settings().appearance.font_size = 9
    qtbot.wait(600)
    docks = [each for each in window.findChildren(QDockWidget) if each.isVisible()]
    assert dock_of(docked).width() <= before + 10
    assert all(each.minimumSizeHint().width() < 400 for each in docks if each is not dock_of(docked))


def test_an_image_that_was_all_in_view_stays_so_whenever_its_room_is_taken(docked, qtbot, monkeypatch):
    def is_whole():
        info = docked.session.info
        layer = docked.stage.layer(docked.session, IMAGE)
        return docked.stage.camera.shows_all(layer, info.height_px, info.width_px)

    qtbot.wait(600)
    assert is_whole()
    late = QMainWindow.resizeDocks
    monkeypatch.setattr(
        QMainWindow, "resizeDocks", lambda *given: QTimer.singleShot(900, lambda: late(*given))
    )  # a busy machine
    docked._on_beside(docked.desk.sessions[0])
    before = docked.stage.viewer.canvas.size[1]
    qtbot.wait(1500)
    assert docked.stage.viewer.canvas.size[1] != before
    assert is_whole()
    monkeypatch.undo()
    docked.window().resize(1300, 800)
    qtbot.wait(300)
    assert is_whole()
    docked.stage.viewer.scene.camera.zoom *= 3
    zoom = docked.stage.viewer.scene.camera.zoom
    docked.window().resize(1500, 800)
    qtbot.wait(300)
    assert docked.stage.viewer.scene.camera.zoom == zoom, "a part that was chosen stays"
    docked._on_beside(None)


def test_an_image_and_the_one_beside_it_share_what_the_window_gains_and_loses(docked, qtbot):
    def widths():
        return docked.stage.viewer.canvas.size[1], docked.beside.model.canvas.size[1]

    window = docked.window()
    window.resize(1500, 800)
    docked._on_beside(docked.desk.sessions[0])
    qtbot.waitUntil(lambda: docked.beside.model.canvas.size[1] > 200, timeout=10_000)
    qtbot.waitUntil(lambda: widths()[0] == pytest.approx(widths()[1], abs=5), timeout=10_000)
    for width in (1400, 1250, 1560):
        before = widths()
        window.resize(width, 800)
        qtbot.waitUntil(lambda before=before: widths()[0] != before[0], timeout=10_000)
        qtbot.waitUntil(lambda: widths()[0] == pytest.approx(widths()[1], abs=8), timeout=10_000)
    panel = dock_of(docked).width()
    left = [each for each in window.findChildren(QDockWidget) if each.isVisible() and each.x() < 100]
    before = widths()
    for each in left:
        each.hide()
    assert left
    qtbot.waitUntil(lambda: min(widths()) > before[0] + 50, timeout=10_000)
    qtbot.waitUntil(lambda: widths()[0] == pytest.approx(widths()[1], abs=8), timeout=10_000)
    assert dock_of(docked).width() == pytest.approx(panel, abs=2)
    panel = dock_of(docked).width()
    docked._on_beside(None)
    qtbot.waitUntil(lambda: dock_of(docked).width() == panel, timeout=10_000)
    docked._on_beside(docked.desk.sessions[0])
    qtbot.waitUntil(lambda: docked.beside.model.canvas.size[1] > 200, timeout=10_000)
    dock_of(docked.beside._qt).destroyOnClose()
    qtbot.waitUntil(lambda: docked.beside.model is None, timeout=10_000)
    qtbot.waitUntil(lambda: dock_of(docked).width() == panel, timeout=10_000)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_record_below_the_panel_is_readable_with_large_letters_in_a_small_window(docked, qtbot, theme):
    docked.stage.viewer.window.resize(1280, 800)
    get_settings().appearance.theme = theme
    get_settings().appearance.font_size = 17
    record = RecordPanel(docked.stage.viewer)
    qtbot.addWidget(record)
    dock = docked.stage.viewer.window.add_dock_widget(record, area="right")
    qtbot.wait(500)
    bar, seen = record.scroll.verticalScrollBar(), set()
    for place in range(0, bar.maximum() + bar.pageStep(), max(1, bar.pageStep() // 2)):
        bar.setValue(place)
        qtbot.wait(50)
        assert [cut for each in record.findChildren(QWidget) if (cut := what_is_cut(each))] == []
        seen |= {each for each in record.scroll.findChildren(QWidget) if not each.visibleRegion().isEmpty()}
    for each in (record.title, record.open, record.page, record.lesion, record.author, record.source, record.date,
                 *record.rows.values()):  # fmt: skip
        assert each in seen, "reached by scrolling"
        assert each.height() >= each.minimumSizeHint().height()
    assert record.scroll.widget().width() <= record.scroll.viewport().width() + 1
    assert min(each.font().pointSize() for each in record.findChildren(QLineEdit)) == 17
    record.close()
    docked.stage.viewer.window.remove_dock_widget(dock)


def test_the_record_stays_a_tab_when_an_image_is_shown_beside(docked, qtbot):
    record = RecordPanel(docked.stage.viewer)
    qtbot.addWidget(record)
    dock = docked.stage.viewer.window.add_dock_widget(record, area="right")
    mine, window = dock_of(docked), docked.window()
    qtbot.waitUntil(lambda: dock_of(record) in window.tabifiedDockWidgets(mine), timeout=10_000)
    docked._on_beside(docked.desk.sessions[0])
    assert window.tabifiedDockWidgets(mine) == [dock_of(record)]
    qtbot.waitUntil(lambda: docked.beside.model.canvas.size[1] > 200, timeout=10_000)
    assert docked.isVisible()
    docked._on_beside(None)
    assert window.tabifiedDockWidgets(mine) == [dock_of(record)]
    record.close()
    docked.stage.viewer.window.remove_dock_widget(dock)


def what_is_cut(widget):
    if widget.visibleRegion().isEmpty():
        return ""  # on another tab, scrolled out of view, or folded in
    text, needed = "", widget.sizeHint()
    if isinstance(widget, QLabel) and widget.wordWrap():
        text = widget.text()
        is_cut = widget.heightForWidth(widget.width()) > widget.height() + SLACK_PX
    elif isinstance(widget, QAbstractSpinBox):  # Qt would have room for the largest number
        text = widget.text()
        needed.setWidth(widget.fontMetrics().horizontalAdvance(text) + 2 * widget.height())
        is_cut = needed.width() > widget.width()
    elif isinstance(widget, QLabel | QAbstractButton):
        text = widget.text()
        is_cut = needed.width() > widget.width() + SLACK_PX or needed.height() > widget.height() + SLACK_PX
    else:
        return ""  # names of files and lists end where the panel does
    return (
        f"{text!r} has {widget.width()} x {widget.height()}, needs {needed.width()} x {needed.height()}"
        if text and is_cut
        else ""
    )
