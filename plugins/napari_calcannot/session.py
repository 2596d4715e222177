"""One open image and what is being done with it. Knows no napari and no Qt, so a script can hold one too."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from calcannot.errors import CalcannotError, RecipeError
from calcannot.io import open_image
from calcannot.model.annotation import StrokeKind
from calcannot.model.calibration import parse_pixel_size
from calcannot.segment.shipped import load_recipe
from calcannot.store.setting import SettingEdit
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.live_mask import LiveMask
from napari_calcannot.question import BOUNDING, Rule, are_same
from napari_calcannot.review import Review
from napari_calcannot.session_state import SessionState
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_rule, plain_size, rule_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.io.source import Source
    from calcannot.model.analysis import Analysis
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.pipeline.scan import Progress
    from napari_calcannot.boxes import Box
    from napari_calcannot.drawing import Drawing

_PAINT = (StrokeKind.ADD, StrokeKind.ERASE)
_ONE_GESTURE_S = 1.0


class Session(SessionState):
    """An image, and all that can be done to it; each change can be undone."""

    @classmethod
    def open(cls, path: str | Path, annotations: Annotations | None = None, *, role: str = "") -> Self:
        """Open an image file; errors as ``open_image``."""
        return cls(open_image(path), annotations, role=role)

    # What is done to it

    def set_recipe(self, recipe: str | Path | Recipe | None) -> None:
        """Choose a recipe by name, file or value; None for the one that fits the kind of image.

        Raises
        ------
        RecipeError
            If there is no such recipe.
        """
        chosen = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
        self._set_rule(Rule(chosen), "recipe")

    def set_threshold(self, threshold: float | None) -> None:
        """Set the threshold by hand, in channel values; None returns to the automatic one.

        Numbers that follow each other closely are one step, as of a slider that is dragged.

        Raises
        ------
        RecipeError
            If the recipe measures against a local background, where no one number says which pixels are mineral.
        """
        if threshold is not None and self.automatic_recipe.background is not None:
            what = f"the recipe {self.automatic_recipe.name} finds a threshold for each region by itself"
            raise RecipeError(what, remedy="choose radiograph-global to set one by hand")
        by_hand = None if threshold is None else float(threshold)
        self._set_rule(replace(self.rule, threshold=by_hand), "threshold", goes_on=by_hand is not None)

    def set_annotations(self, annotations: Annotations, name: str = "regions") -> None:
        """Replace all strokes; those that are the same objects stay as they are."""
        before, after = set(map(id, self.annotations.strokes)), set(map(id, annotations.strokes))
        new = [stroke for stroke in annotations.strokes if id(stroke) not in before]
        gone = {stroke.id for stroke in self.annotations.strokes if id(stroke) not in after} - {s.id for s in new}
        self.draw(new, name, remove=gone)

    def draw(self, strokes: Iterable[Stroke], name: str, *, remove: Iterable[str] = ()) -> None:
        """Add strokes and take others away by their ids, as one step that can be undone.

        Paint that lies beside the image paints nothing, and is not kept: no image could be measured with it.
        """
        size = self.source.info.height_px, self.source.info.width_px
        strokes = tuple(each for each in strokes if each.kind not in _PAINT or each.meets(*size))
        remove = tuple(remove)
        if not strokes and not remove:
            return
        self.settle()
        before = self.annotations
        self.drawing.change(strokes, remove, what=name)
        self._after_strokes(before)

    def mark(self, region: int, kind: StrokeKind) -> None:
        """Accept or reject a measured region, counted from 0; once more takes the mark away."""
        assert self.review is not None
        add, remove = self.review.mark(region, kind, self.hand)
        self.draw(add, kind.value, remove=remove)

    def set_pixel_size(self, size: str | Calibration) -> None:
        """Give the pixel size by hand, for example ``0.5um``; everything physical follows from it.

        Raises
        ------
        CalibrationError
            If it is not a length with a unit, or cannot be true.
        """
        self.settle()
        before, after = given_size(self.source), parse_pixel_size(size) if isinstance(size, str) else size
        self._calibrate(after)
        if after != before and self.path.exists():
            edit = SettingEdit(PIXEL_SIZE, plain_size(before), plain_size(after))
            self.drawing.change(settings=(edit,), what=PIXEL_SIZE)

    def undo(self) -> str:
        """Take back the latest step, and say what it was; empty where there is none."""
        return self._step(undo=True)

    def redo(self) -> str:
        """Do again what was taken back, and say what it was; empty where there is none."""
        return self._step(undo=False)

    def follow(self) -> list[Box] | None:
        """Bring the mask on screen up to the strokes; where it changed, or None where it must be measured."""
        if self.mask is None or self.analysis is None or not self._is_of_rule(self.analysis):
            return None
        return self.mask.follow(self.annotations)

    # Measuring

    def resolve(self, progress: Progress | None = None) -> ResolvedRecipe:
        """Find the automatic threshold; errors as ``resolve_for``."""
        self.resolved, self.statistics = self.automatic_question().resolve(progress)
        return self.resolved

    def measure(self, progress: Progress | None = None) -> Analysis:
        """Measure now; errors as ``analyse``."""
        return self.take(self.question().measure(progress))

    def take(self, analysis: Analysis) -> Analysis:
        """Take in a measurement that was made elsewhere, for instance in a thread."""
        self.analysis = analysis
        self.mask = LiveMask(self.source, analysis)
        self.review = Review(analysis)
        self.review.follow(self.annotations)
        self.mask.tiles.set_codes(self.review.codes)
        self.saved_to = None
        return analysis

    def settle(self) -> None:
        """End a gesture: a slider that was dragged is one step from here on."""
        before, self._gesture = self._gesture, None
        if before is not None and before != self.rule:
            self._keep_rule(before, "threshold")

    def close(self) -> None:
        """Write what is not written, and release the file and all that was made of it."""
        self.settle()
        self.drawing.close()
        self.pixels.close()
        for source in self._sources:
            source.close()
        self.analysis = self.mask = self.review = self.statistics = None

    def keep_in(self, drawing: Drawing) -> None:
        """Go on with strokes that are kept elsewhere; what was done until now is done there too."""
        self.settle()
        if isinstance(self.drawing, MemoryDrawing):
            self.drawing.replay(drawing)
        self.drawing = drawing

    def restore(self, name: str, value: Any) -> None:
        """Bring a setting back as it stands in a journal; names of a later version are passed over.

        Raises
        ------
        RecipeError, CalibrationError, ImageReadError
            If this calcannot cannot read it, or the image is gone. All stays as it was.
        """
        if name == RULE:
            self._use_rule(rule_of(value))
        elif name == PIXEL_SIZE:
            self._calibrate(size_of(value))

    def choose(self, name: str, value: Any, other: Any) -> None:
        """Take one of two values of a setting; errors as ``restore``. Undo takes the other."""
        self.restore(name, value)
        self.drawing.change(settings=(SettingEdit(name, other, value),), what=name)

    # Inside

    def _set_rule(self, rule: Rule, name: str, *, goes_on: bool = False) -> None:
        now = time.monotonic()
        if not goes_on or now - self._moved_at > _ONE_GESTURE_S:
            self.settle()
        before = self.rule
        if rule == before:
            return
        self._use_rule(rule)
        if goes_on:
            self._gesture, self._moved_at = self._gesture or before, now
        else:
            self._keep_rule(before, name)

    def _keep_rule(self, before: Rule, name: str) -> None:
        self.drawing.change(settings=(SettingEdit(RULE, plain_rule(before), plain_rule(self.rule)),), what=name)

    def _use_rule(self, rule: Rule) -> None:
        if rule.chosen != self.rule.chosen:
            self.resolved = self.statistics = None
        self.rule = rule

    def _calibrate(self, size: Calibration | None) -> None:
        if self.path.exists():
            # Opened anew: the file's own size and the given one are both in the record, and undo has the first back.
            known = next((each for each in self._sources if given_size(each) == size), None)
            self._use(known or open_image(self.path, calibration=size))
        elif size is not None:
            self.source.with_calibration(size)
            self.resolved = self.statistics = None

    def _use(self, source: Source) -> None:
        self.source = source
        if source not in self._sources:
            self._sources.append(source)  # earlier ones may still be on show, and come back by undo
        self.resolved = self.statistics = None

    def _step(self, *, undo: bool) -> str:
        self.settle()
        before = self.annotations
        done = self.drawing.undo() if undo else self.drawing.redo()
        if done is None:
            return ""
        try:
            for edit in done.settings:
                self.restore(edit.name, edit.after)
        except CalcannotError:
            self.drawing.redo() if undo else self.drawing.undo()
            raise
        self._after_strokes(before)
        return done.what

    def _after_strokes(self, before: Annotations) -> None:
        if not are_same(before.of(*BOUNDING), self.annotations.of(*BOUNDING)):
            self.resolved = self.statistics = None
