"""Writes a journal in a thread of its own, and keeps trying where the disk is full or gone."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from calcannot.errors import AnnotationError, CalcannotError, CaseError, OutputError
from calcannot.store.history import next_millisecond, now
from calcannot.store.journal import Change

if TYPE_CHECKING:
    from calcannot.store.journal import Journal
    from calcannot.store.setting import SettingEdit
    from calcannot.store.stroke_files import StrokeFiles
    from calcannot.store.stroke_state import Edit

_RETRY_S = 1.0


class SaveState(StrEnum):
    """Whether what was drawn is safe on the disk."""

    SAVED = "saved"
    SAVING = "saving"
    NOT_SAVED = "not saved"


class JournalWriter:
    """Puts changes on the disk in the order in which they were made. Every method may be called from any thread.

    Parameters
    ----------
    files, author
        Whose journal, of which image.
    mutex
        Held by whoever changes the strokes, so that no change is noted between two others.
    """

    def __init__(self, files: StrokeFiles, author: str, mutex: threading.RLock) -> None:
        self._files, self._author, self._mutex = files, author, mutex
        self._wake = threading.Condition(mutex)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writing = False
        self._problem: CalcannotError | None = None
        self._pending: deque[Change] = deque()
        self.own: list[tuple[str, Change]] = []
        """Every change of this writer, with the id of the journal that it is in."""
        self.earlier = self._claim()
        """The journal that it goes on with, as it was found; None for a new one."""

    @property
    def state(self) -> SaveState:
        """Whether every change is on the disk."""
        with self._mutex:
            if self._problem is not None:
                return SaveState.NOT_SAVED
            return SaveState.SAVING if self._pending or self._writing else SaveState.SAVED

    @property
    def problem(self) -> CalcannotError | None:
        """Why changes cannot be written at present; None where they can."""
        with self._mutex:
            return self._problem

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is taken."""
        return self._closing

    def write(
        self, kind: str, edits: tuple[Edit, ...], settings: tuple[SettingEdit, ...] = (), what: str = ""
    ) -> Change:
        """Make a change of these edits, and have it written; the mutex must be held."""
        if self._closing:
            raise AnnotationError("the strokes of this image are closed", remedy="open the image again")
        time, number, journal = now(), 1, self._journal.header.id
        if self.own:
            name, last = self.own[-1]
            # A clock that is set back does not change the order, nor does a millisecond with two edits in it, of which
            # the second may stand in another journal.
            time = max(time, next_millisecond(last.time))
            number = last.number + 1 if name == journal else 1
        change = Change(number, time, self._author, kind, edits, settings, what)
        self.own.append((journal, change))
        self._pending.append(change)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="calcannot-journal", daemon=True)
            self._thread.start()
        self._wake.notify_all()
        return change

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until every change is on the disk.

        Raises
        ------
        CalcannotError
            If it cannot be: the changes are in memory still, and will be tried again.
        """
        with self._mutex:
            tried = self._problem
            self._problem = None
            self._wake.notify_all()
            done = self._wake.wait_for(
                lambda: self._problem is not None or not (self._pending or self._writing), timeout_s
            )
            if self._problem is not None:
                raise self._problem
            if not done:
                self._problem = tried
                what = "the disk has not answered; the strokes are not saved yet"
                raise OutputError(what, path=self._files.geojson, remedy="keep the window open and try again")

    def close(self) -> None:
        """Write what is left and stop; errors as ``flush``, and then it goes on."""
        self.flush()
        with self._mutex:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._files.release(self._journal)

    def flush_at_exit(self) -> None:
        """Write what is left, when there is nobody to be told."""
        try:
            self.flush(5.0)
        except CalcannotError:
            return

    def _claim(self) -> Journal | None:
        """Find a journal to go on with; where the folder cannot be written, drawing works and ``state`` tells."""
        try:
            self._journal, before = self._files.claim(self._author)
        except CalcannotError:
            self._journal, before = self._files.new_journal(self._author), None
        if before is not None:
            self.own = [(before.header.id, change) for change in before.changes]
        return before

    def _run(self) -> None:
        while True:
            with self._mutex:
                self._wake.wait_for(lambda: self._pending or self._closing)
                if not self._pending:
                    return
                batch = list(self._pending)
                self._writing = True
            problem: CalcannotError | None = None
            try:
                self._journal.append(b"".join(change.to_line() for change in batch))
            except CaseError:
                self._begin_new_journal()
                continue
            except CalcannotError as error:
                problem = error
            with self._mutex:
                self._writing = False
                self._problem = problem
                if problem is None:
                    for _ in batch:
                        self._pending.popleft()
                self._wake.notify_all()
                if problem is not None:
                    if self._closing:
                        return
                    self._wake.wait(_RETRY_S)

    def _begin_new_journal(self) -> None:
        """Somebody else has written into ours, a copy of it perhaps: what is not on disk yet goes into a new one."""
        with self._mutex:
            self._journal = self._files.new_journal(self._author)
            name, count = self._journal.header.id, len(self._pending)
            self._pending = deque(replace(each, number=k) for k, each in enumerate(self._pending, start=1))
            self.own[len(self.own) - count :] = [(name, each) for each in self._pending]
            self._writing = False
