"""``history.jsonl`` of a case: who changed what, when, and from which revision. Lines are only ever appended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcannot.errors import CaseError
from calcannot.store.atomic import cannot_write
from calcannot.store.line_file import append_lines, count, encoded, is_cut_off, read_lines, texts

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one file of the case.

    Attributes
    ----------
    file
        Relative path of the file.
    from_revision, to_revision
        Of that file.
    checksum
        Of the new content; what is in the file now can be held against it.
    """

    time: str
    author: str
    what: str
    file: str
    from_revision: int
    to_revision: int
    checksum: str


def now() -> str:
    """UTC in ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def next_millisecond(time: str) -> str:
    """The earliest time after one that ``now`` gave."""
    return (datetime.fromisoformat(time) + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")


def check_history(path: Path) -> None:
    """Raise CaseError where nothing can be appended; called before anything is changed that would be told there."""
    if path.is_symlink():
        raise CaseError("is a link, which may lead out of the case", path=path, remedy="put the file itself there")
    try:
        is_cut_off(path)
    except OSError as error:
        raise CaseError(f"cannot be read ({error.strerror})", path=path, remedy="check its rights") from None


def append_event(path: Path, event: Event) -> None:
    """Append a line and wait until it is on the disk; the case must be locked.

    Raises
    ------
    CaseError
        If the last line is damaged.
    OutputError
        If it cannot be written.
    """
    fields = {name: getattr(event, name) for name in Event.__dataclass_fields__}
    try:
        append_lines(path, encoded(fields), torn=is_cut_off(path))
    except OSError as error:
        raise cannot_write(path, error) from error


def read_history(path: Path) -> list[Event]:
    """All changes, oldest first. A line that a crash cut off is passed over: only its entry was lost.

    Raises
    ------
    CaseError
        If it is damaged: the line is named.
    """
    if not path.exists():
        return []
    return [_event(record, number, path) for number, record in read_lines(path, largest_bytes=_LARGEST_BYTES).records]


def _event(record: dict[str, Any], number: int, path: Path) -> Event:
    try:
        time, author, what, file, checksum = texts(record, "time", "author", "what", "file", "checksum")
        return Event(time, author, what, file, count(record, "from_revision"), count(record, "to_revision"), checksum)
    except (KeyError, TypeError):
        fault = f"line {number} of the history holds no change"
        raise CaseError(fault, path=path, remedy="restore it from a backup") from None
