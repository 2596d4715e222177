"""Where the widgets of the plugin are in napari's window."""

from __future__ import annotations

from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


def dock_of(widget: QWidget) -> QDockWidget | None:
    """The dock that a widget is in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def share_place(widget: QWidget, kind: type[QWidget]) -> None:
    """Lay a widget's dock over the one that has a widget of a kind, as tabs; nothing where they are not both docked."""
    mine = dock_of(widget)
    window = None if mine is None else mine.parentWidget()
    if mine is None or mine.isFloating() or not isinstance(window, QMainWindow):
        return
    for each in window.findChildren(QDockWidget):
        if each is not mine and not each.isFloating() and each.findChild(kind) is not None:
            window.tabifyDockWidget(each, mine)
            mine.raise_()
