"""The longest straight line inside mineral in a given direction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_LINES_PER_PX: Final = 2.0
_MOST_LINES: Final = 2000
_SAMPLES_PER_PX: Final = 8.0
_MOST_SAMPLES: Final = 8000


def longest_chord(
    runs: LabelledRuns,
    group_of_region: Int64,
    group: int,
    box: tuple[int, int, int, int],
    angle_deg: float,
    row_size: float,
    col_size: float,
) -> float:
    """Longest unbroken line across ``angle_deg`` inside a group of regions, in the unit of the pixel size.

    Lines lie half a pixel apart and are sampled eight times a pixel (2,000 lines of 8,000 samples at most).

    Parameters
    ----------
    group_of_region
        int64 (regions,).
    box
        Of the group: first row, first column, end row, end column.
    angle_deg
        Direction of the long axis: from the columns' axis, counter-clockwise as seen, of lengths and not of pixels.
    """
    turn = math.radians(angle_deg)
    # (x right, y down) in lengths: along the long axis, and across it.
    along, across = (math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))
    corners = [(c * col_size, r * row_size) for r in (box[0], box[2]) for c in (box[1], box[3])]
    ends = [[x * axis[0] + y * axis[1] for x, y in corners] for axis in (along, across)]
    (low, high), (bottom, top) = ((min(each), max(each)) for each in ends)
    pixel = min(row_size, col_size)
    lines = min(_MOST_LINES, math.ceil((high - low) / pixel * _LINES_PER_PX))
    samples = min(_MOST_SAMPLES, math.ceil((top - bottom) / pixel * _SAMPLES_PER_PX))
    most = _longest(
        runs.row_start, runs.start, runs.stop, runs.region, group_of_region, group,
        (low, (high - low) / lines, bottom, (top - bottom) / samples), (lines, samples),
        (along[0] / col_size, along[1] / row_size), (across[0] / col_size, across[1] / row_size),
    )  # fmt: skip
    return most * (top - bottom) / samples


@compiled
def _longest(
    row_start: Int64, start: Int32, stop: Int32, region: Int32, group_of_region: Int64, group: int,
    grid: tuple[float, float, float, float], counts: tuple[int, int],
    along: tuple[float, float], across: tuple[float, float],
) -> int:  # fmt: skip
    height = row_start.size - 1
    most = 0
    for line in range(counts[0]):
        t = grid[0] + (line + 0.5) * grid[1]
        length = 0
        for sample in range(counts[1]):
            u = grid[2] + (sample + 0.5) * grid[3]
            col = int(np.floor(t * along[0] + u * across[0]))
            row = int(np.floor(t * along[1] + u * across[1]))
            inside = False
            if 0 <= row < height:
                low, high = row_start[row], row_start[row + 1]
                while low < high:
                    middle = (low + high) // 2
                    if stop[middle] <= col:
                        low = middle + 1
                    else:
                        high = middle
                inside = low < row_start[row + 1] and start[low] <= col and group_of_region[region[low] - 1] == group
            length = length + 1 if inside else 0
            most = max(most, length)
    return most
