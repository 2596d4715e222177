"""Strokes of one image while they are drawn: each on disk within a second, undone and redone without limit."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from calcannot.errors import AnnotationError, CalcannotError, CaseError, OutputError
from calcannot.store.history import next_millisecond, now
from calcannot.store.journal import Change
from calcannot.store.sound import sound
from calcannot.store.stroke_files import Signature, StrokeFiles, Strokes, with_changes
from calcannot.store.stroke_state import Conflict, Edit, StrokeState, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.model.annotation import Annotations, Stroke

_RETRY_S = 1.0


class SaveState(StrEnum):
    """Whether what was drawn is safe on the disk."""

    SAVED = "saved"
    SAVING = "saving"
    NOT_SAVED = "not saved"


@dataclass(frozen=True, slots=True)
class ForeignChanges:
    """What others did since the last look. Ids; empty where nothing changed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.conflicts)

    def followed_by(self, later: ForeignChanges) -> ForeignChanges:
        """Both together, as if they had been one."""
        added = dict.fromkeys((*self.added, *later.added))
        removed = dict.fromkeys((*self.removed, *later.removed))
        changed = dict.fromkeys((*self.changed, *later.changed))
        return ForeignChanges(
            tuple(x for x in added if x not in later.removed and x not in self.removed),
            tuple(x for x in removed if x not in later.added and x not in self.added),
            tuple(x for x in changed if x not in added and x not in removed)
            + tuple(x for x in later.added if x in self.removed),
            tuple(dict.fromkeys((*self.conflicts, *later.conflicts))),
        )


class StrokeLog:
    """The strokes of an image, open for drawing. Every method may be called from any thread.

    ``add``, ``remove``, ``undo`` and ``redo`` return at once; a thread of the log's own appends them to a journal and
    flushes it, usually within a tenth of a second. Where the disk is full or gone, nothing is lost from memory:
    ``state`` is ``not saved``, ``problem`` says why, and the thread tries again every second.

    Parameters
    ----------
    files
        From ``CaseFolder.strokes``.
    author
        Who draws, as they want to be named. On the same machine the same author goes on with their own undo history.

    Raises
    ------
    AnnotationError, CaseError
        If a file of strokes is damaged.
    """

    def __init__(self, files: StrokeFiles, *, author: str = "") -> None:
        self.author = author
        self._files = files
        self._mutex = threading.RLock()
        self._saving = threading.Lock()
        self._wake = threading.Condition(self._mutex)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writing = False
        self._busy = 0
        self._problem: CalcannotError | None = None
        self._pending: deque[Change] = deque()
        self._own: list[tuple[str, Change]] = []  # with the id of the journal that each is in
        self._undo: list[Change] = []
        self._redo: list[Change] = []
        self._signature = files.signature()
        self._disk = files.read()
        self._state = self._disk.state
        self._annotations = self._state.annotations()
        self._saved_at: str | None = None
        self._news = ForeignChanges()
        self._claim()
        atexit.register(self._flush_at_exit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def annotations(self) -> Annotations:
        """All strokes, those of others included as of the last look; the same object until something changes."""
        with self._mutex:
            return self._annotations

    @property
    def state(self) -> SaveState:
        """Whether every edit is on the disk (in the journal; ``save`` need not have been called)."""
        with self._mutex:
            if self._problem is not None:
                return SaveState.NOT_SAVED
            return SaveState.SAVING if self._pending or self._writing or self._busy else SaveState.SAVED

    @property
    def problem(self) -> CalcannotError | None:
        """Why edits cannot be written at present; None where they can."""
        with self._mutex:
            return self._problem

    @property
    def saved_at(self) -> str | None:
        """When the last edit of this session reached the disk, UTC in ISO 8601; None before the first."""
        with self._mutex:
            return self._saved_at

    @property
    def is_merged(self) -> bool:
        """Whether ``annotations/<image>.geojson`` holds everything, so that other programs see it too."""
        with self._mutex:
            reached = self._disk.file.merged
            here = all(reached.get(name, 0) >= change.number for name, change in self._own[-1:])
            others = ((name, each) for name, each in self._disk.journals.items() if each.changes)
            return here and all(reached.get(name, 0) >= each.changes[-1].number for name, each in others)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Strokes that two people changed; both versions are there, until one is removed."""
        with self._mutex:
            return tuple(self._state.unresolved)

    @property
    def can_undo(self) -> bool:
        """Whether there is an action of this person to take back, of this session or an earlier one."""
        with self._mutex:
            return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is an action to do again."""
        with self._mutex:
            return bool(self._redo)

    def add(self, strokes: Iterable[Stroke]) -> None:
        """Draw strokes, on top of the others; one whose id is there already takes that one's place.

        A stroke without author or time is given them. One action, whatever the number of strokes.

        Raises
        ------
        AnnotationError
            If a stroke encloses nothing: then none of them is taken. One that crosses itself is made valid.
        """
        time = datetime.now(UTC).isoformat(timespec="seconds")
        named = [replace(stroke, author=stroke.author or self.author, time=stroke.time or time) for stroke in strokes]
        named = [sound(stroke) for stroke in named]
        with self._mutex:
            edits = [
                Edit(stroke.id, self._state.strokes.get(stroke.id), stroke)
                for stroke in {stroke.id: stroke for stroke in named}.values()
            ]
            self._do([each for each in edits if each.before is None or not same(each.before, _after(each))])

    def remove(self, ids: Iterable[str]) -> None:
        """Take strokes away; ids that are not there are passed over."""
        with self._mutex:
            present = [each for each in dict.fromkeys(ids) if each in self._state.strokes]
            gone: set[str] = set()
            below = dict(zip(self._state.order, ["", *self._state.order], strict=False))
            edits = []
            for each in sorted(present, key=self._places(present).__getitem__):
                behind = below[each]
                while behind in gone:
                    behind = below[behind]
                gone.add(each)
                edits.append(Edit(each, self._state.strokes[each], None, behind))
            self._do(edits)

    def undo(self) -> bool:
        """Take back the last action of this person; False where there is none."""
        with self._mutex:
            if not self._undo:
                return False
            change = self._undo.pop()
            self._redo.append(change)
            self._record("undo", tuple(edit.inverse() for edit in reversed(change.edits)))
            return True

    def redo(self) -> bool:
        """Do again what was taken back last; False where there is nothing."""
        with self._mutex:
            if not self._redo:
                return False
            change = self._redo.pop()
            self._undo.append(change)
            self._record("redo", change.edits)
            return True

    def foreign_changes(self) -> ForeignChanges:
        """Look whether others have drawn, take it in, and say what is new since the last call. Cheap where nothing is.

        Raises
        ------
        AnnotationError, CaseError
            If a file of strokes is damaged. What is in memory stays.
        """
        signature = self._files.signature()
        if signature != self._signature:
            self._take_in(self._files.read(), signature)
        with self._mutex:
            news, self._news = self._news, ForeignChanges()
        return news

    def flush(self, timeout_s: float = 30.0) -> None:
        """Wait until every edit is on the disk.

        Raises
        ------
        CalcannotError
            If it cannot be: the strokes are in memory still, and will be tried again.
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

    def save(self) -> None:
        """Bring ``annotations/<image>.geojson`` up to date with the edits of everybody.

        Raises
        ------
        CalcannotError
            If it cannot be written or another holds the case. The edits are in the journal still.
        """
        with self._saving:
            with self._mutex:
                self._busy += 1
            try:
                self.flush()
                saved = self._files.save(author=self.author)
                self._take_in(saved, ())  # somebody may have drawn since it was read: the next look is a real one
            finally:
                with self._mutex:
                    self._busy -= 1

    def close(self, *, save: bool = False) -> None:
        """Write what is left and stop; with ``save``, into the GeoJSON too. May be called twice.

        Raises
        ------
        CalcannotError
            If it cannot be written. The log stays open then, and nothing is lost.
        """
        if self._closing:
            return
        if save:
            self.save()
        self.flush()
        with self._mutex:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._files.release(self._journal)
        atexit.unregister(self._flush_at_exit)

    def _places(self, ids: list[str]) -> dict[str, int]:
        wanted = set(ids)
        return {name: place for place, name in enumerate(self._state.order) if name in wanted}

    def _do(self, edits: list[Edit]) -> None:
        if edits:
            self._undo.append(self._record("do", tuple(edits)))
            self._redo.clear()

    def _record(self, kind: str, edits: tuple[Edit, ...]) -> Change:
        if self._closing:
            raise AnnotationError("the strokes of this image are closed", remedy="open the image again")
        time, number, journal = now(), 1, self._journal.header.id
        if self._own:
            name, last = self._own[-1]
            # A clock that is set back does not change the order, nor does a millisecond with two edits in it, of which
            # the second may stand in another journal.
            time = max(time, next_millisecond(last.time))
            number = last.number + 1 if name == journal else 1
        change = Change(number, time, self.author, kind, edits)
        self._own.append((journal, change))
        for edit in edits:
            self._state.apply(edit)
        self._annotations = self._state.annotations()
        self._pending.append(change)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_journal, name="calcannot-journal", daemon=True)
            self._thread.start()
        self._wake.notify_all()
        return change

    def _claim(self) -> None:
        """Find a journal to go on with; where the folder cannot be written, drawing works and ``state`` tells."""
        try:
            self._journal, before = self._files.claim(self.author)
        except CalcannotError:
            self._journal, before = self._files.new_journal(self.author), None
        if before is None:
            return
        self._own = [(before.header.id, change) for change in before.changes]
        for change in before.changes:
            if change.kind == "undo" and self._undo:
                self._redo.append(self._undo.pop())
            elif change.kind == "redo" and self._redo:
                self._undo.append(self._redo.pop())
            elif change.kind == "do":
                self._undo.append(change)
                self._redo.clear()

    def _write_journal(self) -> None:
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
                    self._saved_at = now()
                self._wake.notify_all()
                if problem is not None:
                    if self._closing:
                        return
                    self._wake.wait(_RETRY_S)

    def _begin_new_journal(self) -> None:
        """Somebody else has written into ours, a copy of it perhaps: what is not on disk yet goes into a new one."""
        with self._mutex:
            self._journal = self._files.new_journal(self.author)
            name, count = self._journal.header.id, len(self._pending)
            self._pending = deque(replace(each, number=k) for k, each in enumerate(self._pending, start=1))
            self._own[len(self._own) - count :] = [(name, each) for each in self._pending]
            self._writing = False

    def _take_in(self, disk: Strokes, signature: Signature) -> None:
        with self._mutex:
            before = self._state
            state = with_changes(disk.file, disk.journals.values(), self._own)
            self._disk, self._signature = disk, signature
            changes = _difference(before, state)
            self._news = self._news.followed_by(changes)
            self._state = state
            if changes or state.order != before.order:
                self._annotations = state.annotations()

    def _flush_at_exit(self) -> None:
        try:
            self.flush(5.0)
        except CalcannotError:
            return  # nobody is left to be told


def _after(edit: Edit) -> Stroke:
    assert edit.after is not None
    return edit.after


def _difference(before: StrokeState, after: StrokeState) -> ForeignChanges:
    return ForeignChanges(
        added=tuple(each for each in after.order if each not in before.strokes),
        removed=tuple(each for each in before.order if each not in after.strokes),
        changed=tuple(
            each
            for each in after.order
            if each in before.strokes and not same(before.strokes[each], after.strokes[each])
        ),
        conflicts=tuple(each for each in after.conflicts if each not in before.conflicts),
    )
