"""Where an image is measured: inside the regions of interest, and outside of what was excluded or comes excluded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.segment.polygons import inside, inside_any, passes_through

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.image import ImageInfo

Mask = npt.NDArray[np.bool_]


def with_exclusions(info: ImageInfo, annotations: Annotations) -> Annotations:
    """Strokes with those exclusions in front that come with the image and that no "accept" touches."""
    kept = tuple(stroke for stroke in excluded_by_image(info, annotations) if stroke not in annotations.strokes)
    return Annotations(kept + annotations.strokes) if kept else annotations


def excluded_by_image(info: ImageInfo, annotations: Annotations) -> tuple[Stroke, ...]:
    """Exclusions that come with the image and that no "accept" touches."""
    accepted = annotations.of(StrokeKind.ACCEPT)
    return tuple(stroke for stroke in info.excluded if not any(_overlap(stroke, each) for each in accepted))


def _overlap(one: Stroke, other: Stroke) -> bool:
    """Whether two strokes have a pixel in common."""
    x_min, y_min, x_max, y_max = other.bounds()
    row, col = math.floor(y_min), math.floor(x_min)
    box = (row, col, math.ceil(y_max) - row, math.ceil(x_max) - col)
    return bool((inside(one, *box) & inside(other, *box)).any())


def allowed_in(annotations: Annotations, row: int, col: int, height: int, width: int) -> Mask:
    """Pixels of a box inside a region of interest (or anywhere, where there is none) and in no exclusion."""
    regions = annotations.regions
    allowed = inside_any(regions, row, col, height, width) if regions else np.ones((height, width), np.bool_)
    return np.asarray(allowed & ~inside_any(annotations.of(StrokeKind.EXCLUDE), row, col, height, width))


class AllowedArea:
    """Where an image is measured, told box by box from the outlines that were drawn.

    Pixels of a box that no outline passes through are all on one side: they need not be drawn on, nor be decoded where
    nothing is measured.
    """

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self._strokes = annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE)
        self._bounds = np.array([stroke.bounds() for stroke in self._strokes]).reshape(-1, 4)

    def mask(self, row: int, col: int, height: int, width: int) -> Mask:
        """Pixels of a box that are measured."""
        return allowed_in(self._annotations, row, col, height, width)

    def covers(self, row: int, col: int, height: int, width: int) -> bool | None:
        """Whether a box and the pixels around it are measured: all of them, none, or None where it must be drawn."""
        if not self._strokes:
            return True
        box = row - 1, col - 1, height + 2, width + 2
        low, high = self._bounds[:, :2], self._bounds[:, 2:]
        near = ((low <= (col + width + 1, row + height + 1)) & (high >= (col - 1, row - 1))).all(axis=1)
        found: dict[StrokeKind, set[bool | None]] = {StrokeKind.REGION: set(), StrokeKind.EXCLUDE: set()}
        for number in np.flatnonzero(near):
            found[self._strokes[number].kind].add(_covers(self._strokes[number], *box))
        regions = found[StrokeKind.REGION] if self._annotations.regions else {True}
        exclusions = found[StrokeKind.EXCLUDE]
        if True in exclusions or not regions & {True, None}:
            return False
        return None if None in exclusions or True not in regions else True


class Corrections:
    """Where strokes add, erase or reject pixels."""

    def __init__(self, annotations: Annotations) -> None:
        strokes = annotations.of(StrokeKind.ADD, StrokeKind.ERASE, StrokeKind.REJECT)
        self._bounds = np.array([stroke.bounds() for stroke in strokes]).reshape(-1, 4)

    def touch(self, row: int, col: int, height: int, width: int) -> bool:
        """Whether they may change pixels of a box."""
        low, high = self._bounds[:, :2], self._bounds[:, 2:]
        return bool(((low < (col + width, row + height)) & (high > (col, row))).all(axis=1).any())


def _covers(stroke: Stroke, row: int, col: int, height: int, width: int) -> bool | None:
    """Whether a stroke covers a box; None where its outline passes through."""
    if any(passes_through(ring, row, col, height, width) for ring in stroke.rings):
        return None
    return bool(inside(stroke, row, col, 1, 1)[0, 0])
