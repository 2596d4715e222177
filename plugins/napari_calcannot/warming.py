"""What the first image needs is imported while nobody waits: a window that is open shows a slide sooner."""

from __future__ import annotations

from importlib import import_module

from qtpy.QtCore import QObject, QTimer

_PAUSE_MS = 30
NEEDED = (
    "scipy.special",  # the larger part of the next
    "scipy.ndimage",  # by napari, for the thumbnail of each layer
    "tifffile",
    "calcannot.io.tiff",
)


class Warming(QObject):
    """Imports one module after the other in the window's thread: two threads that import can meet half a module.

    Parameters
    ----------
    parent
        Of the window.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._left = list(NEEDED)
        self._timer = QTimer(self, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._next)
        self._timer.start()

    @property
    def is_done(self) -> bool:
        """Whether all is there."""
        return not self._left

    def stop(self) -> None:
        """Import no more."""
        self._timer.stop()

    def _next(self) -> None:
        if self._left:
            import_module(self._left.pop(0))
        if not self._left:
            self._timer.stop()
