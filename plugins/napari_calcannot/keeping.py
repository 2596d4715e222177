"""Saving by itself: strokes into a journal, measurements into runs, and what others saved meanwhile."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.batch.case_run import write_run
from calcannot.errors import CalcannotError
from calcannot.store.journal_writer import SaveState
from napari_calcannot.case_home import keep_size
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.jobs import Runner
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.pending import write_pending
from napari_calcannot.securing import has_other_size, move_in, own_drawing_of, secure
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calcannot.model.analysis import Analysis
    from calcannot.pipeline.scan import Progress
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

Job = tuple["Callable[[Progress], Any]", "Callable[[Any], None]", "Callable[[str], None]"]
_LOOK_MS = 300
_OTHERS_S = 2.0


class Keeping(QObject):  # type: ignore[misc]
    """Keeps all open images on disk.

    Parameters
    ----------
    desk
        Its images are kept.
    """

    state_changed = Signal(str)
    """``saved``, ``saving`` or ``not saved``, of the image in hand; empty where there is nothing to save."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._runner = Runner(self)
        self._waiting: list[Session] = []
        self._jobs: deque[Job] = deque()
        self._state: tuple[Session | None, str] = (None, "")
        self._problem = ""
        self._heard: queue.SimpleQueue[tuple[Session | None, str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self._next_try = 0.0
        desk.strokes_changed.connect(self.keep)
        desk.state_changed.connect(self._keep_what_was_done)

    def keep(self) -> None:
        """Give the image in hand a place on disk, where it has none."""
        session = self._desk.session
        if session is None or not isinstance(session.drawing, MemoryDrawing) or not session.path.exists():
            return
        if session.annotations.strokes or session.drawing.next_undo is not None:
            self._write_pending(session)
        if session not in self._waiting:
            self._waiting.append(session)
            self._make_case(session)

    def _keep_what_was_done(self) -> None:
        session = self._desk.session
        if session is not None and session not in self._waiting and session.drawing.next_undo is not None:
            self.keep()

    def save_run(self, session: Session, analysis: Analysis) -> None:
        """Write a measurement into the case of its image, as soon as there is one."""
        if not isinstance(session.drawing, LogDrawing):
            self.keep()  # first in the queue
        self._write_run(session, analysis)

    @property
    def is_writing(self) -> bool:
        """Whether a case or a result is being written."""
        return self._runner.is_busy or bool(self._jobs)

    def finish(self) -> None:
        """Write all that is not written yet, however long it takes: the window is being closed."""
        while self.is_writing:
            self._runner.wait()
        for session in self._desk.sessions:
            try:
                secure(session)
            except CalcannotError as error:
                self._desk.say(sentence(error))

    def stop(self) -> None:
        """Write all that is not written yet, and look no more."""
        self._timer.stop()
        self._stop.set()
        self.finish()

    def look(self) -> None:
        """Say whether everything is saved, and what others did."""
        session = self._desk.session
        while not self._heard.empty():
            whose, message = self._heard.get()
            if whose in self._desk.sessions and whose is not None:
                self._desk.follow(whose)
                self._desk.stage.drawn.show_regions(whose)
                self._desk.strokes_changed.emit()
                self._desk.state_changed.emit()
            self._desk.say(message)
        if self._thread is None and any(isinstance(each.drawing, LogDrawing) for each in self._desk.sessions):
            self._thread = threading.Thread(target=self._watch_others, name="calcannot others", daemon=True)
            self._thread.start()
        self._keep_sizes()
        state, problem = self._state_of(session)
        if (session, state) != self._state:
            self._state = (session, state)
            self.state_changed.emit(state)
        if problem and problem != self._problem:
            self._desk.say(f"Not saved yet: {problem} What you drew is kept in memory, and tried again every second.")
        self._problem = problem

    def _state_of(self, session: Session | None) -> tuple[str, str]:
        if session is None:
            return "", ""
        if session in self._waiting:
            return SaveState.SAVING.value, ""
        if isinstance(session.drawing, LogDrawing):
            problem, state = session.drawing.problem, session.drawing.state
            if state is SaveState.SAVED and has_other_size(session):
                state = SaveState.SAVING
            return state.value, "" if problem is None else sentence(problem)
        return ("" if session.drawing.next_undo is None else SaveState.NOT_SAVED.value), ""

    def _write_pending(self, session: Session) -> None:
        try:
            write_pending(session)
        except (CalcannotError, OSError) as error:
            self._desk.say(f"Not saved yet: {sentence(error) if isinstance(error, CalcannotError) else error}")

    def _keep_sizes(self) -> None:
        """Write pixel sizes that were changed into the cases, for the command line."""
        changed = [each for each in self._desk.sessions if has_other_size(each)]
        if not changed or self.is_writing or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + _OTHERS_S

        def work(_: Progress) -> None:
            for session in changed:
                keep_size(session)

        self._queue((work, lambda _: None, lambda why: self._desk.say(f"The pixel size is not saved yet: {why}")))

    def _queue(self, job: Job) -> None:
        """Do one thing after the other: each writes into the same folder."""
        self._jobs.append(job)
        self._next()

    def _next(self) -> None:
        if self._jobs and not self._runner.is_busy:
            work, done, failed = self._jobs.popleft()
            self._runner.start(work, partial(self._end, done), partial(self._end, failed))

    def _end(self, tell: Callable[[Any], None], outcome: Any) -> None:
        tell(outcome)
        self._next()

    def _make_case(self, session: Session) -> None:
        def done(drawing: LogDrawing) -> None:
            self._waiting.remove(session)
            if session in self._desk.sessions:
                move_in(session, drawing)
                self._desk.follow(session)
                self._desk.state_changed.emit()
            else:
                drawing.close()

        def failed(message: str) -> None:
            self._waiting.remove(session)
            self._desk.say(f"Not saved: {message} Save into another folder before you close.")

        self._queue((lambda _: own_drawing_of(session), done, failed))

    def _write_run(self, session: Session, analysis: Analysis) -> None:
        def work(_: Progress) -> Path | None:
            drawing = session.drawing
            if not isinstance(drawing, LogDrawing):
                return None  # there is no case, which was said
            entry = drawing.case.record.image(drawing.image_id)
            return write_run(drawing.case, drawing.image_id, entry.sha256, session.source, analysis)

        def done(folder: Path | None) -> None:
            if session.analysis is analysis and folder is not None:
                session.saved_to = folder
            self._desk.state_changed.emit()

        self._queue((work, done, lambda message: self._desk.say(f"The result is not saved: {message}")))

    def _watch_others(self) -> None:
        """In a thread: a network folder may take its time. Takes in what others drew, and merges what is at rest."""
        rested: dict[int, object] = {}
        while not self._stop.wait(_OTHERS_S):
            for session in list(self._desk.sessions):
                drawing = session.drawing
                if not isinstance(drawing, LogDrawing):
                    continue
                try:
                    said = drawing.look()
                    if said:
                        self._heard.put((session, said))
                    if rested.get(id(drawing)) is drawing.annotations:
                        drawing.save()
                    rested[id(drawing)] = drawing.annotations
                except CalcannotError as error:
                    self._heard.put((None, sentence(error)))
                    time.sleep(_OTHERS_S)
