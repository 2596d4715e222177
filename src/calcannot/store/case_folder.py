"""A case as a folder: ``case.json``, the strokes of its images, its history. Several people may write at once."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from calcannot.errors import CaseError, ImageReadError
from calcannot.model.case import Case, CaseImage, case_from_dict
from calcannot.store.atomic import cannot_write, write_text
from calcannot.store.case_paths import as_spelled, exists
from calcannot.store.case_record import LARGEST_RECORD_BYTES, RECORD, read_record, record_text
from calcannot.store.history import Event, append_event, check_history, now, read_history
from calcannot.store.json_file import checksum_of, dumps, load_json
from calcannot.store.lock import FolderLock
from calcannot.store.stroke_files import StrokeFiles, check_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.model.annotation import Annotations
    from calcannot.store.stroke_log import StrokeLog

HISTORY: Final = "history.jsonl"
PLACES: Final = "places.json"
_FURTHEST_CLIMB = 3


def is_case(path: Path) -> bool:
    """Whether a folder is a case."""
    return exists(path / RECORD) and (path / RECORD).is_file()


class CaseFolder:
    """An open case. Safe to use from several threads; several programs may hold the same case.

    Reading takes no lock. Writing does, looks whether somebody else has written since, and replaces files as a whole:
    what can be read is always a complete older or a complete newer state.
    """

    def __init__(self, path: Path, record: Case) -> None:
        self.path = path
        self._record = record

    @classmethod
    def create(cls, path: str | Path, *, id: str | None = None, title: str = "", author: str = "") -> Self:
        """Make a case in a new or an empty folder.

        Parameters
        ----------
        id
            Pseudonym of the case; from the folder's name unless given.
        author
            Who does it, as they want to be named.

        Raises
        ------
        CaseError
            If the id is none, or the folder is a case already.
        OutputError
            If the folder cannot be written.
        """
        path = Path(path)
        if is_case(path):
            raise CaseError("is a case already", path=path, remedy="open it, or choose another folder")
        name = id if id is not None else re.sub(r"[^A-Za-z0-9_.-]+", "-", path.resolve().name).strip("-.") or "case"
        record = case_from_dict({"schema_version": 2, "id": name[:64], "title": title}, path=path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        folder = cls(path, record)
        with FolderLock(path) as lock:
            if is_case(path):
                raise CaseError("is a case already", path=path, remedy="open it, or choose another folder")
            folder._write(record.model_copy(update={"revision": 1}), 0, author, "made the case", lock)
        return folder

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a case.

        Raises
        ------
        CaseError
            If the folder is no case, or its record cannot be read: then nothing is changed.
        """
        path = Path(path)
        if path.name == RECORD and path.is_file():
            path = path.parent
        if not is_case(path):
            what = "is not a case: it holds no case.json"
            raise CaseError(what, path=path, remedy="make one with calcannot case new")
        return cls(path, read_record(path / RECORD))

    @property
    def record(self) -> Case:
        """The record as it was last read or written here."""
        return self._record

    @property
    def images(self) -> tuple[CaseImage, ...]:
        """Entries of the images."""
        return self._record.images

    def reload(self) -> Case:
        """Read the record again; errors as ``open``."""
        self._record = read_record(self.path / RECORD)
        return self._record

    def update(self, change: Callable[[Case], Case], *, author: str = "", what: str = "changed the record") -> Case:
        """Change the record.

        Parameters
        ----------
        change
            Given the newest record, returns the new one. What it is given may hold what somebody else has written
            meanwhile, so it must change what it means to change and no more.
        author, what
            For the history.

        Raises
        ------
        CaseError
            If the result is no valid record. Nothing is written then.
        CaseBusyError, OutputError
            If the folder cannot be locked or written. The record on disk is as it was.
        """
        with FolderLock(self.path) as lock:
            current = read_record(self.path / RECORD)
            wanted = _with_times(current, change(current))
            if wanted.to_dict() == current.to_dict():
                self._record = current
                return current
            # ``model_copy`` does not validate; what is written must be what can be read.
            content = {**wanted.to_dict(), "revision": current.revision + 1}
            record = case_from_dict(content, path=self.path / RECORD)
            self._write(record, current.revision, author, what, lock)
        return record

    def image_path(self, image_id: str) -> Path:
        """Where the file of an image lies.

        Raises
        ------
        CaseError
            If the case has no such image.
        ImageReadError
            If the file is not there.
        """
        entry = self._record.image(image_id)
        place = as_spelled(self.path, entry.path)
        if place is None:
            place = self._place_on_this_computer(image_id)
        if place is None:
            what = "the image is not where the case says"
            remedy = f"put it back at {entry.path}, or name its place with calcannot case add --replace"
            raise ImageReadError(what, path=Path(entry.path).name, remedy=remedy)
        return place

    def annotations(self, image_id: str) -> Annotations:
        """Everything that was drawn on an image, saved or still in a journal; errors as ``StrokeLog``."""
        return self.strokes(image_id).read().state.annotations()

    def strokes(self, image_id: str) -> StrokeFiles:
        """Files of an image's strokes; CaseError where the case has no such image."""
        return StrokeFiles(self.path, self._record.image(image_id).id)

    def stroke_log(self, image_id: str, *, author: str = "") -> StrokeLog:
        """Open the strokes of an image for drawing."""
        from calcannot.store.stroke_log import StrokeLog

        return StrokeLog(self.strokes(image_id), author=author)

    def run_folder(self, image_id: str) -> Path:
        """Folder that holds a folder for each run of an image; CaseError where a link leads out of the case."""
        return check_inside(self.path, self.path / "runs" / self._record.image(image_id).id)

    def history(self) -> list[Event]:
        """All changes of the record and the strokes, oldest first."""
        return read_history(self.path / HISTORY)

    def relative_path_to(self, file: Path) -> str | None:
        """A file as an image entry names it; None where the case is no neighbour of it: another drive, another tree.

        A path that climbs further would hold on this computer only, and tell of its folders.
        """
        try:
            relative = Path(os.path.relpath(file.resolve(), self.path.resolve())).as_posix()
        except ValueError:
            return None
        if relative.startswith("../" * (_FURTHEST_CLIMB + 1)):
            return None
        return unicodedata.normalize("NFC", relative)

    def remember_place(self, image_id: str, file: Path) -> None:
        """Note where an image lies on this computer, for files that no relative path leads to."""
        places = {**self._places(), image_id: str(file.resolve())}
        write_text(self.path / PLACES, dumps(places, indent=1) + "\n")

    def _write(self, record: Case, before: int, author: str, what: str, lock: FolderLock) -> None:
        text = record_text(record)
        if len(text.encode()) > LARGEST_RECORD_BYTES:
            what = f"the record would be larger than {LARGEST_RECORD_BYTES >> 20} MiB, which is the most that is read"
            raise CaseError(what, path=self.path / RECORD, remedy="shorten its texts; nothing was written")
        event = Event(now(), author, what, RECORD, before, record.revision, checksum_of(record.to_dict()))
        check_history(self.path / HISTORY)
        lock.confirm()
        # The record first: a history may lack its last line after a crash, but never tells of what was not done.
        write_text(self.path / RECORD, text)
        self._record = record
        append_event(self.path / HISTORY, event)

    def _places(self) -> dict[str, Any]:
        if not (self.path / PLACES).is_file():
            return {}
        content = load_json(self.path / PLACES, CaseError, largest_bytes=1 << 20)
        if not isinstance(content, dict):
            raise CaseError("is not a list of places", path=self.path / PLACES, remedy="remove it")
        return content

    def _place_on_this_computer(self, image_id: str) -> Path | None:
        place = self._places().get(image_id)
        return Path(place) if isinstance(place, str) and exists(Path(place)) else None


def _with_times(before: Case, after: Case) -> Case:
    """The new record with the time in each image whose calibration is another one now."""
    old = {each.id: each for each in before.images}
    images = tuple(
        each.model_copy(update={"calibration_set_at": now()})
        if each.id in old
        and each.calibration != old[each.id].calibration
        and each.calibration_set_at == old[each.id].calibration_set_at
        else each
        for each in after.images
    )
    return after.model_copy(update={"images": images})
