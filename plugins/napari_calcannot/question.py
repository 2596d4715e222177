"""What is to be measured, as it stood when it was asked."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from calcannot.errors import RecipeError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.pipeline.analyse import analyse, resolve_for
from napari_calcannot.mask_codes import reduced_codes
from napari_calcannot.on_disk import table_on_disk
from napari_calcannot.preview import preview_rule

if TYPE_CHECKING:
    from calcannot.io.source import Source
    from calcannot.model.analysis import Analysis
    from calcannot.model.recipe import Recipe
    from calcannot.model.recipe_rules import Method, Stain
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.pipeline.scan import Progress
    from calcannot.segment.statistics import ImageStatistics

BOUNDING = (StrokeKind.REGION, StrokeKind.EXCLUDE)
"""Kinds that say where is measured, and so move automatic thresholds."""


@dataclass(frozen=True, slots=True)
class Question:
    """Image, recipe and strokes: a worker holds this and never the session."""

    source: Source
    recipe: Recipe
    annotations: Annotations

    def resolve(self, progress: Progress | None = None) -> tuple[ResolvedRecipe, ImageStatistics]:
        """Give the recipe in numbers, the histograms they were found in, and that of the channel on show."""
        also: tuple[str | Stain, ...] = ()  # no preview, and no histogram beside it
        with suppress(RecipeError):
            also = (preview_rule(self.recipe, self.source.info).channel.spec,)
        return resolve_for(self.source, self.recipe, self.annotations, progress=progress, also=also)

    def measure(self, progress: Progress | None = None) -> Analysis:
        """Measure, by the function that every other door calls."""
        analysis = analyse(self.source, self.recipe, self.annotations, progress=progress)
        reduced_codes(analysis.runs, np.zeros(len(analysis.regions) + 1, np.uint8), 0, 0, 1, 1, 1)  # compiled here
        return replace(analysis, regions=table_on_disk(analysis.regions))


@dataclass(frozen=True, slots=True)
class Rule:
    """The recipe that was chosen, and the threshold set by hand; None for each that is automatic."""

    chosen: Recipe | None = None
    threshold: float | None = None


def with_method(recipe: Recipe, method: Method) -> Recipe:
    """The same recipe with its threshold found by another method, and named so.

    Core and gate belong to the method they were made for: they go with it.
    """
    if recipe.threshold is method:
        return recipe
    base = re.sub(r" \([^()]*\)$", "", recipe.name)
    update = {"threshold": method, "core": None, "gate": None, "name": f"{base} ({method.value})"[:80]}
    return recipe.model_copy(update=update)


_LATEST: deque[tuple[Annotations, tuple[Stroke, ...]]] = deque(maxlen=8)


def deciding(annotations: Annotations) -> tuple[Stroke, ...]:
    """Strokes that decide a number: to accept a region changes none, unless its side or kind is told with it."""
    for known, strokes in _LATEST:
        if known is annotations:
            return strokes
    strokes = tuple(
        stroke
        for stroke in annotations.strokes
        if stroke.kind is not StrokeKind.ACCEPT or stroke.side or stroke.morphology
    )
    _LATEST.append((annotations, strokes))
    return strokes


def is_same(a: Stroke, b: Stroke) -> bool:
    """Whether two strokes say the same: one that was read from disk again is another object."""
    if a is b:
        return True
    if a.id != b.id or a.kind is not b.kind or len(a.rings) != len(b.rings):
        return False
    if (a.reach_px, a.peak_fraction, a.side, a.morphology) != (b.reach_px, b.peak_fraction, b.side, b.morphology):
        return False
    return all(np.array_equal(x, y) for x, y in zip(a.rings, b.rings, strict=True))


def are_same(a: tuple[Stroke, ...], b: tuple[Stroke, ...]) -> bool:
    """Whether two lists of strokes decide the same pixels."""
    return len(a) == len(b) and all(map(is_same, a, b))
