"""The place in the window of the image that is shown beside: between the image in hand and the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_calcannot.docks import dock_of, put_left

if TYPE_CHECKING:
    from napari_calcannot.desk import Desk

_LARGEST_SHARE = 0.9
_NARROW_PX = 200
_NARROW = (
    "There is little room for two images. What is at the left, layer controls and layer list, can be hidden in "
    "napari's menu Window."
)


class BesideDock(QObject):
    """Gives a view a dock, and shares the window's width between it and the image in hand.

    Parameters
    ----------
    desk
        Its window.
    panel
        The dock is placed to its left.
    """

    closed = Signal()
    """By the user."""

    def __init__(self, desk: Desk, panel: QWidget) -> None:
        super().__init__(desk)
        self._desk, self._panel = desk, panel
        self._dock: QDockWidget | None = None
        self._window: QMainWindow | None = None
        self._share, self._panel_width = 0.5, 0
        self._is_told = False
        # After Qt has laid the window out.
        self._soon, self._gone = (QTimer(self, singleShot=True, interval=0) for _ in range(2))
        self._soon.timeout.connect(self._share_width)
        self._gone.timeout.connect(self._give_back)

    def show(self, view: QWidget, title: str) -> None:
        """Put a view there; it has half of what the panel leaves."""
        self._desk.stage.viewer.window.add_dock_widget(view, name=title, area="right")
        self._dock, panel = dock_of(view), dock_of(self._panel)
        assert self._dock is not None
        window = self._dock.window()
        if isinstance(window, QMainWindow) and panel is not None and panel.window() is window:
            put_left(self._dock, panel, window)
            self._share, self._window = 0.5, window
            self._soon.start()
            window.installEventFilter(self)
            self._dock.installEventFilter(self)
        self._dock.destroyed.connect(self._on_destroyed)

    def close(self) -> None:
        """Take it away, where it is there still."""
        dock = self._forget()
        if dock is not None:
            self._leave()
            dock.destroyed.disconnect(self._on_destroyed)
            self._desk.stage.viewer.window.remove_dock_widget(dock)

    def stop(self) -> None:
        """Lay out no more: the window goes."""
        self.close()
        self._gone.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Qt would take all that a window loses, and give all that it gains, to the image in hand."""
        if self._dock is None:
            return False
        if event.type() == QEvent.Type.Resize and watched is self._window:
            if not self._soon.isActive():  # else it is one way, of which the first step knew how they were shared
                width, gained = self._dock.width(), event.size().width() - event.oldSize().width()
                both = width + int(self._desk.stage.viewer.canvas.size[1]) - gained
                self._share = min(_LARGEST_SHARE, width / max(1, both))
            self._soon.start()
        elif event.type() == QEvent.Type.Hide and watched is self._dock:
            self._leave()
        return False

    def _share_width(self) -> None:
        """Let each image have its part of what the panel leaves."""
        panel, canvas = dock_of(self._panel), self._desk.stage.viewer.canvas.size
        if self._dock is None or panel is None or self._dock.isFloating():
            return
        window, width = self._dock.window(), round((self._dock.width() + int(canvas[1])) * self._share)
        if isinstance(window, QMainWindow):
            window.resizeDocks([self._dock, panel], [width, panel.width()], Qt.Orientation.Horizontal)
            if width < _NARROW_PX and not self._is_told:
                self._is_told = True
                self._desk.say(_NARROW)

    def _leave(self) -> None:
        panel = dock_of(self._panel)
        self._panel_width = 0 if panel is None else panel.width()
        self._gone.start()

    def _give_back(self) -> None:
        """Its room goes to the image in hand: Qt would give it to the panel."""
        panel = dock_of(self._panel)
        window = None if panel is None else panel.window()
        if panel is not None and not panel.isFloating() and isinstance(window, QMainWindow):
            window.resizeDocks([panel], [self._panel_width], Qt.Orientation.Horizontal)

    def _forget(self) -> QDockWidget | None:
        dock, self._dock = self._dock, None
        self._soon.stop()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        return dock

    def _on_destroyed(self) -> None:
        self._forget()
        self.closed.emit()
