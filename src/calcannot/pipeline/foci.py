"""Foci of an image: the recipe's parameters, and what header and reader say of sides and kinds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import StrokeKind
from calcannot.model.foci import Foci, Side
from calcannot.model.recipe import FociRule, Length
from calcannot.morphometry.foci import foci_of
from calcannot.segment.polygons import inside

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo
    from calcannot.model.recipe import Recipe
    from calcannot.model.regions import LabelledRuns, RegionTable

RADIOGRAPH_FOCI: Final = FociRule(joining=Length(um=2000.0, px=10.0))
"""Septa between the lobules of a deposit are about 1 mm wide, and blur hides as much again."""

_SAYS: Final = (StrokeKind.REGION, StrokeKind.ADD, StrokeKind.ACCEPT)


def find_foci(
    info: ImageInfo, recipe: Recipe, annotations: Annotations, regions: RegionTable, runs: LabelledRuns
) -> Foci | None:
    """Foci by the recipe's rule, or a radiograph's own; None for a section whose recipe has none."""
    rule = recipe.foci or (RADIOGRAPH_FOCI if recipe.kind == "radiograph" else None)
    if rule is None:
        return None
    scaled = info.calibration is not None
    joining_px = rule.joining.in_px(info.calibration, "foci.joining")
    joining = rule.joining.um if scaled and rule.joining.um is not None else joining_px
    if info.calibration is not None and rule.joining.um is None:
        joining = joining_px * info.calibration.mean_um_per_px
    minimum = (
        0 if rule.minimum_area is None else math.ceil(rule.minimum_area.in_px(info.calibration, "foci.minimum_area"))
    )
    sides, kinds = _said_of(regions, runs, annotations, str(info.metadata.get("side", "")))
    return foci_of(runs, regions, float(joining), minimum, info.calibration, sides, kinds)


def _said_of(
    regions: RegionTable, runs: LabelledRuns, annotations: Annotations, header_side: str
) -> tuple[list[str], list[str]]:
    """Side and morphology of each region: of the last stroke that says so and holds the middle of its longest run."""
    sides = [header_side if header_side in set(Side) else ""] * len(regions)
    kinds = [""] * len(regions)
    telling = [stroke for stroke in annotations.of(*_SAYS) if stroke.side or stroke.morphology]
    if not telling or not len(regions):
        return sides, kinds
    rows, cols = _anchors(runs, len(regions))
    for stroke in telling:
        x_min, y_min, x_max, y_max = stroke.bounds()
        row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
        height = min(runs.height_px, math.ceil(y_max)) - row
        width = min(runs.width_px, math.ceil(x_max)) - col
        if height <= 0 or width <= 0:
            continue
        covered = inside(stroke, row, col, height, width)
        near = (rows >= row) & (rows < row + height) & (cols >= col) & (cols < col + width)
        for region in np.flatnonzero(near):
            if covered[rows[region] - row, cols[region] - col]:
                sides[region] = stroke.side or sides[region]
                kinds[region] = stroke.morphology or kinds[region]
    return sides, kinds


def _anchors(runs: LabelledRuns, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Row and column of the middle of each region's longest run."""
    length = (runs.stop - runs.start).astype(np.int64)
    row_of = np.repeat(np.arange(runs.height_px), np.diff(runs.row_start))
    order = np.lexsort((np.arange(length.size), -length, runs.region))
    first = order[np.searchsorted(runs.region[order], np.arange(1, count + 1))]
    return row_of[first], runs.start[first] + length[first] // 2
