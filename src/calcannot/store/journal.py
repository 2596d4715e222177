"""The journal of one writer: every edit as a line, appended and flushed, never changed afterwards.

A line ends in a line feed and carries a checksum. A last line without its end is one that was being written when its
writer was killed: it was never acknowledged. Anything else that does not fit is damage, and an error.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.errors import CaseError
from calcannot.store.atomic import cannot_write, sync_folder
from calcannot.store.geojson import feature_of, stroke_of
from calcannot.store.json_file import dumps, parse_json
from calcannot.store.stroke_state import Edit

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.model.annotation import Stroke

JOURNAL_FORMAT = 1
LARGEST_JOURNAL_BYTES = 1 << 30
_TORN: dict[str, Any] = {"torn": True}
_AFTER_CHECKSUM = len(b'{"crc":"00000000",')


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did: draw, remove, change, take back, do again.

    ``number`` counts from 1 within the journal. ``kind`` is do, undo or redo.
    """

    number: int
    time: str
    author: str
    kind: str
    edits: tuple[Edit, ...]

    def to_line(self) -> bytes:
        """One line of the journal."""
        edits = [
            {
                "id": edit.id,
                "before": None if edit.before is None else feature_of(edit.before),
                "after": None if edit.after is None else feature_of(edit.after),
                **({} if edit.behind is None else {"behind": edit.behind}),
            }
            for edit in self.edits
        ]
        return _line(
            {"number": self.number, "time": self.time, "author": self.author, "kind": self.kind, "edits": edits}
        )


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a journal: who writes it, and on which machine (a number, no name)."""

    id: str
    author: str
    machine: str
    time: str

    def to_line(self) -> bytes:
        """One line of the journal."""
        return _line(
            {
                "journal": JOURNAL_FORMAT,
                "id": self.id,
                "author": self.author,
                "machine": self.machine,
                "time": self.time,
            }
        )


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds, and where its last whole line ends."""

    header: Header
    changes: tuple[Change, ...]
    end: int
    torn: bool


def read_journal(path: Path) -> Journal | None:
    """Read a journal; None for one that was made and never written to.

    Raises
    ------
    CaseError
        If it is damaged: the line is named.
    """
    try:
        if path.stat().st_size > LARGEST_JOURNAL_BYTES:
            raise CaseError("the journal is larger than 1 GiB", path=path, remedy="restore it from a backup")
        content = path.read_bytes()
    except OSError as error:
        what = f"the journal cannot be read ({error.strerror or 'no such file'})"
        raise CaseError(what, path=path, remedy="check the folder and its rights") from None
    *lines, rest = content.split(b"\n")
    records: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(lines, start=1):
        following = lines[number] if number < len(lines) else b""
        record = _record(line, number, path, may_be_torn=_is_torn_mark(following))
        if record is not None:
            records.append((number, record))
    end = len(content) - len(rest)
    if not records:
        if lines:
            raise CaseError("line 1: the journal has no first line", path=path, remedy="restore it from a backup")
        return None
    header = _header(records[0][1], path)
    changes = [
        _change(record, number, path) for number, record in records[1:] if not record.get("torn") and "edits" in record
    ]
    for earlier, later in zip([0, *(each.number for each in changes)], changes, strict=False):
        if later.number != earlier + 1:
            what = f"change {earlier + 1} is missing from the journal"
            raise CaseError(what, path=path, remedy="restore it from a backup")
    return Journal(header, tuple(changes), end, torn=bool(rest))


class JournalFile:
    """A journal open for appending, by one process.

    Raises
    ------
    OutputError
        If it cannot be written. What was asked to be appended is then not in the file, not even a part of it.
    """

    def __init__(self, path: Path, header: Header, journal: Journal | None) -> None:
        self.path = path
        self.header = header
        self.end = journal.end if journal else 0
        self._start = b"" if journal else header.to_line()
        if journal and journal.torn:
            # The torn line gets an end and a mark that tells readers to pass over it.
            self._start = b"\n" + _line(_TORN)
            self.end = path.stat().st_size

    def append(self, lines: bytes) -> None:
        """Append lines and wait until they are on the disk."""
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            size = os.fstat(handle).st_size
            if size != self.end:
                # A journal has one writer. Somebody else's lines must not be cut when ours fail.
                raise CaseError(
                    "another program writes into this journal", path=self.path, remedy="open the case again"
                )
            data = self._start + lines
            try:
                _write_all(handle, data)
                os.fsync(handle)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, size)
                raise
            self._start = b""
            self.end = size + len(data)
            if is_new:
                sync_folder(self.path.parent)
        except CaseError:
            raise
        except OSError as error:
            raise cannot_write(self.path, error) from error
        finally:
            os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _line(record: dict[str, Any]) -> bytes:
    body = dumps(record).encode()
    return b'{"crc":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def _is_torn_mark(line: bytes) -> bool:
    return line == _line(_TORN)[:-1]


def _record(line: bytes, number: int, path: Path, *, may_be_torn: bool) -> dict[str, Any] | None:
    body = b"{" + line[_AFTER_CHECKSUM:]
    if line[:_AFTER_CHECKSUM] != b'{"crc":"%08x",' % zlib.crc32(body):
        if may_be_torn:
            return None
        what = f"line {number} of the journal is damaged"
        raise CaseError(what, path=path, remedy="restore it from a backup, or move the journal out of the case")
    record = parse_json(body.decode("utf-8"), path, CaseError, line=number)
    assert isinstance(record, dict)
    return record


def _header(record: dict[str, Any], path: Path) -> Header:
    version = record.get("journal")
    if not isinstance(version, int):
        raise CaseError("line 1: this is no journal", path=path, remedy="restore it from a backup")
    if version > JOURNAL_FORMAT:
        what = f"the journal has format {version}, this calcannot knows up to {JOURNAL_FORMAT}"
        raise CaseError(what, path=path, remedy="update calcannot; the file was not changed")
    return Header(*(str(record.get(key, "")) for key in ("id", "author", "machine", "time")))


def _change(record: dict[str, Any], number: int, path: Path) -> Change:
    try:
        edits = tuple(
            Edit(
                str(each["id"]),
                _stroke(each["before"], number, path),
                _stroke(each["after"], number, path),
                each.get("behind"),
            )
            for each in record["edits"]
        )
        return Change(int(record["number"]), str(record["time"]), str(record["author"]), str(record["kind"]), edits)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CaseError):
            raise
        what = f"line {number} of the journal holds no change ({type(error).__name__})"
        raise CaseError(what, path=path, remedy="restore it from a backup") from None


def _stroke(feature: dict[str, Any] | None, number: int, path: Path) -> Stroke | None:
    if feature is None:
        return None
    stroke = stroke_of(feature, number, path)
    if stroke is None:
        raise CaseError(f"line {number} of the journal holds a shape that is no area", path=path)
    return stroke
