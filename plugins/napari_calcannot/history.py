"""Undo and redo of everything that is done to an image, without a limit in number."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ONE_GESTURE_S = 1.0  # a slider that is dragged is one step


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done.

    Attributes
    ----------
    name
        For the menu, for example ``brush``.
    undo, redo
        Take it back, and do it again.
    gesture
        Steps of one gesture that follow each other closely are one step; empty for none.
    """

    name: str
    undo: Callable[[], object]
    redo: Callable[[], object]
    gesture: str = ""


class History:
    """Steps in order, and how many of them are in force."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._done = 0
        self._latest = 0.0

    @property
    def next_undo(self) -> Step | None:
        """What undo would take back."""
        return self._steps[self._done - 1] if self._done else None

    @property
    def next_redo(self) -> Step | None:
        """What redo would do again."""
        return self._steps[self._done] if self._done < len(self._steps) else None

    def add(self, step: Step) -> None:
        """Note what has just been done; what was taken back before can no longer be done again."""
        now = time.monotonic()
        last = self.next_undo
        del self._steps[self._done :]
        if last is not None and step.gesture and last.gesture == step.gesture and now - self._latest < _ONE_GESTURE_S:
            self._steps[-1] = Step(step.name, last.undo, step.redo, step.gesture)
        else:
            self._steps.append(step)
        self._done, self._latest = len(self._steps), now

    def undo(self) -> Step | None:
        """Take the latest step back, and say which it was."""
        step = self.next_undo
        if step is not None:
            step.undo()
            self._done -= 1
            self._latest = 0.0
        return step

    def redo(self) -> Step | None:
        """Do the next step again, and say which it was."""
        step = self.next_redo
        if step is not None:
            step.redo()
            self._done += 1
            self._latest = 0.0
        return step
