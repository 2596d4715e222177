"""The files behind the strokes of one image: the GeoJSON, and a journal for each writer."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.errors import CalcannotError, CaseError
from calcannot.store.annotation_file import AnnotationFile, read_annotation_file, write_annotation_file
from calcannot.store.atomic import write_text
from calcannot.store.history import Event, append_event, check_history, now
from calcannot.store.journal import Change, Header, Journal, JournalFile, last_drawn, read_journal
from calcannot.store.json_file import dumps, load_json
from calcannot.store.lock import FolderLock
from calcannot.store.process import is_running, machine, started
from calcannot.store.stroke_state import StrokeState, digest, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Strokes:
    """Everything drawn on an image.

    Attributes
    ----------
    file
        The GeoJSON as it stands.
    journals
        By their id.
    state
        The GeoJSON with what the journals hold beyond it.
    torn
        Journals whose last line a crash cut off.
    """

    file: AnnotationFile
    journals: Mapping[str, Journal]
    state: StrokeState
    torn: tuple[str, ...]


class StrokeFiles:
    """Reads and merges the strokes of one image of a case."""

    def __init__(self, case: Path, image_id: str) -> None:
        self.case = case
        self.image_id = image_id
        self.geojson = case / "annotations" / f"{image_id}.geojson"
        self.journal_folder = case / "journal" / image_id
        self._known: dict[Path, Journal] = {}
        self._known_file: tuple[tuple[int, ...], AnnotationFile] | None = None

    def read(self, *, is_locked: bool = False) -> Strokes:
        """Read the GeoJSON and all journals; of what was read before, only what is new.

        Parameters
        ----------
        is_locked
            Whether it is read to be written: then the GeoJSON is read whatever it looks like from outside.

        Raises
        ------
        AnnotationError, CaseError
            If one of them is damaged: file and line are named, nothing is left out in silence.
        """
        check_inside(self.case, self.geojson.parent)
        check_inside(self.case, self.journal_folder)
        # The journals first: what is saved between the two reads is then in the file, and nothing falls between them.
        journals = self._journals()
        file = self._annotation_file(is_locked=is_locked)
        torn = tuple(sorted(name for name, journal in journals.items() if journal.torn))
        return Strokes(file, journals, with_changes(file, journals.values()), torn)

    def save(self, *, author: str, what: str = "saved the strokes", also: StrokeState | None = None) -> Strokes:
        """Take everything in the journals into the GeoJSON; what others have drawn stays.

        Parameters
        ----------
        also
            Strokes of another copy of the case to merge in.

        Raises
        ------
        CalcannotError
            If a file is damaged, or cannot be written. All stays as it was then.
        """
        with FolderLock(self.case) as lock:
            found = self.read(is_locked=True)
            reached = {name: last for name, journal in found.journals.items() if (last := last_drawn(journal.changes))}
            state = found.state if also is None else merged(found.state, also)
            is_new = any(number > found.file.merged.get(name, 0) for name, number in reached.items())
            if not is_new and also is None:
                return found
            revision = found.file.revision + 1
            file = AnnotationFile(
                state, revision, {**found.file.merged, **reached}, found.file.others, found.file.members
            )
            check_history(self.case / "history.jsonl")
            lock.confirm()
            write_annotation_file(self.geojson, file)
            with suppress(CalcannotError):
                write_text(self.journal_folder / "merged.json", dumps(file.merged, indent=1) + "\n")
            place = f"annotations/{self.geojson.name}"
            event = Event(now(), author, what, place, found.file.revision, revision, state_digest(state))
            append_event(self.case / "history.jsonl", event)
        return Strokes(file, found.journals, state, found.torn)

    def signature(self) -> Signature:
        """Names, sizes and times of all files: where it is the same as before, nobody else has written."""
        paths = [self.geojson]
        with suppress(OSError):
            paths += sorted(self.journal_folder.glob("*.jsonl"))
        found = []
        for path in paths:
            with suppress(OSError):
                status = path.stat()
                found.append((path.name, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def claim(self, author: str) -> tuple[JournalFile, Journal | None]:
        """A journal to write in: the last one of this person on this machine, unless another program has it.

        Raises
        ------
        CalcannotError
            If the folder cannot be locked.
        """
        with FolderLock(self.case, wait_s=10.0):
            for path in sorted(self.journal_folder.glob("*.jsonl"), reverse=True):
                journal = read_journal(path)
                mine = journal and (journal.header.author, journal.header.machine) == (author, machine())
                if journal and mine and not self._is_held(path):
                    self._hold(path)
                    return JournalFile(path, journal.header, journal), journal
            fresh = self.new_journal(author)
            self._hold(fresh.path)
            return fresh, None

    def new_journal(self, author: str) -> JournalFile:
        """A journal of its own, made on disk with its first line."""
        header = Header(uuid.uuid4().hex[:16], author, machine(), now())
        # Named for the time, so that the newest is the one to go on with.
        stamp = header.time[:19].replace(":", "").replace("-", "")
        return JournalFile(self.journal_folder / f"{stamp}-{header.id}.jsonl", header, None)

    def release(self, journal: JournalFile) -> None:
        """Let another program of the same person go on with a journal."""
        with suppress(OSError):
            _holder(journal.path).unlink(missing_ok=True)

    def _hold(self, path: Path) -> None:
        write_text(_holder(path), dumps({"pid": os.getpid(), "start": started(os.getpid())}))

    def _is_held(self, path: Path) -> bool:
        try:
            content: Any = load_json(_holder(path), CaseError, largest_bytes=1 << 12)
            return is_running(int(content["pid"]), str(content["start"]))
        except (CaseError, KeyError, TypeError, ValueError):
            return False

    def _journals(self) -> dict[str, Journal]:
        journals = {}
        for path in sorted(self.journal_folder.glob("*.jsonl")) if self.journal_folder.is_dir() else []:
            journal = read_journal(path, self._known.get(path))
            if journal is not None:
                self._known[path] = journals[journal.header.id] = journal
        return journals

    def _annotation_file(self, *, is_locked: bool) -> AnnotationFile:
        seen = _identity(self.geojson)
        if not is_locked and self._known_file is not None and self._known_file[0] == seen:
            return self._known_file[1]
        file = read_annotation_file(self.geojson)
        if not file.ours:
            file.merged = self._merged_before_others_wrote()
        self._known_file = (seen, file)
        return file

    def _merged_before_others_wrote(self) -> dict[str, int]:
        """Another program wrote the GeoJSON and left out how far the journals were taken in."""
        path = self.journal_folder / "merged.json"
        if not path.is_file():
            return {}
        content = load_json(path, CaseError, largest_bytes=1 << 20)
        if not isinstance(content, dict):
            raise CaseError("is not a list of journals", path=path, remedy="restore it from a backup")
        return {str(key): int(value) for key, value in content.items() if isinstance(value, int)}


def check_inside(case: Path, folder: Path) -> Path:
    """The folder; CaseError where a link leads from it out of the case: nothing may be written there."""
    if not folder.resolve().is_relative_to(case.resolve()):
        what = f"the folder {folder.relative_to(case).as_posix()} is a link that leads out of the case"
        raise CaseError(what, path=case, remedy="put the folder itself into the case")
    return folder


def with_changes(
    file: AnnotationFile, journals: Iterable[Journal], own: Iterable[tuple[str, Change]] = ()
) -> StrokeState:
    """The strokes of a file with the changes that it does not hold yet, in the order in which they were made.

    Parameters
    ----------
    own
        Journal id and change, for changes that may not have reached a journal yet.
    """
    missing = {
        (change.time, journal.header.id, change.number): change
        for journal in journals
        for change in journal.changes
        if change.number > file.merged.get(journal.header.id, 0)
    }
    missing |= {
        (change.time, name, change.number): change for name, change in own if change.number > file.merged.get(name, 0)
    }
    state = file.state.copy()
    for key in sorted(missing):
        for edit in missing[key].edits:
            state.apply(edit)
    return state


def state_digest(state: StrokeState) -> str:
    """Hash of what is drawn: ids and content, in order, whoever drew it and when."""
    said = "".join(f"{name} {digest(state.strokes[name])}\n" for name in state.order)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _identity(path: Path) -> tuple[int, ...]:
    """What is another when a file was replaced."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _holder(path: Path) -> Path:
    return path.with_suffix(".held")
