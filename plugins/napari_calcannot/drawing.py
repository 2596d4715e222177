"""Where what is done to an image is kept: the part of a stroke log that a session uses, and one in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from calcannot.model.annotation import Annotations, Stroke
from calcannot.store.setting import NOTES
from calcannot.store.stroke_state import same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calcannot.store.setting import SettingEdit


@dataclass(frozen=True, slots=True)
class Done:
    """What an undo or redo did: the name of the action, and the settings that it brought back."""

    what: str
    settings: tuple[SettingEdit, ...] = ()


class Drawing(Protocol):
    """Strokes and settings of one image, with one order of undo over both."""

    @property
    def annotations(self) -> Annotations:
        """Strokes in force. The same object until one is added or removed."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings as they were left, plain values by name."""

    def own_setting(self, name: str) -> Any:
        """A setting as this person left it; None where they never did."""

    @property
    def next_undo(self) -> str | None:
        """Name of the action to take back; None where there is none."""

    @property
    def next_redo(self) -> str | None:
        """Name of the action to do again; None where there is none."""

    def change(
        self,
        add: Iterable[Stroke] = (),
        remove: Iterable[str] = (),
        settings: Iterable[SettingEdit] = (),
        what: str = "",
    ) -> None:
        """Remove strokes by id, add others and change settings, as one action of this name.

        A stroke whose id is there already takes its place.
        """

    def undo(self) -> Done | None:
        """Take the latest action back; None where there is none."""

    def redo(self) -> Done | None:
        """Do the next action again; None where there is none."""

    def close(self) -> None:
        """Write what is not written."""


@dataclass(frozen=True, slots=True)
class _Action:
    add: tuple[Stroke, ...]
    remove: frozenset[str]
    settings: tuple[SettingEdit, ...]
    what: str


class MemoryDrawing:
    """Strokes and settings of an image that has no file, has no case yet, or belongs to a script.

    Parameters
    ----------
    annotations
        Strokes to begin with.
    """

    def __init__(self, annotations: Annotations | None = None) -> None:
        self._states = [annotations or Annotations()]
        self._at = 0
        self._actions: list[_Action] = []
        self._notes: dict[str, SettingEdit] = {}

    @property
    def annotations(self) -> Annotations:
        """Strokes in force."""
        return self._states[self._at]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings in force, as far as they were changed."""
        left = {edit.name: edit.before for action in reversed(self._actions[self._at :]) for edit in action.settings}
        left |= {edit.name: edit.after for action in self._actions[: self._at] for edit in action.settings}
        return left | {name: edit.after for name, edit in self._notes.items()}

    def own_setting(self, name: str) -> Any:
        """A setting as it was left; None where it never was."""
        return self.settings.get(name)

    @property
    def next_undo(self) -> str | None:
        """Name of the action to take back."""
        return self._actions[self._at - 1].what if self._at else None

    @property
    def next_redo(self) -> str | None:
        """Name of the action to do again."""
        return self._actions[self._at].what if self._at < len(self._actions) else None

    def change(
        self,
        add: Iterable[Stroke] = (),
        remove: Iterable[str] = (),
        settings: Iterable[SettingEdit] = (),
        what: str = "",
    ) -> None:
        """Remove strokes by id, add others and change settings, as one action of this name."""
        there = {stroke.id: stroke for stroke in self.annotations.strokes}
        gone = there.keys() & set(remove)
        new = tuple(each for each in add if each.id in gone or each.id not in there or not same(there[each.id], each))
        changed = tuple(each for each in settings if each.before != each.after)
        if not (new or gone or changed):
            return  # as in a log: undo there must take back the same actions
        if not new and not gone and all(each.name in NOTES for each in changed):
            self._notes |= {each.name: each for each in changed}
            return
        action = _Action(new, frozenset(gone), changed, what)
        del self._actions[self._at :]
        self._states[self._at + 1 :] = [_with(self.annotations, action)]
        self._actions.append(action)
        self._at += 1

    def undo(self) -> Done | None:
        """Take the latest action back."""
        if not self._at:
            return None
        self._at -= 1
        action = self._actions[self._at]
        return Done(action.what, tuple(each.inverse() for each in reversed(action.settings)))

    def redo(self) -> Done | None:
        """Do the next action again."""
        if self._at == len(self._actions):
            return None
        self._at += 1
        action = self._actions[self._at - 1]
        return Done(action.what, action.settings)

    def close(self) -> None:
        """Nothing to write."""

    def replay(self, onto: Drawing) -> None:
        """Do everything again elsewhere, what was taken back too, after the strokes that there were before."""
        there = {stroke.id for stroke in onto.annotations.strokes}
        first = [stroke for stroke in self._states[0].strokes if stroke.id not in there]
        if first:
            onto.change(first, what="strokes that came with the image")
        for action in self._actions:
            onto.change(action.add, action.remove, action.settings, action.what)
        for _ in range(len(self._actions) - self._at):
            onto.undo()
        if self._notes:
            onto.change(settings=self._notes.values())


def _with(annotations: Annotations, action: _Action) -> Annotations:
    if not action.add and not action.remove:
        return annotations
    new = {stroke.id: stroke for stroke in action.add}
    there = {stroke.id for stroke in annotations.strokes} - action.remove
    kept = tuple(new.get(s.id, s) for s in annotations.strokes if s.id not in action.remove)
    return Annotations((*kept, *(stroke for stroke in new.values() if stroke.id not in there)))
