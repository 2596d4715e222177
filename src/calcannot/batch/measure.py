"""Measure images one after another, each with all workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.batch.inputs import Input, find_images
from calcannot.batch.results import ResultsFolder
from calcannot.errors import CalcannotError, ImageReadError
from calcannot.io import open_image, sha256_of
from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.model.calibration import Calibration, parse_pixel_size
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import default_recipe, load_recipe
from calcannot.store.geojson import read_annotations

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from calcannot.model.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one image: an analysis or an error, never both."""

    input: Input
    analysis: Analysis | None
    error: CalcannotError | None


@dataclass(frozen=True, slots=True)
class Job:
    """One image and what was drawn on it."""

    input: Input
    annotations: Annotations


Watch = Callable[[Input, str, int, int], None]
"""Called with the image, the stage, rows done and rows in all."""


def measure(
    images: str | Path | Sequence[str | Path],
    recipe: str | Path | Recipe | None = None,
    *,
    output: str | Path | None = None,
    pixel_size: str | Calibration | None = None,
    within: str | Path | Annotations | None = None,
    workers: int | None = None,
    progress: Watch | None = None,
) -> list[Outcome]:
    """Measure images and, where a folder is given, write tables, masks, overlays and the record of the run.

    Parameters
    ----------
    images
        Files, folders or patterns.
    recipe
        Name of a shipped recipe, a recipe file, or a recipe; by the kind of image unless given.
    output
        Folder for the results.
    pixel_size
        Overrides what the files say, for example ``"0.5um"`` or ``"0.5umx0.6um"`` (row x column).
    within
        Regions of interest and exclusions, as GeoJSON or strokes, for every image.
    workers
        Threads.
    progress
        Called with the image, the stage, rows done and rows in all.

    Returns
    -------
    list of Outcome
        In the order of the images. One that cannot be measured carries its error; the others are measured.

    Raises
    ------
    CalcannotError
        If what was asked for is wrong for every image: a recipe, a pixel size or regions that cannot be read, no image.
    """
    arguments = [images] if isinstance(images, str | Path) else list(images)
    asked = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
    calibration = parse_pixel_size(pixel_size) if isinstance(pixel_size, str) else pixel_size
    if isinstance(within, str | Path):
        within = read_annotations(within, everything_is=StrokeKind.REGION)
    annotations = within or Annotations()
    inputs = find_images(arguments, skip=Path(output) if output is not None else None)
    jobs = [Job(each, annotations) for each in inputs]
    return run_jobs(jobs, asked, output=output, calibration=calibration, workers=workers, progress=progress)


def run_jobs(
    jobs: Sequence[Job],
    recipe: Recipe | None,
    *,
    output: str | Path | None,
    calibration: Calibration | None = None,
    workers: int | None = None,
    progress: Watch | None = None,
) -> list[Outcome]:
    """Measure images that each have their own strokes; otherwise as ``measure``.

    Where there is one job and it fails, nothing is written.
    """
    results = ResultsFolder(output) if output is not None else None
    outcomes: list[Outcome] = []
    try:
        for job in jobs:
            outcome = _measure_one(job, recipe, calibration, results, workers, progress)
            outcomes.append(outcome)
            if results and outcome.error:
                results.add_failure(job.input.name, outcome.error)
        if results and (len(jobs) > 1 or outcomes[0].error is None):
            results.finish()
        elif results:
            results.abandon()
    except BaseException:
        if results:
            results.abandon()
        raise
    return outcomes


def _measure_one(
    job: Job,
    asked: Recipe | None,
    calibration: Calibration | None,
    results: ResultsFolder | None,
    workers: int | None,
    progress: Watch | None,
) -> Outcome:
    each, annotations = job.input, job.annotations

    def report(stage: str, done: int, total: int) -> None:
        if progress:
            progress(each, stage, done, total)

    try:
        with open_image(each.path, calibration=calibration) as source:
            recipe = asked or default_recipe(source.info, has_regions=bool(annotations.regions))
            analysis = analyse(source, recipe, annotations, workers=workers, progress=report)
            if results:
                results.add(each.name, each.file_stem, sha256_of(each.path), source, analysis)
            return Outcome(each, analysis, None)
    except CalcannotError as error:
        return Outcome(each, None, error)
    except MemoryError:
        remedy = "close other programs, or measure a region of it"
        return Outcome(each, None, ImageReadError("does not fit into memory", path=each.path, remedy=remedy))
    except Exception as error:
        # A fault of ours in one image must not cost the other 499; run Python with -X dev to see where it was.
        if sys.flags.dev_mode:
            raise
        what = f"could not be measured ({type(error).__name__}: {error})"
        return Outcome(each, None, ImageReadError(what, path=each.path, remedy="please report this"))
