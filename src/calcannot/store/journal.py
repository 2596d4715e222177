"""The journal of one writer: every edit as a line, appended and flushed, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcannot.errors import CaseError, OutputError
from calcannot.store.atomic import cannot_write, sync_folder
from calcannot.store.geojson import feature_of
from calcannot.store.geojson_feature import stroke_of
from calcannot.store.line_file import append_lines, count, encoded, read_lines, texts
from calcannot.store.setting import NOTES, SettingEdit
from calcannot.store.stroke_state import Edit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calcannot.model.annotation import Stroke

JOURNAL_FORMAT = 1
LARGEST_JOURNAL_BYTES = 1 << 30
_KINDS = ("do", "undo", "redo")


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did: draw, remove, change, take back, do again.

    ``number`` counts from 1 within the journal. ``kind`` is do, undo or redo. ``what`` names the action, for whoever
    may want to take it back. An older calcannot passes over ``settings`` and ``what``.
    """

    number: int
    time: str
    author: str
    kind: str
    edits: tuple[Edit, ...]
    settings: tuple[SettingEdit, ...] = ()
    what: str = ""

    @property
    def is_note(self) -> bool:
        """Whether it is no action to take back: it notes what is still to be done."""
        return not self.edits and bool(self.settings) and all(each.name in NOTES for each in self.settings)

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
        settings = [{"name": each.name, "before": each.before, "after": each.after} for each in self.settings]
        return encoded(
            {
                "number": self.number,
                "time": self.time,
                "author": self.author,
                "kind": self.kind,
                "edits": edits,
                **({"settings": settings} if settings else {}),
                **({"what": self.what} if self.what else {}),
            }
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
        return encoded(
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
    """What a journal holds, its size and lines, and whether its last line is cut off."""

    header: Header
    changes: tuple[Change, ...]
    size: int
    lines: int
    torn: bool


def read_journal(path: Path, known: Journal | None = None) -> Journal | None:
    """Read a journal; None where its writer died before the first line was whole.

    Parameters
    ----------
    known
        As it was read before: it only ever grows, so that only what is new is read.

    Raises
    ------
    CaseError
        If it is damaged: the line is named.
    """
    if known is not None and not known.torn and _size_of(path) >= known.size:
        if _size_of(path) == known.size:
            return known
        found = read_lines(path, largest_bytes=LARGEST_JOURNAL_BYTES, size=known.size, count=known.lines)
        header, before, rest = known.header, known.changes, found.records
    else:
        found = read_lines(path, largest_bytes=LARGEST_JOURNAL_BYTES)
        if not found.records:
            return None
        (_, first), *others = found.records
        header, before, rest = _header(first, path), (), tuple(others)
    changes = (*before, *(_change(record, number, path) for number, record in rest))
    last = before[-1].number if before else 0
    for expected, each in enumerate(changes[len(before) :], start=last + 1):
        if each.number != expected:
            what = f"change {expected} is missing from the journal"
            raise CaseError(what, path=path, remedy="restore it from a backup")
    return Journal(header, changes, found.size, found.count, found.torn)


def last_drawn(changes: Sequence[Change]) -> int:
    """Number of the last change of a journal that is about strokes, and so goes into the GeoJSON; 0 for none."""
    return next((change.number for change in reversed(changes) if change.edits), 0)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1  # said when it is read


class JournalFile:
    """A journal open for appending, by one process.

    Raises
    ------
    OutputError
        If it cannot be written, or the case has gone. Nothing of what was to be appended is then in the file.
    """

    def __init__(self, path: Path, header: Header, journal: Journal | None) -> None:
        self.path = path
        self.header = header
        self._size = journal.size if journal else 0
        self._torn = journal is not None and journal.torn
        self._is_new = journal is None

    def append(self, lines: bytes) -> None:
        """Append lines and wait until they are on the disk.

        Raises
        ------
        CaseError
            If somebody else has written into it, for a journal has one writer; or it would be too large to be read.
        """
        case = self.path.parents[2]
        try:
            # A share that went away leaves an empty folder in its place, and nobody would find strokes written there.
            if not (case / "case.json").is_file() or not (self._is_new or self.path.exists()):
                what = "the case is not where it was"
                raise OutputError(what, path=case, remedy="connect its drive again")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if (self.path.stat().st_size if self.path.exists() else 0) != self._size:
                raise CaseError("another program writes into this journal", path=self.path, remedy="open the case anew")
            data = (self.header.to_line() if self._is_new else b"") + lines
            if self._size + len(data) > LARGEST_JOURNAL_BYTES:
                self._refuse()
            append_lines(self.path, data, torn=self._torn)
            self._size = self.path.stat().st_size
            if self._is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise cannot_write(case, error) from error  # nobody who draws knows what a journal is
        self._is_new = self._torn = False

    def _refuse(self) -> None:
        if self._is_new:
            what = f"one action has more than {LARGEST_JOURNAL_BYTES >> 20} MiB of strokes"
            raise OutputError(what, path=self.path, remedy="take it back, and draw or import fewer at a time")
        raise CaseError("the journal is full", path=self.path, remedy="go on in a new one")


def _header(record: dict[str, Any], path: Path) -> Header:
    version = record.get("journal")
    if not isinstance(version, int):
        raise CaseError("line 1: this is no journal", path=path, remedy="restore it from a backup")
    if version > JOURNAL_FORMAT:
        what = f"the journal has format {version}, this calcannot knows up to {JOURNAL_FORMAT}"
        raise CaseError(what, path=path, remedy="update calcannot; the file was not changed")
    try:
        return Header(*texts(record, "id", "author", "machine", "time"))
    except (KeyError, TypeError) as error:
        what = f"line 1: the journal has no {error.args[0]}"
        raise CaseError(what, path=path, remedy="restore it from a backup") from None


def _change(record: dict[str, Any], number: int, path: Path) -> Change:
    try:
        edits = tuple(
            Edit(
                texts(each, "id")[0],
                _stroke(each["before"], number, path),
                _stroke(each["after"], number, path),
                texts(each, "behind")[0] if "behind" in each else None,
            )
            for each in record["edits"]
        )
        time, author, kind = texts(record, "time", "author", "kind")
        if kind not in _KINDS:
            raise ValueError(kind)
        datetime.fromisoformat(time)
        settings = tuple(
            SettingEdit(texts(each, "name")[0], each["before"], each["after"]) for each in record.get("settings", ())
        )
        what = texts(record, "what")[0] if "what" in record else ""
        return Change(count(record, "number"), time, author, kind, edits, settings, what)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CaseError):
            raise
        what = f"line {number} of the journal holds no change ({type(error).__name__})"
        raise CaseError(what, path=path, remedy="restore it from a backup") from None


def _stroke(feature: dict[str, Any] | None, number: int, path: Path) -> Stroke | None:
    if feature is None:
        return None
    stroke = stroke_of(feature, number, path, is_known_valid=True)
    if stroke is None:
        raise CaseError(f"line {number} of the journal holds a shape that is no area", path=path)
    return stroke
