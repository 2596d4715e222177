"""What is known of one open image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import RecipeError
from calcannot.segment.shipped import default_recipe
from napari_calcannot.drawing import Drawing, MemoryDrawing
from napari_calcannot.image_pyramid import ImagePyramid
from napari_calcannot.painting import Hand
from napari_calcannot.question import Question, Rule, are_same, deciding
from napari_calcannot.tile_cache import TileCache

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.io.source import Source
    from calcannot.model.analysis import Analysis
    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.segment.statistics import ImageStatistics
    from napari_calcannot.live_mask import LiveMask
    from napari_calcannot.review import Review


TILES = TileCache()
"""Of all open images."""


class SessionState:
    """State of one image: recipe, threshold, strokes, the latest measurement, and whether it is saved.

    Parameters
    ----------
    source
        An open image; the session closes it.
    annotations
        Strokes to begin with, where there is no ``drawing``.
    role
        What the image is in its case, for example ``radiograph``; empty where there is no case.
    drawing
        Where strokes are kept; in memory unless given.
    """

    def __init__(
        self, source: Source, annotations: Annotations | None = None, *, role: str = "", drawing: Drawing | None = None
    ) -> None:
        self.source = source
        self.role = role
        self.hand = Hand()
        self.drawing: Drawing = drawing or MemoryDrawing(annotations)
        self.rule = Rule()
        self.resolved: ResolvedRecipe | None = None
        self.statistics: ImageStatistics | None = None
        self.analysis: Analysis | None = None
        self.mask: LiveMask | None = None
        self.review: Review | None = None
        self.saved_to: Path | None = None
        self.notice = ""
        """What the user has to be told when it is opened."""
        self.pixels = ImagePyramid(source, TILES)
        self._sources = [source]
        self._gesture: Rule | None = None
        """The rule before a slider that may still be moving; None where none was moved."""
        self._moved_at = 0.0

    @property
    def path(self) -> Path:
        """File the pixels come from."""
        return self.source.path

    @property
    def info(self) -> ImageInfo:
        """Facts about the image."""
        return self.source.info

    @property
    def annotations(self) -> Annotations:
        """Strokes in force."""
        return self.drawing.annotations

    @property
    def chosen(self) -> Recipe | None:
        """The recipe that was chosen; None for the one that fits the kind of image."""
        return self.rule.chosen

    @property
    def threshold_by_hand(self) -> float | None:
        """The threshold set by hand; None for the automatic one."""
        # One set before there were regions belongs to the recipe for an image without.
        by_hand = self.rule.threshold
        return None if by_hand is None or self.automatic_recipe.background is not None else by_hand

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
        by_hand = self.threshold_by_hand
        return recipe if by_hand is None else recipe.with_threshold(by_hand)

    @property
    def threshold(self) -> float | None:
        """The threshold in force: by hand, or the automatic one as far as it is known."""
        by_hand = self.threshold_by_hand
        if by_hand is not None:
            return by_hand
        return self.resolved.threshold if self.resolved is not None and self.resolved.found else None

    @property
    def is_current(self) -> bool:
        """Whether the measurement is of the recipe, strokes and pixel size as they are now."""
        made = self.analysis
        return made is not None and self._is_of_rule(made) and self._is_of_strokes(made.annotations)

    @property
    def shows_mask(self) -> bool:
        """Whether the mask on screen is what would be measured now, be it measured or followed."""
        made, mask = self.analysis, self.mask
        if made is None or mask is None or not self._is_of_rule(made):
            return False
        return self._is_of_strokes(mask.annotations)

    @property
    def is_saved(self) -> bool:
        """Whether the current measurement has been written."""
        return self.is_current and self.saved_to is not None

    @property
    def next_undo(self) -> str | None:
        """Name of what undo takes back, be it of now or of an earlier day; None where there is nothing."""
        return "threshold" if self._is_moving else self.drawing.next_undo

    @property
    def next_redo(self) -> str | None:
        """Name of what redo does again; None where there is nothing."""
        return None if self._is_moving else self.drawing.next_redo

    @property
    def _is_moving(self) -> bool:
        return self._gesture is not None and self._gesture != self.rule

    def has_recipe(self, recipe: Recipe) -> bool:
        """Whether this is the recipe that ``measure`` would use."""
        try:
            return self.recipe == recipe
        except RecipeError:
            return False  # none is chosen any more

    def is_asked(self, question: Question) -> bool:
        """Whether a question is what would be measured now."""
        is_of_rule = self._is_of(question.recipe, question.source.info)
        return is_of_rule and self._is_of_strokes(question.annotations)

    def question(self) -> Question:
        """What would be measured now; errors as ``recipe``."""
        return Question(self.source, self.recipe, self.annotations)

    def automatic_question(self) -> Question:
        """The same without a threshold set by hand: it answers with the automatic one."""
        return Question(self.source, self.automatic_recipe, self.annotations)

    def _is_of_rule(self, made: Analysis) -> bool:
        return self._is_of(made.recipe, made.info)

    def _is_of(self, recipe: Recipe, info: ImageInfo) -> bool:
        return self.has_recipe(recipe) and info.calibration == self.info.calibration

    def _is_of_strokes(self, annotations: Annotations) -> bool:
        return are_same(deciding(annotations), deciding(self.annotations))
