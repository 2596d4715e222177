"""What the first image needs is imported while the window rests."""

import sys

import pytest

pytest.importorskip("napari")

from napari_calcannot import warming

pytestmark = pytest.mark.gui


def test_one_module_at_a_time_until_all_are_there(qtbot, monkeypatch):
    from qtpy.QtCore import QObject

    imported = []
    monkeypatch.setattr(warming, "import_module", imported.append)
    parent = QObject()
    warms = warming.Warming(parent)
    assert imported == []  # the window is shown first
    qtbot.waitUntil(lambda: len(imported) == 1)
    assert not warms.is_done
    qtbot.waitUntil(lambda: warms.is_done)
    assert tuple(imported) == warming.NEEDED


def test_a_panel_warms_up(panel, qtbot):
    qtbot.waitUntil(lambda: panel.warming.is_done)
    assert all(name in sys.modules for name in warming.NEEDED)


def test_nothing_is_imported_for_a_panel_that_is_gone(panel, qtbot, monkeypatch):
    imported = []
    monkeypatch.setattr(warming, "import_module", imported.append)
    panel.warming.stop()
    qtbot.wait(100)
    assert imported == []
