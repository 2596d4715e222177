"""One job from opening the image to its part on disk: what every thread and every worker runs."""

from __future__ import annotations

import errno
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from calcannot.batch.job import Job, Outcome, Report, Settings
from calcannot.errors import CalcannotError, ImageReadError, OutputError
from calcannot.io import open_image, sha256_of
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import default_recipe

if TYPE_CHECKING:
    from calcannot.batch.parts import Parts

_FULL = (errno.ENOSPC, errno.EDQUOT)


def measure_job(job: Job, settings: Settings, parts: Parts | None, report: Report) -> Outcome:
    """Measure an image, or take its finished part; an error becomes the outcome of this image alone.

    Raises
    ------
    OutputError
        If the disk is full: every other image would fail too.
    """
    image = job.input
    try:
        earlier = parts.find(image.name, image.file_stem) if parts else None
        if earlier and earlier.key in _keys(settings, job, sha256_of(image.path)):
            return Outcome(image, record=earlier.record)
        return _measure(job, settings, parts, report)
    except OutputError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
            raise
        return Outcome(image, error=error)
    except CalcannotError as error:
        return Outcome(image, error=error)
    except MemoryError:
        remedy = "close other programs, or measure a region of it"
        return Outcome(image, error=ImageReadError("does not fit into memory", path=image.path, remedy=remedy))
    except Exception as error:
        # A fault of ours in one image must not cost the other 499; run Python with -X dev to see where it was.
        if sys.flags.dev_mode:
            raise
        what = f"could not be measured ({type(error).__name__}: {error})"
        return Outcome(image, error=ImageReadError(what, path=image.path, remedy="please report this"))


def _keys(settings: Settings, job: Job, sha256: str) -> set[str]:
    """Keys of the earlier results that will do."""
    return {settings.key(job, sha256, tiles_skipped=each) for each in {False, settings.skip_bad_tiles}}


def _measure(job: Job, settings: Settings, parts: Parts | None, report: Report) -> Outcome:
    image = job.input
    with (
        open_image(image.path, calibration=settings.calibration) as source,
        ThreadPoolExecutor(1, thread_name_prefix="calcannot-hash") as pool,
    ):
        hashed = pool.submit(sha256_of, image.path) if parts else None
        recipe = settings.recipe or default_recipe(source.info, has_regions=bool(job.annotations.regions))
        if settings.skip_bad_tiles:
            source.skip_bad_tiles()
        analysis = analyse(source, recipe, job.annotations, workers=settings.workers, progress=report)
        skipped = False
        while source.leave_out_bad_tiles():
            skipped = True
            analysis = analyse(source, recipe, job.annotations, workers=settings.workers, progress=report)
        if parts is None or hashed is None:
            source.check_unchanged()
            return Outcome(image, analysis=analysis)
        report("write", 0, 1)
        sha256 = hashed.result()
        source.check_unchanged()
        key = settings.key(job, sha256, tiles_skipped=skipped)
        part = parts.write(image.name, image.file_stem, key, sha256, source, analysis, settings.workers)
        return Outcome(image, record=part.record)
