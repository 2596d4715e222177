"""One open image and what is being done with it. Knows no napari and no Qt, so a script can hold one too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from calcannot.batch.results import ResultsFolder
from calcannot.errors import OutputError, RecipeError
from calcannot.io import open_image, sha256_of
from calcannot.model.annotation import Annotations
from calcannot.model.calibration import Calibration, parse_pixel_size
from calcannot.pipeline.analyse import analyse, resolve_for
from calcannot.segment.shipped import default_recipe, load_recipe
from calcannot.store.atomic import write_text
from calcannot.store.geojson import to_geojson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.io.source import Source
    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.pipeline.scan import Progress


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be measured, as it stood when it was asked: a worker holds this and never the session."""

    source: Source
    recipe: Recipe
    annotations: Annotations

    def resolve(self, progress: Progress | None = None) -> ResolvedRecipe:
        """Give the recipe in numbers."""
        return resolve_for(self.source, self.recipe, self.annotations, progress=progress)[0]

    def measure(self, progress: Progress | None = None) -> Analysis:
        """Measure, by the function that every other door calls."""
        return analyse(self.source, self.recipe, self.annotations, progress=progress)


class Session:
    """State of one image: recipe, threshold, strokes, the latest measurement, and whether it is saved.

    Parameters
    ----------
    source
        An open image; the session closes it.
    annotations
        Strokes to begin with.
    role
        What the image is in its case, for example ``radiograph``; empty where there is no case.
    """

    def __init__(self, source: Source, annotations: Annotations | None = None, *, role: str = "") -> None:
        self.source = source
        self.role = role
        self.annotations = annotations or Annotations()
        self.chosen: Recipe | None = None
        self.threshold_by_hand: float | None = None
        self.resolved: ResolvedRecipe | None = None
        self.analysis: Analysis | None = None
        self.saved_to: Path | None = None
        self._sources = [source]

    @classmethod
    def open(cls, path: str | Path, annotations: Annotations | None = None, *, role: str = "") -> Self:
        """Open an image file; errors as ``open_image``."""
        return cls(open_image(path), annotations, role=role)

    @property
    def path(self) -> Path:
        """File the pixels come from."""
        return self.source.path

    @property
    def info(self) -> ImageInfo:
        """Facts about the image."""
        return self.source.info

    @property
    def automatic_recipe(self) -> Recipe:
        """The recipe before a threshold was set by hand: the chosen one, or by the kind of image.

        Raises
        ------
        RecipeError
            If none was chosen and the image does not say what kind it is.
        """
        return self.chosen or default_recipe(self.info, has_regions=bool(self.annotations.regions))

    @property
    def recipe(self) -> Recipe:
        """The recipe that ``measure`` uses; errors as ``automatic_recipe``."""
        recipe = self.automatic_recipe
        return recipe if self.threshold_by_hand is None else recipe.with_threshold(self.threshold_by_hand)

    @property
    def threshold(self) -> float | None:
        """The threshold in force: by hand, or the automatic one as far as it is known."""
        if self.threshold_by_hand is not None:
            return self.threshold_by_hand
        return self.resolved.threshold if self.resolved is not None and self.resolved.found else None

    @property
    def is_current(self) -> bool:
        """Whether the measurement is of the recipe, strokes and pixel size as they are now."""
        made = self.analysis
        if made is None or made.annotations is not self.annotations:
            return False
        return made.recipe == self.recipe and made.info.calibration == self.info.calibration

    @property
    def is_saved(self) -> bool:
        """Whether the current measurement has been written."""
        return self.is_current and self.saved_to is not None

    def set_recipe(self, recipe: str | Path | Recipe | None) -> None:
        """Choose a recipe by name, file or value; None for the one that fits the kind of image.

        Raises
        ------
        RecipeError
            If there is no such recipe.
        """
        self.chosen = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
        self.threshold_by_hand = None
        self.resolved = None

    def set_threshold(self, threshold: float | None) -> None:
        """Set the threshold by hand, in channel values; None returns to the automatic one.

        Raises
        ------
        RecipeError
            If the recipe measures against a local background, where no one number says which pixels are mineral.
        """
        if threshold is not None and self.automatic_recipe.background is not None:
            what = f"the recipe {self.automatic_recipe.name} finds a threshold for each region by itself"
            raise RecipeError(what, remedy="choose radiograph-global to set one by hand")
        self.threshold_by_hand = None if threshold is None else float(threshold)

    def set_annotations(self, annotations: Annotations) -> None:
        """Replace all strokes."""
        self.annotations = annotations
        self.resolved = None
        if self.chosen is None and self.automatic_recipe.background is not None:
            self.threshold_by_hand = None  # it belonged to the recipe for an image without regions

    def set_pixel_size(self, size: str | Calibration) -> None:
        """Give the pixel size by hand, for example ``0.5um``; everything physical follows from it.

        Raises
        ------
        CalibrationError
            If it is not a length with a unit, or cannot be true.
        """
        calibration = parse_pixel_size(size) if isinstance(size, str) else size
        if self.info.calibration is None:
            self.source.with_calibration(calibration)
        else:
            # Opened anew, so that the record tells the file's own size from the given one, as the command line does.
            self.source = open_image(self.path, calibration=calibration)
            self._sources.append(self.source)  # the earlier one may still be on show
        self.resolved = None

    def question(self) -> Question:
        """What would be measured now; errors as ``recipe``."""
        return Question(self.source, self.recipe, self.annotations)

    def automatic_question(self) -> Question:
        """The same without a threshold set by hand: it answers with the automatic one."""
        return Question(self.source, self.automatic_recipe, self.annotations)

    def resolve(self, progress: Progress | None = None) -> ResolvedRecipe:
        """Find the automatic threshold; errors as ``resolve_for``."""
        self.resolved = self.automatic_question().resolve(progress)
        return self.resolved

    def measure(self, progress: Progress | None = None) -> Analysis:
        """Measure now; errors as ``analyse``."""
        return self.take(self.question().measure(progress))

    def take(self, analysis: Analysis) -> Analysis:
        """Take in a measurement that was made elsewhere, for instance in a thread."""
        self.analysis = analysis
        self.saved_to = None
        return analysis

    def save(self, folder: str | Path) -> Path:
        """Write the results folder; errors as ``save_results``."""
        return save_results([self], folder)

    def close(self) -> None:
        """Release the file."""
        for source in self._sources:
            source.close()


def save_results(sessions: Sequence[Session], folder: str | Path) -> Path:
    """Write what ``calcannot measure`` writes, and the strokes as ``annotations/<image>.geojson``.

    Parameters
    ----------
    sessions
        All measured, and the measurement current.

    Raises
    ------
    OutputError
        If there is nothing to save, the folder cannot be written, or it holds results of other images.
    """
    folder = Path(folder)
    if not sessions or not all(session.is_current for session in sessions):
        raise OutputError("there is no current measurement to save", remedy="measure first")
    names = _unique_names(sessions)
    _check_not_of_others(folder, names)
    results = ResultsFolder(folder)
    try:
        for session, name in zip(sessions, names, strict=True):
            assert session.analysis is not None
            results.add(name, name, sha256_of(session.path), session.source, session.analysis)
            if session.annotations.strokes:
                drawn = json.dumps(to_geojson(session.annotations), indent=1, ensure_ascii=False)
                write_text(folder / "annotations" / f"{name}.geojson", drawn + "\n")
        results.finish()
    except BaseException:
        results.abandon()
        raise
    for session in sessions:
        session.saved_to = folder
    return folder


def _unique_names(sessions: Sequence[Session]) -> list[str]:
    names: list[str] = []
    for session in sessions:
        name, number = session.info.name, 2
        while name.casefold() in (each.casefold() for each in names):
            name, number = f"{session.info.name}-{number}", number + 1
        names.append(name)
    return names


def _check_not_of_others(folder: Path, names: Sequence[str]) -> None:
    """A results folder is replaced as a whole: what another image left there would be lost."""
    try:
        content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        there = [str(each["image"]) for each in content["images"]]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not there, or not ours: ResultsFolder says so
    others = [name for name in there if name not in names]
    if others:
        what = f"holds the results of {others[0]}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")
        raise OutputError(what, path=folder, remedy="choose another folder")
