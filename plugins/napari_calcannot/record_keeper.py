"""Facts on their way into a case: written by a thread, one after the other, and tried again where a disk refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.errors import CalcannotError, CaseBusyError, CaseError, OutputError
from calcannot.store.record_import import Origin, with_facts
from napari_calcannot.jobs import Runner
from napari_calcannot.record_fields import Place, facts_at, without
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from calcannot.model.case import Case
    from calcannot.store.case_folder import CaseFolder

RETRY_MS: Final = 2000


class RecordKeeper(QObject):
    """Writes facts into one case.

    Parameters
    ----------
    case, author
        Which, and who, as they want to be named in its history.
    """

    written = Signal()
    """The record on disk is a newer one."""
    refused = Signal(object, str)
    """A place and why its fact does not fit. It is not tried again."""
    waiting = Signal(str)
    """Why nothing can be written at present. It is tried again."""

    def __init__(self, case: CaseFolder, author: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.case = case
        self.author = author
        self._pending: dict[Place, Any] = {}
        self._runner = Runner(self)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(RETRY_MS)
        self._again.timeout.connect(self._start)

    @property
    def is_saved(self) -> bool:
        """Whether everything that was put is on disk."""
        return not self._pending

    def put(self, place: Place, fact: Any) -> None:
        """Write a fact; None takes what stands there away. A fact that does not fit is refused at once."""
        try:
            _changed(self.case.record, place, fact)
        except CaseError as error:
            self._pending.pop(place, None)
            self.refused.emit(place, error.what)
            return
        self._pending[place] = fact
        self._start()

    def look(self) -> None:
        """Read the record again, for others may have written; errors as ``CaseFolder.reload``."""
        if self.is_saved:
            self.case.reload()

    def finish(self) -> str:
        """Write what is left, here and now; gives why that is not possible, or nothing."""
        self._again.stop()
        self._runner.drop()
        try:
            refused = _write(self.case, self.author, dict(self._pending))
        except CalcannotError as error:
            return sentence(error)
        self._pending.clear()
        return " ".join(refused.values())

    def _start(self) -> None:
        if self._pending and not self._runner.is_busy:
            taken = dict(self._pending)
            self._runner.start(
                lambda _: _tried(self.case, self.author, taken),
                lambda found: self._on_tried(taken, *found),
                self._wait,
            )

    def _on_tried(self, taken: dict[Place, Any], refused: dict[Place, str], problem: str) -> None:
        if problem:
            self._wait(problem)
            return
        for place, fact in taken.items():
            if self._pending.get(place, fact) is fact:
                self._pending.pop(place, None)
        self.written.emit()
        for place, what in refused.items():
            self.refused.emit(place, what)
        self._start()

    def _wait(self, problem: str) -> None:
        self.waiting.emit(problem)
        self._again.start()


def _tried(case: CaseFolder, author: str, facts: dict[Place, Any]) -> tuple[dict[Place, str], str]:
    try:
        return _write(case, author, facts), ""
    except (OutputError, CaseBusyError, CaseError) as error:
        return {}, sentence(error)


def _write(case: CaseFolder, author: str, facts: dict[Place, Any]) -> dict[Place, str]:
    """Write facts in one change; gives those that do not fit the record as it is by now."""
    refused: dict[Place, str] = {}

    def change(record: Case) -> Case:
        refused.clear()
        for place, fact in facts.items():
            try:
                record = _changed(record, place, fact)
            except CaseError as error:
                refused[place] = error.what
        return record

    if facts:
        named = ", ".join(".".join(place) for place in facts)
        case.update(change, author=author, what=f"set {named}"[:200])
    return refused


def _changed(record: Case, place: Place, fact: Any) -> Case:
    if fact is None:
        return without(record, place)
    return with_facts(record, facts_at(place, fact), Origin())
