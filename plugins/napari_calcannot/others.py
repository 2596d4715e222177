"""Looks in a thread what others did to the open images: a network folder may take its time."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from calcannot.errors import CalcannotError
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_LOOK_S = 2.0


class Others:
    """Takes in what others drew, and merges what is at rest into the case.

    Parameters
    ----------
    desk
        Whose images; its list is read only.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._heard: queue.SimpleQueue[tuple[Session | None, str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._rested: dict[int, object] = {}

    def news(self) -> Iterator[tuple[Session | None, str]]:
        """What was heard since the last time: the image whose strokes changed, None for an error, and a message."""
        if self._thread is None and any(isinstance(each.drawing, LogDrawing) for each in self._desk.sessions):
            self._thread = threading.Thread(target=self._watch, name="calcannot others", daemon=True)
            self._thread.start()
        while not self._heard.empty():
            yield self._heard.get()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            open_now = [(each, each.drawing) for each in list(self._desk.sessions)]
            self._rested = {key: kept for key, kept in self._rested.items() if key in {id(d) for _, d in open_now}}
            for session, drawing in open_now:
                if isinstance(drawing, LogDrawing):
                    self._look_at(session, drawing)

    def _look_at(self, session: Session, drawing: LogDrawing) -> None:
        try:
            said = drawing.look()
            if said:
                self._heard.put((session, said))
            if self._rested.get(id(drawing)) is drawing.annotations:
                drawing.save()
            self._rested[id(drawing)] = drawing.annotations
        except CalcannotError as error:
            if drawing.problem is None:  # else it is the same, and said
                self._heard.put((None, sentence(error)))
            self._stop.wait(_LOOK_S)
