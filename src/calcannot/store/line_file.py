"""Files of lines that are only ever appended: JSON with a checksum each, so that a crash and damage can be told apart.

A last line that is cut off was being written when its writer was killed, and was never acknowledged. The next writer
ends it and puts a mark behind it. Whatever else does not fit its checksum is damage, and an error.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from calcannot.errors import CaseError
from calcannot.store.json_file import dumps, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TORN: Final[dict[str, Any]] = {"torn": True}
_BEGIN: Final = b'{"crc":"'
_AFTER_CHECKSUM: Final = len(b'{"crc":"00000000",')
_HERE: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LOOK_BACK_BYTES: Final = 1 << 18
_LONGEST_FOREIGN_BYTES: Final = 16 << 20  # of a line that does not begin as ours do


@dataclass(frozen=True, slots=True)
class Lines:
    """Records with the number of their line; size and lines of the file; whether the last line is cut off."""

    records: tuple[tuple[int, dict[str, Any]], ...]
    size: int
    count: int
    torn: bool


def encoded(record: dict[str, Any]) -> bytes:
    """One line: the checksum first, then the record."""
    body = dumps(record).encode()
    return _BEGIN + b'%08x",' % zlib.crc32(body) + body[1:] + b"\n"


_MARK: Final = encoded(_TORN).removesuffix(b"\n")


def texts(record: Mapping[str, Any], *names: str) -> list[str]:
    """Fields that are text; KeyError or TypeError where one is not."""
    for name in names:
        if not isinstance(record[name], str):
            raise TypeError(name)
    return [record[name] for name in names]


def count(record: Mapping[str, Any], name: str) -> int:
    """A field that is a whole number and not negative; KeyError or TypeError where it is not."""
    value = record[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(name)
    return value


def read_lines(path: Path, *, largest_bytes: int, size: int = 0, count: int = 0) -> Lines:
    """Read all whole lines.

    Parameters
    ----------
    size, count
        Of what was read before and need not be again; it must have ended with a line.

    Raises
    ------
    CaseError
        If the file cannot be read, or a line is damaged: the line is named.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > largest_bytes:
                what = f"is larger than {largest_bytes >> 20} MiB"
                raise CaseError(what, path=path, remedy="restore it from a backup")
            file.seek(size)
            return _lines_of(file, path, size, count)
    except OSError as error:
        what = f"cannot be read ({error.strerror or 'no such file'})"
        raise CaseError(what, path=path, remedy="check the folder and its rights") from None


def _lines_of(file: BinaryIO, path: Path, size: int, number: int) -> Lines:
    records = []
    cut_off = 0
    torn = False
    while line := _next_line(file):
        number, size = number + 1, size + len(line)
        torn = not line.endswith(b"\n")
        line = line.removesuffix(b"\n")
        if cut_off:
            if line == _MARK:
                cut_off = 0
            elif not _is_begun_mark(line):
                raise _damaged(cut_off, path)
        elif _is_sound(line):
            records.append((number, _record(line, number, path)))  # where it is torn, only its end is missing
        elif not torn:
            cut_off = number  # if so, a mark follows
        elif len(line) > _LONGEST_FOREIGN_BYTES and not line.startswith(_BEGIN):
            raise _damaged(number, path)
        elif _is_sound(line[:-1]):
            raise _damaged(number, path)  # its end is there, and is something else
    if cut_off and not torn:
        raise _damaged(cut_off, path)
    return Lines(tuple(each for each in records if each[1] != _TORN), size, number, torn)


def is_cut_off(path: Path) -> bool:
    """Whether the last line is cut off, from the end of the file alone.

    Raises
    ------
    CaseError
        If the last line is whole, and its end is something else.
    """
    if not path.exists():
        return False
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _LOOK_BACK_BYTES))
        last = file.read().rpartition(b"\n")[2]
        if _is_sound(last[:-1]):
            file.seek(0)
            raise _damaged(sum(1 for _ in file), path)
    return bool(last)


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
    # No link is followed: in a case from elsewhere it may lead out of the case.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _HERE, 0o644)
    try:
        size = os.fstat(handle).st_size
        try:
            rest = memoryview(b"\n" + _MARK + b"\n" + lines if torn else lines)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def _next_line(file: BinaryIO) -> bytes:
    """A line; of one that does not begin as ours do, no more than can be held in memory."""
    head = file.readline(_AFTER_CHECKSUM)
    if not head or head.endswith(b"\n"):
        return head
    return head + file.readline(-1 if head.startswith(_BEGIN) else _LONGEST_FOREIGN_BYTES)


def _is_begun_mark(line: bytes) -> bool:
    """Whether a second crash cut off the mark after the first."""
    return len(line) > _AFTER_CHECKSUM and _MARK.startswith(line)


def _is_sound(line: bytes) -> bool:
    return line[:_AFTER_CHECKSUM] == _BEGIN + b'%08x",' % zlib.crc32(b"{" + line[_AFTER_CHECKSUM:])


def _record(line: bytes, number: int, path: Path) -> dict[str, Any]:
    record = parse_json("{" + line[_AFTER_CHECKSUM:].decode("utf-8"), path, CaseError, line=number)
    assert isinstance(record, dict)
    return record


def _damaged(number: int, path: Path) -> CaseError:
    remedy = "restore it from a backup, or move the file out of the case"
    return CaseError(f"line {number} is damaged", path=path, remedy=remedy)
