"""What undo takes back and redo does again: without a limit in number, and over earlier days."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.store.journal import Change


class UndoOrder:
    """Actions of one person, the latest last, and those that were taken back.

    Not Qt's ``QUndoStack``: that one lives as long as a window, and this one is read back from the journal of the day
    before, without a window where there is none.

    Parameters
    ----------
    changes
        Of an earlier day, as they stand in a journal.
    """

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._done: list[Change] = []
        self._taken_back: list[Change] = []
        for change in changes:
            self.note(change)

    @property
    def next_undo(self) -> Change | None:
        """What undo takes back."""
        return self._done[-1] if self._done else None

    @property
    def next_redo(self) -> Change | None:
        """What redo does again."""
        return self._taken_back[-1] if self._taken_back else None

    def note(self, change: Change) -> None:
        """Take in what has been done; what was taken back before something new can no longer be done again."""
        if change.is_note:
            return
        if change.kind == "do":
            self._done.append(change)
            self._taken_back.clear()
        elif change.kind == "undo" and self._done:
            self._taken_back.append(self._done.pop())
        elif change.kind == "redo" and self._taken_back:
            self._done.append(self._taken_back.pop())
