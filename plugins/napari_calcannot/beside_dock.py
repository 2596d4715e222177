"""The place in the window of the image that is shown beside: between the image in hand and the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from napari_calcannot.docks import dock_of, put_left

if TYPE_CHECKING:
    from napari_calcannot.desk import Desk

_LARGEST_SHARE = 0.9
_NARROW_PX, _DRAGGED_MS = 200, 100
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
        self._share, self._panel_width = 0.5, 0
        self._is_followed = self._is_dragged = self._is_told = False
        self._kept_width = 0
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
            self._share, self._kept_width, self._is_dragged = 0.5, 0, False
            self._soon.start()
            self._desk.stage.viewer.canvas.events.size.connect(self._on_size)
            self._is_followed = True
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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The dock goes, by whatever way."""
        if event.type() == QEvent.Type.Hide and self._dock is not None and watched is self._dock:
            self._leave()
        return False

    def _on_size(self, _: object = None) -> None:
        self._soon.start()

    def _share_width(self) -> None:
        """Let each image have its part of what all else leaves: Qt takes and gives all at the image in hand."""
        panel, canvas = dock_of(self._panel), self._desk.stage.viewer.canvas.size
        if self._dock is None or panel is None or self._dock.isFloating() or not self._dock.isVisible():
            return
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._is_dragged = True
            QTimer.singleShot(_DRAGGED_MS, self._on_size)  # not against the hand
            return
        width, kept = self._dock.width(), panel.width()
        if (
            self._is_dragged and self._kept_width
        ):  # Qt lets the panel have its part of what a border gives: it goes to the image
            width, kept = width + panel.width() - self._kept_width, self._kept_width
            share = width / max(1, width + int(canvas[1]))
            self._share = min(_LARGEST_SHARE, max(1 - _LARGEST_SHARE, share))
        self._kept_width, self._is_dragged = kept, False
        window, width = self._dock.window(), round((width + int(canvas[1])) * self._share)
        is_there = abs(width - self._dock.width()) + abs(kept - panel.width()) <= 1
        if is_there or not isinstance(window, QMainWindow):
            return
        window.resizeDocks([self._dock, panel], [width, kept], Qt.Orientation.Horizontal)
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
        if self._is_followed:
            self._desk.stage.viewer.canvas.events.size.disconnect(self._on_size)
            self._is_followed = False
        return dock

    def _on_destroyed(self) -> None:
        self._forget()
        self.closed.emit()
