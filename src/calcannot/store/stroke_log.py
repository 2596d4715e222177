"""Strokes of one image while they are drawn: each on disk within a second, undone and redone without limit."""

from __future__ import annotations

import atexit
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from calcannot.store.foreign import ForeignChanges, foreign_changes, foreign_settings
from calcannot.store.journal import last_drawn
from calcannot.store.journal_writer import JournalWriter, SaveState
from calcannot.store.kept_settings import settings_left_by
from calcannot.store.sound import sound
from calcannot.store.stroke_edits import edits_of
from calcannot.store.stroke_files import Signature, StrokeFiles, Strokes, with_changes
from calcannot.store.undo_order import UndoOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcannot.errors import CalcannotError
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.store.journal import Change
    from calcannot.store.kept_settings import KeptSetting
    from calcannot.store.setting import SettingEdit
    from calcannot.store.stroke_state import Conflict, Edit


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
        self._busy = 0
        self._signature = files.signature()
        self._disk = files.read()
        self._state = self._disk.state
        self._annotations = self._state.annotations()
        self._news = ForeignChanges()
        self._writer = JournalWriter(files, author, self._mutex)
        earlier = self._writer.earlier
        self._order = UndoOrder(() if earlier is None else earlier.changes)
        self._settings = self._settings_left()
        atexit.register(self._writer.flush_at_exit)

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
    def settings(self) -> Mapping[str, KeptSetting]:
        """Settings of the image as they were left, by whoever changed them last."""
        with self._mutex:
            return dict(self._settings)

    @property
    def own_settings(self) -> Mapping[str, KeptSetting]:
        """Settings as this person left them, now or at an earlier time on this machine, whatever others did since."""
        with self._mutex:
            return settings_left_by(change for _, change in self._writer.own)

    @property
    def state(self) -> SaveState:
        """Whether every edit is on the disk (in the journal; ``save`` need not have been called)."""
        with self._mutex:
            state = self._writer.state
            return SaveState.SAVING if state is SaveState.SAVED and self._busy else state

    @property
    def problem(self) -> CalcannotError | None:
        """Why edits cannot be written at present; None where they can."""
        return self._writer.problem

    @property
    def is_merged(self) -> bool:
        """Whether ``annotations/<image>.geojson`` holds everything, so that other programs see it too."""
        with self._mutex:
            reached = self._disk.file.merged
            newest = next(((name, each.number) for name, each in reversed(self._writer.own) if each.edits), ("", 0))
            others = ((name, last_drawn(journal.changes)) for name, journal in self._disk.journals.items())
            return all(reached.get(name, 0) >= number for name, number in (newest, *others))

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Strokes that two people changed; both versions are there, until one is removed."""
        with self._mutex:
            return tuple(self._state.unresolved)

    @property
    def next_undo(self) -> Change | None:
        """The action of this person that ``undo`` takes back, of this session or an earlier one."""
        with self._mutex:
            return self._order.next_undo

    @property
    def next_redo(self) -> Change | None:
        """The action that ``redo`` does again."""
        with self._mutex:
            return self._order.next_redo

    def add(self, strokes: Iterable[Stroke]) -> None:
        """Draw strokes, on top of the others; errors as ``change``."""
        self.change(strokes)

    def remove(self, ids: Iterable[str]) -> None:
        """Take strokes away; ids that are not there are passed over."""
        self.change(remove=ids)

    def change(
        self,
        add: Iterable[Stroke] = (),
        remove: Iterable[str] = (),
        settings: Iterable[SettingEdit] = (),
        what: str = "",
    ) -> None:
        """Take strokes away, draw others on top and change settings, as one action.

        One that is drawn under an id that is there already takes that one's place. A stroke without author or time is
        given them. Where nothing changes, there is no action.

        Parameters
        ----------
        what
            The action's name, for whoever may want to take it back.

        Raises
        ------
        AnnotationError
            If a stroke encloses nothing: then none of it is done. One that crosses itself is made valid.
        """
        time = datetime.now(UTC).isoformat(timespec="seconds")
        named = [replace(stroke, author=stroke.author or self.author, time=stroke.time or time) for stroke in add]
        drawn = [sound(stroke) for stroke in named]
        changed = tuple(each for each in settings if each.before != each.after)
        with self._mutex:
            edits = edits_of(self._state, drawn, remove)
            if edits or changed:
                self._record("do", edits, changed, what)

    def undo(self) -> Change | None:
        """Take back the last action of this person, and give what was done for it; None where there is none."""
        with self._mutex:
            last = self._order.next_undo
            if last is None:
                return None
            edits = tuple(edit.inverse() for edit in reversed(last.edits))
            return self._record("undo", edits, tuple(each.inverse() for each in reversed(last.settings)), last.what)

    def redo(self) -> Change | None:
        """Do again what was taken back last, and give it; None where there is nothing."""
        with self._mutex:
            last = self._order.next_redo
            return None if last is None else self._record("redo", last.edits, last.settings, last.what)

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
        self._writer.flush(timeout_s)

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
        if self._writer.is_closed:
            return
        if save:
            self.save()
        self._writer.close()
        atexit.unregister(self._writer.flush_at_exit)

    def _record(self, kind: str, edits: tuple[Edit, ...], settings: tuple[SettingEdit, ...], what: str) -> Change:
        change = self._writer.write(kind, edits, settings, what)
        self._order.note(change)
        for edit in edits:
            self._state.apply(edit)
        if edits:
            self._annotations = self._state.annotations()
        self._settings |= settings_left_by([change])
        return change

    def _settings_left(self) -> dict[str, KeptSetting]:
        others = (change for journal in self._disk.journals.values() for change in journal.changes)
        return settings_left_by((*others, *(change for _, change in self._writer.own)))

    def _take_in(self, disk: Strokes, signature: Signature) -> None:
        with self._mutex:
            before, settings = self._state, self._settings
            state = with_changes(disk.file, disk.journals.values(), self._writer.own)
            self._disk, self._signature = disk, signature
            self._settings = self._settings_left()
            changes = replace(foreign_changes(before, state), settings=foreign_settings(settings, self._settings))
            self._news = self._news.followed_by(changes)
            self._state = state
            if changes or state.order != before.order:
                self._annotations = state.annotations()
