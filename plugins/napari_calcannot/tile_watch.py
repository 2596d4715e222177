"""Looks now and then whether tiles have arrived that a view had to do without, and draws it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.errors import CalcannotError
from napari_calcannot.layers import IMAGE, PREVIEW
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session
    from napari_calcannot.value_pyramid import ValuePyramid

_INTERVAL_MS = 60
_AGAIN_S = 3  # from a failure until reading is tried again
_FILL_MS = 1000  # the lower levels of the preview change slowly


class TileWatch(QObject):
    """One timer in the window's thread: no signal crosses threads.

    Parameters
    ----------
    desk
        Its images are watched.
    """

    arrived = Signal(object)
    """Session whose pixels have arrived."""
    overview_arrived = Signal(object)
    """The same, of the image in hand and not more than once a second: its map can be drawn anew."""
    refining = Signal(bool)
    """Whether the preview in view is still being computed: averaged or coarser pixels stand in for it."""
    failed = Signal(str)
    """Why tiles cannot be read, once for each time that reading begins to fail."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._filled: WeakKeyDictionary[Session, int] = WeakKeyDictionary()
        self._overview = self._refining = False
        self._seconds = 0
        self._failing: WeakSet[Session] = WeakSet()
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._slow = QTimer(self, interval=_FILL_MS)
        self._slow.timeout.connect(self._look_at_filling)

    def start(self) -> None:
        """Begin to look; images that are large are read without waiting from now on."""
        for session in self._desk.sessions:
            session.pixels.waits = not session.pixels.is_large
        self._timer.start()
        self._slow.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._slow.stop()
        for session in self._desk.sessions:
            session.pixels.waits = True

    def look(self) -> None:
        """Draw anew what has changed."""
        session = self._desk.session
        for other in self._desk.sessions:
            if other is not session and other.pixels.loader.take_arrived():
                self.arrived.emit(other)
        if session is None or session not in self._desk.sessions:
            return
        values = self._desk.stage.overlay.preview_values(session)
        of_role = {IMAGE: session.pixels.loader} | ({} if values is None else {PREVIEW: values.loader})
        loaders = list(of_role.values())
        arrived = [role for role, loader in of_role.items() if loader.take_arrived()]
        if arrived:
            waits = [loader.wait_s for loader in loaders]
            for loader in loaders:
                loader.wait_s = 0.0
            self._desk.stage.refresh_pixels(session, arrived)
            self._overview |= IMAGE in arrived
            for loader, wait_s in zip(loaders, waits, strict=True):
                loader.wait_s = wait_s
        self._tell_refining(session, values)
        failure = next((loader.failure for loader in loaders if loader.failure is not None), None)
        if failure is not None and session not in self._failing:
            self._failing.add(session)
            again = "It is tried again every few seconds. If it stays so, open the image again."
            self.failed.emit(f"{sentence(failure) if isinstance(failure, CalcannotError) else failure} {again}")
        elif failure is None:
            self._failing.discard(session)

    def retry(self) -> None:
        """Read again what could not be read."""
        session = self._desk.session
        if session is not None:
            session.pixels.loader.retry()
            values = self._desk.stage.overlay.preview_values(session)
            if values is not None:
                values.retry()

    def _tell_refining(self, session: Session, values: ValuePyramid | None) -> None:
        layer = self._desk.stage.layer(session, PREVIEW)
        refining = values is not None and layer is not None and layer.visible
        if refining and values is not None:
            refining = not values.is_exact_in_view(layer.data_level)
        if refining != self._refining:
            self._refining = refining
            self.refining.emit(refining)

    def _look_at_filling(self) -> None:
        self._seconds = (self._seconds + 1) % _AGAIN_S
        if self._failing and self._seconds == 0:
            self.retry()
        session = self._desk.session
        if self._overview and session is not None:
            self._overview = False
            self.overview_arrived.emit(session)
        values = None if session is None else self._desk.stage.overlay.preview_values(session)
        if session is None or values is None:
            return
        filled = values.filled_boxes
        if filled != self._filled.get(session):
            self._filled[session] = filled
            self._desk.stage.refresh_pixels(session, [PREVIEW])
