"""Strokes and settings in a case: each edit goes into the journal of a stroke log, on disk within a second."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from calcannot.store.foreign import ForeignChanges
from calcannot.store.journal_writer import SaveState
from calcannot.store.stroke_state import same
from napari_calcannot.drawing import Done
from napari_calcannot.settings import PIXEL_SIZE, RULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.errors import CalcannotError
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.journal import Change
    from calcannot.store.kept_settings import KeptSetting
    from calcannot.store.setting import SettingEdit
    from calcannot.store.stroke_log import StrokeLog

_EARLIER = "stroke"  # by a calcannot that did not name its actions


class LogDrawing:
    """Strokes and settings of one image of a case, with undo over earlier days.

    A case that is only looked at is not written to: the log is opened with the first edit, or where somebody's is there
    already.

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
        self.case, self.image_id, self.author = case, image_id, author
        self._files = case.strokes(image_id)
        self._signature = self._files.signature()
        self._read = case.annotations(image_id)
        self._log: StrokeLog | None = None
        self._opening = threading.Lock()
        self._runs = self._runs_there()
        if any(self._files.journal_folder.glob("*.jsonl")):
            self._opened()

    @property
    def annotations(self) -> Annotations:
        """Strokes in force."""
        return self._read if self._log is None else self._log.annotations

    @property
    def settings(self) -> dict[str, Any]:
        """Settings as they were left, by whoever changed them last."""
        return {} if self._log is None else {name: kept.value for name, kept in self._log.settings.items()}

    @property
    def is_worked_on(self) -> bool:
        """Whether this person has changed anything, now or at an earlier time on this machine."""
        return self.next_undo is not None or self.next_redo is not None

    @property
    def settings_of_others(self) -> dict[str, KeptSetting]:
        """Settings that somebody else left after this person did, if this person ever did."""
        if self._log is None:
            return {}
        own = self._log.own_settings
        return {
            name: kept
            for name, kept in self._log.settings.items()
            if kept != own.get(name) and not (kept.author and kept.author == self.author)
        }

    def own_setting(self, name: str) -> Any:
        """A setting as this person left it; None where they never did."""
        kept = None if self._log is None else self._log.own_settings.get(name)
        return None if kept is None else kept.value

    def left_at(self, setting: str) -> str:
        """When a setting was changed last, UTC in ISO 8601; empty where it never was."""
        kept = None if self._log is None else self._log.settings.get(setting)
        return "" if kept is None else kept.time

    @property
    def next_undo(self) -> str | None:
        """Name of the action to take back."""
        return None if self._log is None else _name(self._log.next_undo)

    @property
    def next_redo(self) -> str | None:
        """Name of the action to do again."""
        return None if self._log is None else _name(self._log.next_redo)

    @property
    def state(self) -> SaveState:
        """Whether everything is on the disk."""
        return SaveState.SAVED if self._log is None else self._log.state

    @property
    def problem(self) -> CalcannotError | None:
        """Why it is not; None where it is."""
        return None if self._log is None else self._log.problem

    def change(
        self,
        add: Iterable[Stroke] = (),
        remove: Iterable[str] = (),
        settings: Iterable[SettingEdit] = (),
        what: str = "",
    ) -> None:
        """Remove strokes by id, add others and change settings, as one action of this name."""
        self._opened().change(add, remove, settings, what)

    def undo(self) -> Done | None:
        """Take the latest action back."""
        return None if self._log is None else _done(self._log.undo())

    def redo(self) -> Done | None:
        """Do the next action again."""
        return None if self._log is None else _done(self._log.redo())

    def look(self) -> str:
        """Take in what others have done, and say so; empty where nobody has. Reads files: call it from a thread."""
        runs = self._runs_there()
        new = runs - self._runs
        self._runs.update(new)  # in place: another thread may add the run that it writes
        measured = "Somebody else measured this image: the result is in the case, beside yours." if new else ""
        return f"{self._look_at_strokes()} {measured}".strip()

    def will_write(self, run: str) -> None:
        """A run of this name is about to be written here, and not by somebody else."""
        self._runs.add(run)

    def _look_at_strokes(self) -> str:
        if self._log is not None:
            return _said(self._log.foreign_changes())
        if self._files.signature() == self._signature:
            return ""
        before, log = self._read, self._opened()
        there, now = ({each.id: each for each in drawn.strokes} for drawn in (before, log.annotations))
        changed = [name for name in there.keys() & now.keys() if not same(there[name], now[name])]
        added, removed = now.keys() - there.keys(), there.keys() - now.keys()
        return _said(ForeignChanges(tuple(added), tuple(removed), tuple(changed), settings=tuple(log.settings)))

    def _runs_there(self) -> set[str]:
        with suppress(OSError):
            return {each.name for each in self.case.run_folder(self.image_id).iterdir() if each.name[:1] != "."}
        return set()

    def save(self) -> None:
        """Bring the GeoJSON of the case up to date, for other programs. Writes files: call it from a thread."""
        if self._log is not None and not self._log.is_merged:
            self._log.save()

    def close(self) -> None:
        """Write what is not written; where that fails the journal has it, or the error is raised."""
        if self._log is not None:
            self._log.close(save=not self._log.is_merged)

    def _opened(self) -> StrokeLog:
        with self._opening:
            if self._log is None:
                self._log = self.case.stroke_log(self.image_id, author=self.author)
            return self._log


def _name(change: Change | None) -> str | None:
    return None if change is None else change.what or _EARLIER


def _done(change: Change | None) -> Done | None:
    return None if change is None else Done(change.what or _EARLIER, change.settings)


def _said(changes: ForeignChanges) -> str:
    said = []
    count = len(changes.added) + len(changes.removed) + len(changes.changed)
    if count:
        strokes = "a stroke" if count == 1 else f"{count} strokes"
        said.append(f"Somebody else changed {strokes} of this image, as you see now.")
    if changes.conflicts:
        said.append(f"Of {len(changes.conflicts)}, which both of you changed, both versions are kept.")
    names = " and ".join(each for each in changes.settings if each in (RULE, PIXEL_SIZE))
    if names:
        said.append(f"Somebody else changed the {names} of this image: yours stays until you choose.")
    return " ".join(said)
