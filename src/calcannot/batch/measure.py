"""Measure many images, several side by side, and leave their results in one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.batch.inputs import find_images
from calcannot.batch.job import Job, Outcome, Settings, Watch
from calcannot.batch.one import measure_job
from calcannot.batch.results import ResultsFolder
from calcannot.batch.threads import run_side_by_side
from calcannot.errors import AnnotationError, OutputError
from calcannot.io import open_image
from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.model.calibration import Calibration, parse_pixel_size
from calcannot.pipeline.grow import grow
from calcannot.processors import default_workers
from calcannot.segment.shipped import default_recipe, load_recipe
from calcannot.store.geojson import read_annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.batch.inputs import Input
    from calcannot.batch.job import Report
    from calcannot.batch.parts import Parts
    from calcannot.model.recipe import Recipe

# Images side by side unless a number is given: each needs memory of its own, and one alone keeps a few processors busy.
_MOST_SIDE_BY_SIDE = 4


class Stopped(KeyboardInterrupt):
    """Ctrl-C during a run; finished images are kept for a run with ``resume``."""

    def __init__(self, finished: int, total: int) -> None:
        super().__init__(f"{finished} of {total} images are finished")
        self.finished = finished
        self.total = total


def measure(
    images: str | Path | Sequence[str | Path],
    recipe: str | Path | Recipe | None = None,
    *,
    output: str | Path | None = None,
    pixel_size: str | Calibration | None = None,
    within: str | Path | Annotations | None = None,
    seeds: Sequence[Sequence[float]] = (),
    workers: int | None = None,
    jobs: int | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    skip_bad_tiles: bool = False,
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
    seeds
        Places (x, y) or (x, y, share of the peak) of one radiograph from which a lesion is grown, each a region of
        interest; x is the column and y the row of a pixel, counted from 0.
    workers
        Threads in all; as many as processors unless given.
    jobs
        Images side by side; half as many as threads and 4 at most unless given.
    resume
        Do not measure again what an earlier run into the same folder has finished: the same image, recipe, strokes and
        pixel size, by the same version of calcannot.
    scheduler
        Address of the scheduler of a Dask cluster that is to do the work, or the file with its address. ``workers`` is
        then the threads for one image, 1 unless given; ``jobs`` the most images at once, one a thread of the workers
        unless given.
    skip_bad_tiles
        Leave out tiles that do not decode, as exclusions with a warning that names them, instead of failing the image.
    progress
        Called from the calling thread, as `Watch` says.

    Returns
    -------
    list of Outcome
        In the order of the images. One that cannot be measured carries its error; the others are measured.

    Raises
    ------
    CalcannotError
        If what was asked for is wrong for every image: a recipe, a pixel size or regions that cannot be read, no image,
        a folder that cannot be written.
    Stopped
        On Ctrl-C.
    """
    arguments = [images] if isinstance(images, str | Path) else list(images)
    asked = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
    calibration = parse_pixel_size(pixel_size) if isinstance(pixel_size, str) else pixel_size
    if isinstance(within, str | Path):
        within = read_annotations(within, everything_is=StrokeKind.REGION)
    annotations = within or Annotations()
    inputs = find_images(arguments, skip=Path(output) if output is not None else None)
    if seeds:
        annotations = _with_seeds(inputs, annotations, seeds, asked, calibration)
    return run_jobs(
        [Job(each, annotations) for each in inputs],
        asked,
        output=output,
        calibration=calibration,
        workers=workers,
        side_by_side=jobs,
        resume=resume,
        scheduler=scheduler,
        skip_bad_tiles=skip_bad_tiles,
        progress=progress,
    )


def _with_seeds(
    inputs: Sequence[Input],
    annotations: Annotations,
    seeds: Sequence[Sequence[float]],
    recipe: Recipe | None,
    calibration: Calibration | None,
) -> Annotations:
    """Strokes with a click for each place."""
    if len(inputs) > 1:
        what = f"a place to grow from is given for {len(inputs)} images"
        raise AnnotationError(what, remedy="measure one image with --seed, or keep the clicks in a case")
    with open_image(inputs[0].path, calibration=calibration) as source:
        rule = recipe or default_recipe(source.info, has_regions=True)
        for x, y, *share in seeds:
            growth = grow(source, rule, y, x, annotations, share=share[0] if share else None)
            kept = (each for each in annotations.strokes if each.reach_px is None or not growth.is_on(each))
            annotations = Annotations((*kept, growth.stroke))
    return annotations


def run_jobs(
    jobs: Sequence[Job],
    recipe: Recipe | None,
    *,
    output: str | Path | None,
    calibration: Calibration | None = None,
    workers: int | None = None,
    side_by_side: int | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    skip_bad_tiles: bool = False,
    progress: Watch | None = None,
) -> list[Outcome]:
    """Measure images that each have their own strokes; otherwise as ``measure``.

    Where there is one job and it fails, nothing is written.
    """
    settings = Settings(recipe, calibration, workers, skip_bad_tiles)
    if scheduler is not None and output is None:
        raise OutputError("a cluster writes its results into a folder", remedy="give one that all machines share")
    results = ResultsFolder(output, resume=resume) if output is not None else None
    parts = results.begin() if results else None
    try:
        if scheduler is not None and parts is not None:
            from calcannot.batch.cluster import run_on_cluster

            outcomes = run_on_cluster(jobs, settings, parts, scheduler, at_once=side_by_side, progress=progress)
        else:
            outcomes = _run_here(jobs, settings, parts, side_by_side, progress)
        if results and parts:
            _collect(outcomes, results, parts)
    except KeyboardInterrupt as stop:
        if results is None or parts is None:
            raise
        finished = sum(parts.find(job.input.name, job.input.file_stem) is not None for job in jobs)
        results.keep()
        raise Stopped(finished, len(jobs)) from stop
    except BaseException:
        if results:
            results.keep()
        raise
    return outcomes


def _run_here(
    jobs: Sequence[Job], settings: Settings, parts: Parts | None, side_by_side: int | None, progress: Watch | None
) -> list[Outcome]:
    threads = settings.workers or default_workers()
    beside = min(len(jobs), side_by_side or max(1, min(threads // 2, _MOST_SIDE_BY_SIDE)))
    each = replace(settings, workers=max(1, threads // beside))

    def work(job: Job, report: Report) -> Outcome:
        return measure_job(job, each, parts, report)

    return run_side_by_side(jobs, work, beside, progress)


def _collect(outcomes: Sequence[Outcome], results: ResultsFolder, parts: Parts) -> None:
    if len(outcomes) == 1 and outcomes[0].error is not None:
        results.abandon()
        return
    for outcome in outcomes:
        image = outcome.input
        part = parts.find(image.name, image.file_stem) if outcome.error is None else None
        if part is not None:
            results.add_part(image.name, part)
        else:
            results.add_failure(image.name, outcome.error or _lost(image))
    results.finish()


def _lost(image: Input) -> OutputError:
    what = "its finished results were removed while others were measured"
    return OutputError(what, path=image.path, remedy="let nobody write into the folder of the results meanwhile")
