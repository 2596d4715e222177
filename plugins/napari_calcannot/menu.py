"""What napari's own menu asks of the panel: File > IO Utilities > calcannot, and the command palette."""

from __future__ import annotations

from napari_calcannot.widget import OPEN, CalcificationPanel


def figure() -> None:
    """Ask where a figure of the view goes."""
    _panel().leaving.ask_figure()


def report() -> None:
    """Ask where the report of the case goes."""
    _panel().leaving.ask_report()


def export() -> None:
    """Ask for a format, and for the folder that the case is exported into."""
    _panel().leaving.ask_format()


def results() -> None:
    """Ask for the folder that tables, masks and overlays go into."""
    _panel().leaving.ask_results()


def _panel() -> CalcificationPanel:
    """The panel of the window in use; docked first where there is none."""
    shown = [panel for panel in OPEN if panel.isVisible()]
    if shown:
        return next((panel for panel in shown if panel.window().isActiveWindow()), shown[0])
    import napari

    viewer = napari.current_viewer()
    assert viewer is not None, "a menu has a window"
    _, panel = viewer.window.add_plugin_dock_widget("calcannot", "Calcification")
    made: CalcificationPanel = panel
    return made
