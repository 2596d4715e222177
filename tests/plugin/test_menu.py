"""napari's own menu: what stands in it, and that it reaches the panel of the window in use."""

import pytest

pytest.importorskip("napari")

from npe2 import PluginManager, PluginManifest
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_calcannot import menu

pytestmark = pytest.mark.gui

WAYS_OUT = {"calcannot.figure", "calcannot.report", "calcannot.export", "calcannot.results"}


@pytest.fixture
def panel(panel):
    panel.show()
    return panel


def run(command):
    PluginManager.instance().commands.execute(command)


def test_every_way_out_is_below_file_in_a_menu_that_napari_offers():
    contributed = PluginManifest.from_distribution("calcannot").contributions
    assert {each.command for each in contributed.menus["calcannot.share"]} == WAYS_OUT
    assert [each.submenu for each in contributed.menus["napari/file/io_utilities"]] == ["calcannot.share"]
    # npe2 accepts a menu that napari then does not show.
    from napari._app_model.constants._menus import is_menu_contributable

    assert all(map(is_menu_contributable, contributed.menus))


@pytest.mark.parametrize("command", sorted(WAYS_OUT))
def test_without_an_image_it_is_said_and_nothing_asked(panel, command, monkeypatch):
    for dialog, name in (
        (QFileDialog, "getSaveFileName"),
        (QFileDialog, "getExistingDirectory"),
        (QInputDialog, "getItem"),
    ):
        monkeypatch.setattr(dialog, name, lambda *_, **__: pytest.fail("asked"))
    run(command)
    assert panel.controls.message.text() == "No image is open. Open one first."


def test_what_is_measured_leaves_by_the_menu(panel, qtbot, sample_case, tmp_path, monkeypatch):
    panel.open_path(sample_case / "section.tif")
    qtbot.waitUntil(lambda: not panel.desk.runner.is_busy, timeout=30_000)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / _[2]), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path / "out"))
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_, **__: (next(x for x in _[3] if x.startswith("csv")), True))
    run("calcannot.report")
    assert "Press Measure" in panel.controls.message.text()
    panel.controls.measure.click()
    qtbot.waitUntil(lambda: panel.session.is_saved and not panel.desk.is_working, timeout=30_000)
    for command, name in (("figure", "figure.png"), ("report", "report.html"), ("results", "out/run.json")):
        run(f"calcannot.{command}")
        qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=60_000)
        assert (tmp_path / name).exists(), panel.controls.message.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path / "export"))
    run("calcannot.export")
    qtbot.waitUntil(lambda: not panel.desk.is_working, timeout=60_000)
    assert list((tmp_path / "export").iterdir()), panel.controls.message.text()


def test_a_closed_panel_is_asked_no_more(panel):
    assert panel in menu.OPEN
    panel.close()
    assert panel not in menu.OPEN
