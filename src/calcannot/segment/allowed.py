"""Where an image is measured: inside the regions of interest, and outside of what was excluded or comes excluded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.segment.polygons import inside, inside_any

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.image import ImageInfo

Mask = npt.NDArray[np.bool_]


def with_exclusions(info: ImageInfo, annotations: Annotations) -> Annotations:
    """Strokes with those exclusions in front that come with the image and that no "accept" touches."""
    accepted = annotations.of(StrokeKind.ACCEPT)
    kept = tuple(
        stroke
        for stroke in info.excluded
        if stroke not in annotations.strokes and not any(_overlap(stroke, each) for each in accepted)
    )
    return Annotations(kept + annotations.strokes) if kept else annotations


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
