"""Where strokes are kept while they are drawn: the part of a stroke log that a session uses, and one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from calcannot.model.annotation import Annotations, Stroke

if TYPE_CHECKING:
    from collections.abc import Iterable


class Drawing(Protocol):
    """Strokes of one image, with undo."""

    @property
    def annotations(self) -> Annotations:
        """Strokes in force. The same object until one is added or removed."""

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""

    def change(self, add: Iterable[Stroke] = (), remove: Iterable[str] = ()) -> None:
        """Remove strokes by id and add others, as one edit; one whose id is there already takes its place."""

    def undo(self) -> object:
        """Take the latest edit back."""

    def redo(self) -> object:
        """Do the next edit again."""

    def close(self) -> None:
        """Write what is not written."""


class MemoryDrawing:
    """Strokes of an image that has no file, or of a script.

    Parameters
    ----------
    annotations
        Strokes to begin with.
    """

    def __init__(self, annotations: Annotations | None = None) -> None:
        self._states = [annotations or Annotations()]
        self._at = 0
        self._edits: list[tuple[tuple[Stroke, ...], frozenset[str]]] = []

    @property
    def annotations(self) -> Annotations:
        """Strokes in force."""
        return self._states[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""
        return self._at + 1 < len(self._states)

    def change(self, add: Iterable[Stroke] = (), remove: Iterable[str] = ()) -> None:
        """Remove strokes by id and add others; one whose id is there already takes its place."""
        add = tuple(add)
        gone, new = frozenset(remove), {stroke.id: stroke for stroke in add}
        there = {stroke.id for stroke in self.annotations.strokes} - gone
        kept = tuple(new.get(s.id, s) for s in self.annotations.strokes if s.id not in gone)
        more = tuple(stroke for stroke in new.values() if stroke.id not in there)
        del self._edits[self._at :]
        self._states[self._at + 1 :] = [Annotations((*kept, *more))]
        self._at += 1
        self._edits.append((add, gone))

    def undo(self) -> None:
        """Take the latest edit back."""
        self._at = max(0, self._at - 1)

    def redo(self) -> None:
        """Do the next edit again."""
        self._at = min(len(self._states) - 1, self._at + 1)

    def close(self) -> None:
        """Nothing to write."""

    def replay(self, onto: Drawing) -> None:
        """Do all edits again elsewhere, those that were taken back among them, after the strokes there were before."""
        there = {stroke.id for stroke in onto.annotations.strokes}
        first = [stroke for stroke in self._states[0].strokes if stroke.id not in there]
        if first:
            onto.change(first)
        for add, gone in self._edits:
            onto.change(add, gone)
        for _ in range(len(self._edits) - self._at):
            onto.undo()
