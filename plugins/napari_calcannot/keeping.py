"""Saving by itself: strokes into a journal, measurements into runs, and what others saved meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.batch.case_run import run_name, write_run
from calcannot.errors import CalcannotError, OutputError
from calcannot.store.journal_writer import SaveState
from napari_calcannot.case_home import keep_size
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.jobs import JobQueue
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.others import Others
from napari_calcannot.pending import write_pending
from napari_calcannot.securing import has_other_size, move_in, own_drawing_of, set_aside
from napari_calcannot.waiting import waiting_clicks
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.model.analysis import Analysis
    from calcannot.pipeline.scan import Progress
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_LOOK_MS = 300
_AGAIN_S = 2.0
_NOT_SAVED = "Not saved yet: {} It is kept in memory and tried again by itself: leave the window open."


class Keeping(QObject):
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
        self._jobs = JobQueue(self)
        self._others = Others(desk)
        self._waiting: list[Session] = []
        self._state: tuple[Session | None, str] = (None, "")
        self._trouble = ""
        self._in_trouble: list[Session] = []
        self._failed: dict[str, str] = {}
        """Why pixel sizes or results are not written; tried again."""
        self._runs: list[tuple[Session, Analysis]] = []
        """Results that are to be tried again."""
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
        if session.annotations.strokes or _is_worked_on(session):
            self._write_pending(session)
        if session not in self._waiting:
            self._waiting.append(session)
            self._make_case(session)

    def _keep_what_was_done(self) -> None:
        session = self._desk.session
        if session is not None and session not in self._waiting and _is_worked_on(session):
            self.keep()

    def save_run(self, session: Session, analysis: Analysis) -> None:
        """Write a measurement into the case of its image, as soon as there is one."""
        if not isinstance(session.drawing, LogDrawing):
            self.keep()  # first in the queue
        self._write_run(session, analysis)

    @property
    def is_writing(self) -> bool:
        """Whether a case or a result is being written."""
        return self._jobs.is_busy

    @property
    def run_state(self) -> SaveState:
        """Whether the latest results are written."""
        if self.is_writing:
            return SaveState.SAVING
        return SaveState.NOT_SAVED if self._trouble else SaveState.SAVED

    def finish(self) -> str:
        """Write all that is not written yet, however long it takes: the window is being closed.

        Returns
        -------
        str
            Why something can be written nowhere, and would be lost; empty where nothing would.
        """
        self._jobs.finish()
        lost = ""
        for session in self._desk.sessions:
            try:
                said = set_aside(session)
            except CalcannotError as error:
                said = lost = sentence(error)
            if said:
                self._desk.say(said)
        return lost

    def stop(self) -> None:
        """Write all that is not written yet, and look no more."""
        self._timer.stop()
        self._others.stop()
        self.finish()

    def look(self) -> None:
        """Say whether everything is saved, and what others did."""
        session = self._desk.session
        for whose, message in self._others.news():
            if whose in self._desk.sessions and whose is not None:
                self._desk.follow(whose)
                self._desk.stage.drawn.show_regions(whose)
                self._desk.strokes_changed.emit()
                self._desk.state_changed.emit()
            self._desk.say(message)
        self._keep_sizes()
        self._keep_runs()
        state = self._state_of(session)
        if (session, state) != self._state:
            self._state = (session, state)
            self.state_changed.emit(state)
        self._tell_trouble()

    def hear(self, message: str) -> None:
        """A message was shown: where it was taken away, what is not saved is said again."""
        if not message and self._trouble:
            self._desk.say(_NOT_SAVED.format(self._trouble))

    def _tell_trouble(self) -> None:
        """Say what is not saved and why, for as long as it is so."""
        sessions = self._desk.sessions
        problems = [each.drawing.problem for each in sessions if isinstance(each.drawing, LogDrawing)]
        trouble = next((sentence(each) for each in problems if each is not None), "") or " ".join(self._failed.values())
        before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            self._desk.say(_NOT_SAVED.format(trouble))
        elif before and not trouble and sessions == self._in_trouble:
            self._desk.say("Everything is saved again.")
        if bool(before) != bool(trouble):
            self._desk.state_changed.emit()
        self._in_trouble = list(sessions) if trouble else []

    def _state_of(self, session: Session | None) -> str:
        if session is None:
            return ""
        if session in self._waiting:
            return SaveState.SAVING.value
        if not isinstance(session.drawing, LogDrawing):
            return "" if session.drawing.next_undo is None else SaveState.NOT_SAVED.value
        state = session.drawing.state
        if state is SaveState.SAVED and has_other_size(session):
            state = SaveState.NOT_SAVED if self._failed else SaveState.SAVING
        return state.value

    def _write_pending(self, session: Session) -> None:
        try:
            write_pending(session)
        except (CalcannotError, OSError) as error:
            self._desk.say(f"Not saved yet: {sentence(error) if isinstance(error, CalcannotError) else error}")

    def _keep_sizes(self) -> None:
        """Write pixel sizes that were changed into the cases, for the command line."""
        changed = [each for each in self._desk.sessions if has_other_size(each)]
        if not changed:
            self._failed.pop("pixel size", None)  # undone, or its image closed
        if not changed or self.is_writing or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + _AGAIN_S

        def work(_: Progress) -> None:
            for session in changed:
                keep_size(session)

        def failed(why: str) -> None:
            self._failed["pixel size"] = why

        self._jobs.add(work, lambda _: self._failed.pop("pixel size", None), failed)

    def _keep_runs(self) -> None:
        """Try again to write results that could not be written."""
        if self._runs and not self.is_writing and time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + _AGAIN_S
            runs = [each for each in self._runs if each[0] in self._desk.sessions and each[0].analysis is each[1]]
            self._runs = []
            if not runs:
                self._failed.pop("result", None)
            for session, analysis in runs:
                self._write_run(session, analysis)

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

        self._jobs.add(lambda _: own_drawing_of(session), done, failed)

    def _write_run(self, session: Session, analysis: Analysis) -> None:
        def work(_: Progress) -> Path | OutputError | None:
            drawing = session.drawing
            if not isinstance(drawing, LogDrawing):
                return None  # there is no case, which was said
            entry = drawing.case.record.image(drawing.image_id)
            drawing.will_write(run_name(analysis.recipe, entry.sha256, analysis.annotations, analysis.info.calibration))
            try:
                return write_run(drawing.case, drawing.image_id, entry.sha256, session.source, analysis)
            except OutputError as error:
                return error

        def done(made: Path | OutputError | None) -> None:
            if isinstance(made, OutputError):
                self._runs.append((session, analysis))
                self._failed["result"] = sentence(made)
            else:
                if not self._runs and not self.is_writing:
                    self._failed.pop("result", None)
                if session.analysis is analysis and made is not None:
                    session.saved_to = made
            self._desk.state_changed.emit()

        self._jobs.add(work, done, lambda message: self._desk.say(f"The result is not saved: {message}"))


def _is_worked_on(session: Session) -> bool:
    return session.drawing.next_undo is not None or bool(waiting_clicks(session))
