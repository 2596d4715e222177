"""The folder that a run leaves: tables, masks, overlays, and the record of how they were made."""

from __future__ import annotations

import json
import platform
import shutil
import uuid
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot._version import __version__
from calcannot.batch.finished import take_apart
from calcannot.batch.parts import STATE, Part, Parts
from calcannot.batch.results_owner import outputs_of_earlier_runs
from calcannot.errors import CalcannotError, CaseBusyError, OutputError
from calcannot.store.atomic import cannot_write, write_text
from calcannot.store.lock import FolderLock
from calcannot.store.regions_writer import merge_regions
from calcannot.store.tables import failed_row, write_foci_table, write_images_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageSource

RUN_FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-image", "numba", "tifffile", "imagecodecs", "pydicom", "pillow")
_TABLES = ("run.json", "images.csv", "regions.csv", "regions.parquet", "foci.csv")


class ResultsFolder:
    """Collects the results of a run in a folder below, and moves them into place when all are there.

    Parameters
    ----------
    folder
        Made by ``begin``. A folder of an earlier run is taken over: what that run wrote and this one does not is
        removed at the end. Until then it stays as it was.
    resume
        Take over the finished images of an earlier run, finished or not, instead of dropping them.

    Raises
    ------
    OutputError
        If the folder holds tables that no run of calcannot is known to have written.
    """

    def __init__(self, folder: str | Path, *, resume: bool = False) -> None:
        self.folder = Path(folder)
        self.resume = resume
        self._is_new = not self.folder.exists()
        self._old = outputs_of_earlier_runs(self.folder)
        self._parts = Parts(self.folder, uuid.uuid4().hex)
        self._lock = ExitStack()
        self._done: dict[str, Part | CalcannotError] = {}
        self._started = datetime.now(UTC)
        self._begun = False

    def begin(self) -> Parts:
        """Take the folder, and give where finished images go.

        Raises
        ------
        OutputError
            If it cannot be written, or another run is writing into it.
        """
        place = self._parts.folder
        try:
            place.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            self._begun = True
            if self.resume:
                self._parts.tidy()
            else:
                self._clear()
            self._write_state(self._parts.run)
            if self.resume:
                take_apart(self.folder, self._parts)
        except OSError as error:
            self._lock.close()
            raise cannot_write(self.folder, error) from error
        return self._parts

    def add(self, name: str, file_stem: str, sha256: str, source: ImageSource, analysis: Analysis) -> None:
        """Write all that is kept of a measured image."""
        if not self._begun:
            self.begin()
        self._done[name] = self._parts.write(name, file_stem, "", sha256, source, analysis)

    def add_part(self, name: str, part: Part) -> None:
        """Take in an image that was measured elsewhere or earlier."""
        self._done[name] = part

    def add_failure(self, name: str, error: CalcannotError) -> None:
        """Take in the row of an image that could not be measured."""
        self._done[name] = error

    def finish(self, order: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Put everything into its place; gives the rows of ``images.csv``.

        Parameters
        ----------
        order
            Names of the images, as rows are to follow each other; as they were added unless given.
        """
        names = list(self._done if order is None else order)
        if not self._begun:
            self.begin()
        done = {name: self._done[name] for name in names}
        rows = [
            failed_row(name, str(each)) if isinstance(each, CalcannotError) else each.row for name, each in done.items()
        ]
        parts = [each for each in done.values() if isinstance(each, Part)]
        tables = self._write_tables(done, rows, parts)
        try:
            self._move_into_place(parts, tables)
        except OSError as error:
            self.keep()
            raise cannot_write(self.folder, error) from error
        self._leave()
        return rows

    def keep(self) -> None:
        """End without results; finished images stay for a run with ``resume``."""
        if self._begun and self._parts.count():
            with suppress(OSError):
                self._write_state(None)
            self._lock.close()
        else:
            self._leave()

    def abandon(self) -> None:
        """End without results, and leave the folder as it was."""
        if self.resume:
            self.keep()
        else:
            self._leave()

    def _take_lock(self) -> None:
        try:
            self._lock.enter_context(FolderLock(self._parts.folder, wait_s=0))
        except CaseBusyError:
            what = "another run is writing into this folder"
            remedy = "wait until it is done, or choose another folder with -o"
            raise OutputError(what, path=self.folder, remedy=remedy) from None

    def _clear(self) -> None:
        for each in self._parts.folder.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            elif each.name != STATE and not each.name.startswith(".calcannot-"):
                each.unlink()

    def _write_state(self, run: str | None) -> None:
        content = {"calcannot": __version__, "format": RUN_FORMAT, "run": run, "old_outputs": sorted(self._old)}
        write_text(self._parts.folder / STATE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _write_tables(
        self, done: dict[str, Part | CalcannotError], rows: Sequence[dict[str, Any]], parts: Sequence[Part]
    ) -> Path:
        """Tables and record, complete but not in their place yet."""
        folder = self._parts.new_folder("tables")
        write_images_table(folder / "images.csv", rows)
        merge_regions([self._parts.regions(part) for part in parts], folder / "regions.csv")
        foci = [(part.record["image"], part.record["foci"]["rows"]) for part in parts if part.record.get("foci")]
        if foci:
            write_foci_table(folder / "foci.csv", foci)
        written = [each.name for each in folder.iterdir()] + ["run.json"]
        record = {
            "calcannot": __version__,
            "format": RUN_FORMAT,
            "started": self._started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "libraries": library_versions(),
            "outputs": sorted([*written, *(output for part in parts for output in part.outputs)]),
            "images": [
                {"image": name, "error": str(each)} if isinstance(each, CalcannotError) else each.record
                for name, each in done.items()
            ],
        }
        write_text(folder / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return folder

    def _move_into_place(self, parts: Sequence[Part], tables: Path) -> None:
        """From here on a stop leaves no tables, and the next run with ``resume`` has only to move what is left."""
        outputs = {output for part in parts for output in part.outputs}
        self._old |= outputs
        self._write_state(self._parts.run)
        for name in _TABLES:
            (self.folder / name).unlink(missing_ok=True)
        for part in parts:
            for output in part.outputs:
                made, target = self._parts.places(part, output)
                if made.exists():
                    target.parent.mkdir(exist_ok=True)
                    made.replace(target)
        for name in reversed(_TABLES):
            if (tables / name).exists():
                (tables / name).replace(self.folder / name)
        for stale in self._old - outputs - set(_TABLES):
            (self.folder / stale).unlink(missing_ok=True)

    def _leave(self) -> None:
        """Remove what was there for this run only."""
        place = self._parts.folder
        if self._begun:
            # The state goes first: what a worker that was given up may still write is then of no run.
            (place / STATE).unlink(missing_ok=True)
            self._lock.close()
            shutil.rmtree(place, ignore_errors=True)
        for folder in (self.folder / "masks", self.folder / "overlays", *([self.folder] if self._is_new else [])):
            with suppress(OSError):
                folder.rmdir()


def library_versions() -> dict[str, str]:
    """Versions of the libraries that numbers pass through."""
    return {name: metadata.version(name) for name in _LIBRARIES}
