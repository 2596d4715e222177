"""Where the widgets of the plugin are in napari's window."""

from __future__ import annotations

from qtpy.QtCore import Qt
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


def let_shrink(widget: QWidget) -> None:
    """Let the docks of a widget's window be as narrow as they can be: Qt keeps the least width of larger letters."""
    mine = dock_of(widget)
    window = None if mine is None else mine.parentWidget()
    if not isinstance(window, QMainWindow):
        return
    docks = [each for each in window.findChildren(QDockWidget) if each.isVisible() and not each.isFloating()]
    for each in docks:
        each.setMinimumWidth(0)
    needed = [max(each.minimumSizeHint().width(), 1) for each in docks]
    window.resizeDocks(docks, needed, Qt.Orientation.Horizontal)


def put_left(dock: QDockWidget, of: QDockWidget, window: QMainWindow) -> None:
    """Lay a dock to the left of another, which takes its tabs along: Qt would leave them above both."""
    tabs = [each for each in window.tabifiedDockWidgets(of) if each is not dock]
    window.splitDockWidget(dock, of, Qt.Orientation.Horizontal)
    for each in tabs:
        window.tabifyDockWidget(of, each)
    if tabs:
        of.raise_()
