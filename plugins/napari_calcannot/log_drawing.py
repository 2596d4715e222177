"""Strokes in a case: each edit goes into the journal of a stroke log, on disk within a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.store.stroke_log import SaveState, StrokeLog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.errors import CalcannotError
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.store.case_folder import CaseFolder


class LogDrawing:
    """Strokes of one image of a case, with undo over earlier days.

    A case that is only looked at is not written to: the log is opened with the first edit, or where one of this person
    is there already.

    Parameters
    ----------
    case, image_id
        Which image.
    author
        Who draws.

    Raises
    ------
    AnnotationError, CaseError
        If strokes on disk are damaged.
    """

    def __init__(self, case: CaseFolder, image_id: str, *, author: str) -> None:
        self.case, self.image_id, self._author = case, image_id, author
        self._read = case.annotations(image_id)
        self._log: StrokeLog | None = None
        self._units: list[int] = []
        self._undone: list[int] = []
        if any(case.strokes(image_id).journal_folder.glob("*.jsonl")):
            self._opened()

    @property
    def annotations(self) -> Annotations:
        """Strokes in force."""
        return self._read if self._log is None else self._log.annotations

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._log is not None and self._log.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""
        return self._log is not None and self._log.can_redo

    @property
    def state(self) -> SaveState:
        """Whether everything is on the disk."""
        return SaveState.SAVED if self._log is None else self._log.state

    @property
    def problem(self) -> CalcannotError | None:
        """Why it is not; None where it is."""
        return None if self._log is None else self._log.problem

    def change(self, add: Iterable[Stroke] = (), remove: Iterable[str] = ()) -> None:
        """Remove strokes by id and add others; one whose id is there already takes its place."""
        log, add, remove = self._opened(), tuple(add), tuple(remove)
        if remove:
            log.remove(remove)
        if add:
            log.add(add)
        self._units.append(bool(remove) + bool(add))
        self._undone.clear()

    def undo(self) -> None:
        """Take the latest edit back."""
        count = self._units.pop() if self._units else 1
        self._undone.append(count)
        for _ in range(count):
            self._opened().undo()

    def redo(self) -> None:
        """Do the next edit again."""
        count = self._undone.pop() if self._undone else 1
        self._units.append(count)
        for _ in range(count):
            self._opened().redo()

    def look(self) -> str:
        """Take in what others have drawn, and say so; empty where nobody has. Reads files: call it from a thread."""
        if self._log is None:
            return ""
        changes = self._log.foreign_changes()
        if not changes:
            return ""
        count = len(changes.added) + len(changes.removed) + len(changes.changed)
        said = f"Somebody else changed {count} strokes of this image: they are taken in."
        if changes.conflicts:
            said += f" {len(changes.conflicts)} were changed by both of you: both versions are kept."
        return said

    def save(self) -> None:
        """Bring the GeoJSON of the case up to date, for other programs. Writes files: call it from a thread."""
        if self._log is not None and not self._log.is_merged:
            self._log.save()

    def close(self) -> None:
        """Write what is not written; where that fails the journal has it, or the error is raised."""
        if self._log is not None:
            self._log.close(save=True)

    def _opened(self) -> StrokeLog:
        if self._log is None:
            self._log = self.case.stroke_log(self.image_id, author=self._author)
        return self._log
