"""Finished images of a run that is not finished: each stands whole in the folder ``unfinished``, or not at all.

    DIR/unfinished/state.json             whose folder it is, and what an earlier run left in DIR
    DIR/unfinished/<image>-<random>/      mask, overlay and regions of one image
    DIR/unfinished/<image>.part.json      its row and record; written last, so that a part without it does not count

Workers on other machines write the same way, into the same folder.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot.errors import OutputError
from calcannot.model.foci import foci_totals
from calcannot.morphometry.columns import region_blocks
from calcannot.morphometry.focus_columns import focus_rows
from calcannot.processors import default_workers
from calcannot.report.overlay import write_overlay
from calcannot.store.atomic import cannot_write, replacing, write_text
from calcannot.store.masks import write_mask
from calcannot.store.regions_writer import write_regions
from calcannot.store.tables import image_row

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageSource

FOLDER = "unfinished"
STATE = "state.json"
_REGIONS = "regions.csv"
_COMMITTED = ".part.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished image.

    Attributes
    ----------
    key
        Of the job, as ``Settings.key`` gives it.
    folder
        Name of the folder with its files. A mask or overlay that is not there has its place in the results already.
    row, record
        For ``images.csv`` and ``run.json``.
    """

    key: str
    folder: str
    row: dict[str, Any]
    record: dict[str, Any]

    @property
    def outputs(self) -> tuple[str, str]:
        """Mask and overlay, relative to the results."""
        return self.record["mask"], self.record["overlay"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The folder of parts of one run. Small, and the same on every machine that sees the folder.

    Parameters
    ----------
    results
        Folder of the results.
    run
        Name of the run; a folder that was taken over by another takes no parts from this one.
    """

    results: Path
    run: str

    @property
    def folder(self) -> Path:
        """Where the parts lie."""
        return self.results / FOLDER

    def is_current(self) -> bool:
        """Whether the run still goes on: not stopped, and not taken over by another."""
        try:
            content = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(content.get("run") == self.run)

    def find(self, name: str, stem: str) -> Part | None:
        """Part of an image, if there is one and all its files are there."""
        try:
            part = self._read(self.folder / f"{stem}{_COMMITTED}")
            whole = (self.folder / part.folder / _REGIONS).is_file() and all(
                any(place.is_file() for place in self.places(part, each)) for each in part.outputs
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None  # of another version, or damaged: measured anew
        return part if whole and part.record.get("image") == name else None

    def tidy(self) -> None:
        """Remove what a run that was killed left half-written."""
        used = {STATE}
        for each in self.folder.glob(f"*{_COMMITTED}"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                used |= {each.name, self._read(each).folder}
        for each in self.folder.iterdir():
            if each.is_dir() and each.name not in used:
                shutil.rmtree(each, ignore_errors=True)

    def count(self) -> int:
        """How many images are finished."""
        return sum(1 for _ in self.folder.glob(f"*{_COMMITTED}"))

    @staticmethod
    def _read(path: Path) -> Part:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Part(content["key"], content["folder"], content["row"], content["record"])

    def places(self, part: Part, output: str) -> tuple[Path, Path]:
        """Where a mask or overlay may be: with its part, or in the results."""
        return self.folder / part.folder / Path(output).name, self.results / output

    def regions(self, part: Part) -> Path:
        """Region table of a part."""
        return self.folder / part.folder / _REGIONS

    def write(
        self,
        name: str,
        stem: str,
        key: str,
        sha256: str,
        source: ImageSource,
        analysis: Analysis,
        workers: int | None = None,
    ) -> Part:
        """Write all that is kept of a measured image, in as many threads.

        Raises
        ------
        OutputError
            If it cannot be written, or the run has ended meanwhile; nothing of it is left then.
        """
        mask, overlay = f"masks/{stem}.ome.tif", f"overlays/{stem}.png"
        folder = self.new_folder(stem)
        try:
            _write_files(
                folder / Path(mask).name,
                folder / Path(overlay).name,
                folder / _REGIONS,
                name,
                source,
                analysis,
                workers,
            )
            record = _record(name, key, sha256, analysis, mask, overlay)
            if not self.is_current():
                raise OutputError("the run has ended", path=self.results, remedy="start it again with --resume")
            part = Part(key, folder.name, image_row(name, sha256, analysis), record)
            self.commit(stem, part)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return part

    def commit(self, stem: str, part: Part) -> None:
        """Make a part count; its files are written."""
        text = json.dumps(asdict(part), ensure_ascii=False)
        write_text(self.folder / f"{stem}{_COMMITTED}", text + "\n")

    def new_folder(self, stem: str) -> Path:
        """Make a folder for the files of a part."""
        try:
            return Path(tempfile.mkdtemp(prefix=f"{stem}-", dir=self.folder))
        except OSError as error:
            raise cannot_write(self.results, error) from error


def _write_files(
    mask: Path, overlay: Path, regions: Path, name: str, source: ImageSource, analysis: Analysis, workers: int | None
) -> None:
    """Write the mask, and beside it what is for the most part work of one thread; more at once takes more memory."""
    threads = workers or default_workers()

    def others() -> None:
        with replacing(overlay) as temporary:
            write_overlay(temporary, source, analysis, threads)
        write_regions(regions, name, region_blocks(analysis, threads))

    with ThreadPoolExecutor(1, thread_name_prefix="calcannot-write") as pool:
        beside = pool.submit(others)
        if threads == 1:  # a worker of a cluster has one processor to itself, and the next has its own
            beside.result()
        write_mask(mask, analysis.runs, analysis.info.calibration, threads)
        beside.result()


def _record(name: str, key: str, sha256: str, analysis: Analysis, mask: str, overlay: str) -> dict[str, Any]:
    info = analysis.info
    return {
        "image": name,
        "sha256": sha256,
        "job_sha256": key or None,
        "format": info.format,
        "size_px": {"height": info.height_px, "width": info.width_px},
        "modality": info.modality.value,
        "polarity": info.polarity,
        "metadata": dict(info.metadata),
        "calibration": None if info.calibration is None else asdict(info.calibration),
        "recipe": analysis.recipe.to_dict(),
        "resolved": analysis.resolved.to_dict(),
        "regions_of_interest": len(analysis.annotations.regions),
        "excluded_by_image": [
            {"id": each.id, "reason": each.reason, "box_px": each.bounds()} for each in info.excluded
        ],
        "totals": asdict(analysis.totals),
        "foci": _foci(analysis),
        "warnings": list(analysis.warnings),
        "mask": mask,
        "overlay": overlay,
        "timings_s": analysis.timings_s,
    }


def _foci(analysis: Analysis) -> dict[str, Any] | None:
    if analysis.foci is None:
        return None
    totals = foci_totals(analysis.foci, analysis.info.calibration, analysis.resolved)
    return totals | {"rows": focus_rows(analysis)}
