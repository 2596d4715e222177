"""Foci of an image from its regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.foci import Foci
from calcannot.morphometry.chord import longest_chord
from calcannot.morphometry.geometry import ferets_of
from calcannot.morphometry.hull import common_hull
from calcannot.morphometry.joining import joined, nearest_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import LabelledRuns, RegionTable

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def foci_of(
    runs: LabelledRuns,
    regions: RegionTable,
    joining: float,
    minimum_area_px: int,
    calibration: Calibration | None,
    region_side: Sequence[str],
    region_morphology: Sequence[str],
) -> Foci:
    """Join regions to foci and measure them.

    Parameters
    ----------
    joining
        In µm with a calibration, else in px.
    minimum_area_px
        Foci of less are dropped.
    region_side, region_morphology
        What a person or the header says of each region, or empty. A focus has what is said of most of its area.
    """
    row_size, col_size = (calibration.um_per_px_row, calibration.um_per_px_col) if calibration else (1.0, 1.0)
    group = joined(runs, len(regions), joining, row_size, col_size)
    count = int(group.max()) + 1 if len(regions) else 0
    area = np.bincount(group, weights=regions.area, minlength=count)
    keep = area >= minimum_area_px
    number = np.cumsum(keep) - 1
    group = np.where(keep[group], number[group], -1) if len(regions) else group
    count = int(keep.sum())
    members = [np.flatnonzero(group == each) for each in range(count)]
    hulls = [_hull(regions, each) for each in members]
    measured = np.array([ferets_of(*hull, row_size, col_size) for hull in hulls]).reshape(count, 5)

    def total(values: Int64) -> Int64:
        return np.array([int(values[each].sum()) for each in members], dtype=np.int64)

    def extreme(values: Int64, least: bool) -> Int64:
        return np.array([int(values[each].min() if least else values[each].max()) for each in members], np.int64)

    area_px = total(regions.area)
    box = [
        extreme(regions.row_min, True), extreme(regions.col_min, True),
        extreme(regions.row_max, False), extreme(regions.col_max, False),
    ]  # fmt: skip
    short = [
        longest_chord(runs, group, k, (int(box[0][k]), int(box[1][k]), int(box[2][k]), int(box[3][k])),
                      float(measured[k, 1]), row_size, col_size)
        for k in range(count)
    ]  # fmt: skip
    centroid_row, centroid_col = (total(each) / area_px for each in (regions.row_sum, regions.col_sum))
    both = common_hull(
        np.concatenate([hull[0] for hull in hulls]), np.concatenate([hull[1] for hull in hulls])
    ) if count else None  # fmt: skip
    return Foci(
        scaled=calibration is not None,
        joining=joining,
        minimum_area_px=minimum_area_px,
        of_region=group + 1,
        area_px=area_px,
        region_count=np.array([each.size for each in members], np.int64),
        long_axis=measured[:, 0],
        long_axis_angle_deg=measured[:, 1],
        perpendicular=measured[:, 2],
        short_axis=np.array(short, np.float64),
        hull_area=measured[:, 4],
        nearest=nearest_distances(runs, group, count, row_size, col_size),
        row_min=box[0], col_min=box[1], row_max=box[2], col_max=box[3],
        centroid_row=centroid_row,
        centroid_col=centroid_col,
        touches_border=np.array([bool(regions.touches_border[each].any()) for each in members], np.bool_),
        side=tuple(_most(region_side, regions.area, each) for each in members),
        morphology=tuple(_most(region_morphology, regions.area, each) for each in members),
        spread=float(ferets_of(*both, row_size, col_size)[0]) if both is not None else 0.0,
        centroid_spread=_largest_distance(centroid_row * row_size, centroid_col * col_size),
    )  # fmt: skip


def _hull(regions: RegionTable, members: Int64) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    parts = [slice(int(regions.hull_start[k]), int(regions.hull_start[k + 1])) for k in members]
    return common_hull(
        np.concatenate([regions.hull_row[part] for part in parts]),
        np.concatenate([regions.hull_col[part] for part in parts]),
    )


def _most(said: Sequence[str], area: Int64, members: Int64) -> str:
    """What is said of most of the area, of what is said at all; of equals the first by name."""
    sums: dict[str, int] = {}
    for k in members:
        sums[said[k]] = sums.get(said[k], 0) + int(area[k])
    sums.pop("", None)
    return min(sums, key=lambda each: (-sums[each], each)) if sums else ""


def _largest_distance(rows: Floats, cols: Floats) -> float:
    if rows.size < 2:
        return 0.0
    from scipy.spatial.distance import pdist

    return float(pdist(np.stack([rows, cols], axis=1)).max())
