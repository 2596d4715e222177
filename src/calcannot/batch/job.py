"""What is to be done with an image, what came of it, and what makes two such jobs the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from calcannot._version import __version__
from calcannot.model.run_record import Measured
from calcannot.store.geojson import to_geojson

if TYPE_CHECKING:
    from calcannot.batch.inputs import Input
    from calcannot.errors import CalcannotError
    from calcannot.model.analysis import Analysis, Totals
    from calcannot.model.annotation import Annotations
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """One image and what was drawn on it."""

    input: Input
    annotations: Annotations


@dataclass(frozen=True, slots=True)
class Settings:
    """What is the same for every image of a run.

    Attributes
    ----------
    recipe
        None: by the kind of image.
    calibration
        Pixel size that takes the place of the files' own.
    workers
        Threads for one image.
    skip_bad_tiles
        Leave out tiles that do not decode, instead of failing.
    """

    recipe: Recipe | None = None
    calibration: Calibration | None = None
    workers: int | None = None
    skip_bad_tiles: bool = False

    def key(self, job: Job, sha256: str, *, tiles_skipped: bool = False) -> str:
        """Hash of everything that the result of a job depends on. Workers and the image's folder are not among it.

        Where all tiles of an image decode it does not matter whether bad ones would have been skipped.
        """
        content = {
            "calcannot": __version__,
            "sha256": sha256,
            "recipe": self.recipe and self.recipe.to_dict(),
            "calibration": self.calibration and asdict(self.calibration),
            "strokes": to_geojson(job.annotations),
            "tiles_skipped": tiles_skipped,
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What came of one image: a record or an analysis, or an error.

    Attributes
    ----------
    input
        The image.
    analysis
        None where it failed, and in a run that writes results: tables and masks hold it then, and memory does not grow
        with every image.
    error
        Why it was not measured.
    record
        What ``run.json`` says of it; None where nothing was written.
    """

    input: Input
    analysis: Analysis | None = None
    error: CalcannotError | None = None
    record: dict[str, Any] | None = None

    @cached_property
    def measured(self) -> Measured | None:
        """What is reported of it; None where it failed."""
        if self.analysis is not None:
            return Measured.of_analysis(self.analysis)
        return None if self.record is None else Measured.of(self.record)

    @property
    def totals(self) -> Totals | None:
        """Area, share, extent; None where it failed."""
        return None if self.measured is None else self.measured.totals


Watch = Callable[["Input", str, int, int], None]
"""Called with the image, the stage, rows done and rows in all; with the stage ``images`` when an image is finished,
and on a cluster at the start too, and then with images done and images in all. Raising from it stops the run."""

Report = Callable[[str, int, int], None]
"""Called with the stage, rows done and rows in all of one image. Raising from it stops the measurement."""
