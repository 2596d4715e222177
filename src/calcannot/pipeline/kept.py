"""Which components are regions: large and dark enough or drawn by hand, and not rejected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.classes import ADDED
from calcannot.morphometry.components import label_runs
from calcannot.morphometry.region_table import areas_of, flagged
from calcannot.segment.polygons import inside

if TYPE_CHECKING:
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.morphometry.runs import RunTable
    from calcannot.segment.colour_table import LevelScale

Labels = npt.NDArray[np.int32]


def kept_components(
    runs: RunTable, labels: Labels, count: int, resolved: ResolvedRecipe, scale: LevelScale, annotations: Annotations
) -> npt.NDArray[np.bool_]:
    """Whether each component is a region; bool (count,)."""
    keep = areas_of(runs, labels, count) >= resolved.minimum_area_px
    if resolved.core_at_most is not None:
        darkest = np.full(count, np.iinfo(np.int32).max, np.int32)
        np.minimum.at(darkest, labels, runs.level_min)
        keep &= scale.offset + darkest * scale.step <= resolved.core_at_most
    keep |= flagged(runs, labels, count, ADDED)
    for stroke in annotations.of(StrokeKind.REJECT):
        keep[_components_under(runs, labels, stroke)] = False
    return keep


def kept_area_px(runs: RunTable, resolved: ResolvedRecipe, scale: LevelScale, annotations: Annotations) -> int:
    """Pixels of all regions of a mask."""
    labels, count = label_runs(runs)
    keep = kept_components(runs, labels, count, resolved, scale, annotations)
    return int(areas_of(runs, labels, count)[keep].sum())


def _components_under(runs: RunTable, labels: Labels, stroke: Stroke) -> npt.NDArray[np.intp]:
    """Components with a pixel inside the stroke."""
    x_min, y_min, x_max, y_max = stroke.bounds()
    row, last_row = max(0, math.floor(y_min)), min(runs.height_px, math.ceil(y_max))
    col, last_col = max(0, math.floor(x_min)), min(runs.width_px, math.ceil(x_max))
    touched = inside(stroke, row, col, last_row - row, last_col - col)
    hits: list[int] = []
    for r in range(row, last_row):
        for run in range(int(runs.row_start[r]), int(runs.row_start[r + 1])):
            if touched[r - row, max(0, runs.start[run] - col) : max(0, runs.stop[run] - col)].any():
                hits.append(int(labels[run]))
    return np.unique(np.array(hits, dtype=np.intp))
