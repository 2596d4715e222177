"""Measure the images of a case, with what was drawn on them, into ``runs`` of the case."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calcannot.batch.inputs import Input
from calcannot.batch.job import Outcome, Watch
from calcannot.batch.results import ResultsFolder
from calcannot.errors import CalcannotError, ImageReadError
from calcannot.io import open_image, sha256_of
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import default_recipe, load_recipe
from calcannot.store.atomic import cannot_write, write_text
from calcannot.store.geojson import to_geojson
from calcannot.store.json_file import canonical, dumps

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from calcannot.model.annotation import Annotations
    from calcannot.model.calibration import Calibration
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.store.case_folder import CaseFolder

STROKES: Final = "strokes.geojson"
MEASURED_ROLES: Final = ("radiograph", "histology")
_ABANDONED_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class CaseRun:
    """What came of one image of a case; ``folder`` is None where it failed."""

    image: str
    outcome: Outcome
    folder: Path | None


def run_case(
    case: CaseFolder,
    recipe: str | Path | Recipe | None = None,
    *,
    images: tuple[str, ...] = (),
    workers: int | None = None,
    progress: Watch | None = None,
) -> list[CaseRun]:
    """Measure the radiographs and sections of a case, each with its strokes and its pixel size.

    Parameters
    ----------
    recipe
        By the kind of image unless given.
    images
        Ids; all unless given.

    Returns
    -------
    list of CaseRun
        An image that cannot be measured carries its error; the others are measured.

    Raises
    ------
    RecipeError, CaseError
        If there is no such recipe or image.
    """
    asked = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
    chosen = [case.record.image(each) for each in images] or [x for x in case.images if x.role in MEASURED_ROLES]
    return [_run_one(case, each.id, asked, workers, progress) for each in chosen]


def _run_one(
    case: CaseFolder, image_id: str, asked: Recipe | None, workers: int | None, progress: Watch | None
) -> CaseRun:
    entry = case.record.image(image_id)
    shown = Input(case.path / entry.path, image_id)

    def report(stage: str, done: int, total: int) -> None:
        if progress:
            progress(shown, stage, done, total)

    try:
        path = case.image_path(image_id)
        sha256 = sha256_of(path)
        if sha256 != entry.sha256:
            what = f"the file of {image_id} is not the one that was added: its SHA-256 differs"
            remedy = f"put the right file back, or take the new one: calcannot case add --replace --id {image_id}"
            raise ImageReadError(what, path=path, remedy=remedy)
        annotations = case.annotations(image_id)
        size = entry.calibration.to_calibration() if entry.calibration else None
        with open_image(path, calibration=size) as source:
            recipe = asked or default_recipe(source.info, has_regions=bool(annotations.regions))
            analysis = analyse(source, recipe, annotations, workers=workers, progress=report)
            folder = write_run(case, image_id, sha256, source, analysis)
        return CaseRun(image_id, Outcome(shown, analysis, None), folder)
    except CalcannotError as error:
        return CaseRun(image_id, Outcome(shown, None, error), None)


def write_run(case: CaseFolder, image_id: str, sha256: str, source: ImageSource, analysis: Analysis) -> Path:
    """Write a measurement as a run of a case; the same one again takes the place of the first.

    Returns
    -------
    Path
        Folder of the run.

    Raises
    ------
    OutputError
        If it cannot be written; nothing is left of it then.
    """
    name = run_name(analysis.recipe, sha256, analysis.annotations, analysis.info.calibration)
    folder = case.run_folder(image_id) / name
    with _Swap(folder) as place:
        results = ResultsFolder(place)
        try:
            results.add(image_id, image_id, sha256, source, analysis)
            results.finish()
        except BaseException:
            results.abandon()
            raise
        write_text(place / STROKES, dumps(to_geojson(analysis.annotations), indent=1) + "\n")
    return folder


def run_name(recipe: Recipe, sha256: str, annotations: Annotations, calibration: Calibration | None) -> str:
    """Name of a run's folder: the recipe's name and a hash of all that decides the result, so the same run is one."""
    drawn = [
        {
            "id": s.id, "kind": s.kind.value, "reason": s.reason, "side": s.side, "morphology": s.morphology,
            "rings": [ring.tolist() for ring in s.rings],
            **{key: value for key in ("reach_px", "peak_fraction") if (value := getattr(s, key)) is not None},
        }
        for s in annotations.strokes
    ]  # fmt: skip
    size = None if calibration is None else {**asdict(calibration), "note": ""}
    decides = {"recipe": recipe.fingerprint(), "image": sha256, "strokes": drawn, "calibration": size}
    word = re.sub(r"[^a-z0-9]+", "-", recipe.name.lower()).strip("-")[:40] or "recipe"
    return f"{word}-{hashlib.sha256(canonical(decides)).hexdigest()[:8]}"


class _Swap:
    """A new folder beside a place, which takes that place when all went well; the old one stays until then."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.fresh = place.with_name(f".{place.name}-{uuid.uuid4().hex[:8]}")

    def __enter__(self) -> Path:
        _remove_abandoned(self.place.parent)
        return self.fresh

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._swap()
        except OSError as error:
            raise cannot_write(self.place, error) from error
        finally:
            shutil.rmtree(self.fresh, ignore_errors=True)

    def _swap(self) -> None:
        old = self.fresh.with_name(f"{self.fresh.name}-old")
        if self.place.exists():
            self.place.rename(old)
        try:
            self.fresh.rename(self.place)
        except OSError:
            if old.exists():
                old.rename(self.place)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """What a run that was killed left, a day later: until then it may be one that works."""
    if not folder.is_dir():
        return
    for each in folder.glob(".*-*"):
        with suppress(OSError):
            if each.is_dir() and time.time() - each.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(each, ignore_errors=True)
