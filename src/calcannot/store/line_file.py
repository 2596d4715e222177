"""Files of lines that are only ever appended: JSON with a checksum each, so that a crash and damage can be told apart.

A last line that is cut off was being written when its writer was killed, and was never acknowledged. The next writer
ends it and puts a mark behind it. Whatever else does not fit its checksum is damage, and an error.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import CaseError
from calcannot.store.json_file import dumps, parse_json

if TYPE_CHECKING:
    from pathlib import Path

_TORN: Final[dict[str, Any]] = {"torn": True}
_AFTER_CHECKSUM: Final = len(b'{"crc":"00000000",')


@dataclass(frozen=True, slots=True)
class Lines:
    """Records with the number of their line; the size that was read; whether the last line is cut off."""

    records: tuple[tuple[int, dict[str, Any]], ...]
    size: int
    torn: bool


def encoded(record: dict[str, Any]) -> bytes:
    """One line: the checksum first, then the record."""
    body = dumps(record).encode()
    return b'{"crc":"%08x",' % zlib.crc32(body) + body[1:] + b"\n"


def read_lines(path: Path, *, largest_bytes: int) -> Lines:
    """Read all whole lines.

    Raises
    ------
    CaseError
        If the file cannot be read, or a line is damaged: the line is named.
    """
    try:
        if path.stat().st_size > largest_bytes:
            what = f"is larger than {largest_bytes >> 20} MiB"
            raise CaseError(what, path=path, remedy="restore it from a backup")
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror or 'no such file'})"
        raise CaseError(what, path=path, remedy="check the folder and its rights") from None
    *lines, rest = content.split(b"\n")
    records = []
    for number, line in enumerate(lines, start=1):
        if not _is_sound(line):
            following = lines[number] if number < len(lines) else b""
            if following == encoded(_TORN)[:-1]:
                continue
            raise _damaged(number, path)
        records.append((number, _record(line, number, path)))
    if _is_sound(rest):
        records.append((len(lines) + 1, _record(rest, len(lines) + 1, path)))  # only its end is missing
    elif _is_sound(rest[:-1]):
        raise _damaged(len(lines) + 1, path)  # its end is there, and is something else
    kept = tuple((number, record) for number, record in records if record != _TORN)
    return Lines(kept, len(content), bool(rest))


def append_lines(path: Path, lines: bytes, *, torn: bool) -> None:
    """Append lines and wait until they are on the disk.

    Parameters
    ----------
    torn
        Whether the last line of the file is cut off, so that it has to be ended first.

    Raises
    ------
    OSError
        If they cannot be written. Nothing of them is in the file then.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        size = os.fstat(handle).st_size
        try:
            rest = memoryview(b"\n" + encoded(_TORN) + lines if torn else lines)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def _is_sound(line: bytes) -> bool:
    return line[:_AFTER_CHECKSUM] == b'{"crc":"%08x",' % zlib.crc32(b"{" + line[_AFTER_CHECKSUM:])


def _record(line: bytes, number: int, path: Path) -> dict[str, Any]:
    record = parse_json("{" + line[_AFTER_CHECKSUM:].decode("utf-8"), path, CaseError, line=number)
    assert isinstance(record, dict)
    return record


def _damaged(number: int, path: Path) -> CaseError:
    remedy = "restore it from a backup, or move the file out of the case"
    return CaseError(f"line {number} is damaged", path=path, remedy=remedy)
