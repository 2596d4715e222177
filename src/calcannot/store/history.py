"""``history.jsonl`` of a case: who changed what, when, and from which revision. Lines are only ever appended."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calcannot.errors import CaseError
from calcannot.store.atomic import cannot_write
from calcannot.store.json_file import dumps, parse_json

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


def append_event(path: Path, event: Event) -> None:
    """Append a line and wait until it is on the disk; the case must be locked."""
    fields = {name: getattr(event, name) for name in Event.__dataclass_fields__}
    data = (dumps(fields) + "\n").encode()
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            size = os.fstat(handle).st_size
            if size:
                os.lseek(handle, size - 1, os.SEEK_SET)
                if os.read(handle, 1) != b"\n":
                    data = b"\n" + data  # the line before was cut off by a crash
            try:
                if os.write(handle, data) != len(data):
                    raise OSError(28, "No space left on device")
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error


def read_history(path: Path) -> list[Event]:
    """All changes, oldest first. A line that a crash cut off is passed over: the change was not made.

    Raises
    ------
    CaseError
        If it is damaged: the line is named.
    """
    if not path.exists():
        return []
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CaseError("the history is larger than 256 MiB", path=path, remedy="restore it from a backup")
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise CaseError(f"cannot be read ({error.strerror})", path=path) from None
    events = []
    for number, line in enumerate(lines, start=1):
        if line and line.endswith(b"}"):
            events.append(_event(line, number, path))
    return events


def _event(line: bytes, number: int, path: Path) -> Event:
    try:
        record: Any = parse_json(line.decode("utf-8"), path, CaseError, line=number)
        return Event(**{name: kind(record[name]) for name, kind in _FIELDS.items()})
    except (UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CaseError):
            raise
        raise CaseError(f"line {number} of the history is damaged", path=path, remedy="restore it") from None


_FIELDS: dict[str, type] = {
    "time": str, "author": str, "what": str, "file": str, "from_revision": int, "to_revision": int, "checksum": str,
}  # fmt: skip
