"""The folder that a measurement leaves: tables, masks, overlays, and the record of how they were made."""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot._version import __version__
from calcannot.errors import CalcannotError, OutputError
from calcannot.morphometry.columns import region_columns
from calcannot.report.overlay import write_overlay
from calcannot.store.atomic import replacing, write_text
from calcannot.store.masks import write_mask
from calcannot.store.regions_writer import RegionsWriter
from calcannot.store.tables import failed_row, image_row, write_images_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageSource

RUN_FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-image", "numba", "tifffile", "imagecodecs", "pydicom", "pillow")


class ResultsFolder:
    """Collects the results of a run. Each mask and overlay is written whole; tables and record come last.

    Parameters
    ----------
    folder
        Made when the first result is written. A folder of an earlier run is taken over: what that run wrote and this
        one does not is removed at the end.

    Raises
    ------
    OutputError
        If the folder holds tables that no run of calcannot is known to have written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._is_new = not self.folder.exists()
        self._old = _outputs_of_earlier_run(self.folder)
        self._written: list[str] = []
        self._rows: list[dict[str, Any]] = []
        self._records: list[dict[str, Any]] = []
        self._regions = RegionsWriter(self.folder / "regions.csv")
        self._started = datetime.now(UTC)

    def add(self, name: str, file_stem: str, sha256: str, source: ImageSource, analysis: Analysis) -> None:
        """Write mask and overlay of a measured image, and take in its rows."""
        mask, overlay = f"masks/{file_stem}.ome.tif", f"overlays/{file_stem}.png"
        try:
            write_mask(self.folder / mask, analysis.runs, analysis.info.calibration)
            with replacing(self.folder / overlay) as temporary:
                write_overlay(temporary, source, analysis)
        except BaseException:
            self._remove([mask, overlay])
            raise
        self._written += [mask, overlay]
        self._regions.add(name, region_columns(analysis))
        self._rows.append(image_row(name, sha256, analysis))
        self._records.append(_record(name, sha256, analysis, mask, overlay))

    def add_failure(self, name: str, error: CalcannotError) -> None:
        """Take in the row of an image that could not be measured."""
        self._rows.append(failed_row(name, str(error)))
        self._records.append({"image": name, "error": str(error)})

    def finish(self) -> list[dict[str, Any]]:
        """Write tables and record; returns the rows of ``images.csv``."""
        write_images_table(self.folder / "images.csv", self._rows)
        self._regions.finish()
        self._written += ["images.csv", "run.json"]
        self._written += [f"regions{s}" for s in (".csv", ".parquet") if (self.folder / f"regions{s}").exists()]
        record = {
            "calcannot": __version__,
            "format": RUN_FORMAT,
            "started": self._started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "libraries": {name: metadata.version(name) for name in _LIBRARIES},
            "outputs": sorted(self._written),
            "images": self._records,
        }
        write_text(self.folder / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        for stale in self._old - set(self._written):
            (self.folder / stale).unlink(missing_ok=True)
        return self._rows

    def abandon(self) -> None:
        """Leave nothing behind that would be taken for results: no table, and no mask or overlay without one."""
        self._regions.abandon()
        self._remove([each for each in self._written if each not in self._old])

    def _remove(self, outputs: Sequence[str]) -> None:
        for each in outputs:
            (self.folder / each).unlink(missing_ok=True)
        emptied = [self.folder / "masks", self.folder / "overlays", *([self.folder] if self._is_new else [])]
        for folder in emptied:
            with suppress(OSError):
                folder.rmdir()


def _record(name: str, sha256: str, analysis: Analysis, mask: str, overlay: str) -> dict[str, Any]:
    info = analysis.info
    return {
        "image": name,
        "sha256": sha256,
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
        "warnings": list(analysis.warnings),
        "mask": mask,
        "overlay": overlay,
        "timings_s": analysis.timings_s,
    }


def _outputs_of_earlier_run(folder: Path) -> set[str]:
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise OutputError("is a file, not a folder", path=folder, remedy="choose another folder with -o")
    record = folder / "run.json"
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        outputs = {str(each) for each in content["outputs"]}
    except FileNotFoundError:
        taken = [each for each in ("images.csv", "regions.csv", "masks", "overlays") if (folder / each).exists()]
        if taken:
            what = f"holds {taken[0]} and no run.json, so it is not known to be a result of calcannot"
            raise OutputError(what, path=folder, remedy="choose another folder with -o") from None
        return set()
    except (OSError, ValueError, KeyError, TypeError):
        what = "holds a run.json that is not readable as a result of calcannot"
        raise OutputError(what, path=folder, remedy="choose another folder with -o") from None
    # Only what lies inside the folder can have been written by a run.
    root = folder.resolve()
    return {each for each in outputs if (folder / each).resolve().is_relative_to(root)}
