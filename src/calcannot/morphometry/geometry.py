"""Lengths and areas of regions, for pixels of any shape.

Feret diameters are those of the hull on pixel corners (ImageJ's definition). The perimeter is Crofton's with four
directions: the boundary's length from the number of times that grid lines cross it (Lehmann and Legland 2012, Insight
Journal 852, for pixels that are not square).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.processors import default_workers

if TYPE_CHECKING:
    from calcannot.model.regions import RegionTable

Float = npt.NDArray[np.floating]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_TIE = 1e-12  # relative: diameters closer than this are one diameter in two directions
_AT_ONCE = 8192  # regions; fewer are not worth another thread
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Per region, in the unit of the pixel size that was given; each array float64 (n,).

    Attributes
    ----------
    perimeter
        Outer and inner boundaries.
    feret_max, feret_max_angle_deg
        Largest distance between two points of the hull and its direction: from the columns' axis, counter-clockwise
        as seen on the screen, 0 to below 180. Of several equal diameters the one with the least width.
    width
        Width of the hull perpendicular to that diameter.
    feret_min
        Least distance between two parallel lines that enclose the hull.
    hull_area
        Area of the hull.
    """

    perimeter: Float
    feret_max: Float
    feret_max_angle_deg: Float
    width: Float
    feret_min: Float
    hull_area: Float


def geometry_of(table: RegionTable, row_size: float, col_size: float, workers: int | None = None) -> Geometry:
    """Measure every region with pixels of ``row_size`` (vertical) by ``col_size`` (horizontal)."""
    count, threads = len(table), min(workers or default_workers(), _MOST_THREADS)

    def work(begin: int) -> Float:
        offsets = table.hull_start[begin : begin + at_once + 1]
        return _ferets(offsets, table.hull_row, table.hull_col, row_size, col_size)

    at_once = max(_AT_ONCE, -(-count // threads))
    with ThreadPoolExecutor(threads) as pool:
        feret = np.concatenate([np.zeros((0, 5)), *pool.map(work, range(0, count, at_once))])
    perimeter = crofton_perimeter(table.crossings, row_size, col_size)
    return Geometry(perimeter, feret[:, 0], feret[:, 1], feret[:, 2], feret[:, 3], feret[:, 4])


def extent_of(rows: Int32, cols: Int32, row_size: float, col_size: float) -> tuple[float, float]:
    """Length (largest Feret diameter) and width (perpendicular to it) of one hull."""
    feret = ferets_of(rows, cols, row_size, col_size)
    return float(feret[0]), float(feret[2])


def ferets_of(rows: Int32, cols: Int32, row_size: float, col_size: float) -> Float:
    """Of one hull: largest diameter, its angle, width across it, least diameter, area; float64 (5,)."""
    return np.asarray(_ferets(np.array([0, rows.size], np.int64), rows, cols, row_size, col_size)[0])


def crofton_perimeter(crossings: Int64, row_size: float, col_size: float) -> Float:
    """Cauchy-Crofton: pi/2 times the mean over directions of crossings times the distance between the lines.

    Each direction stands for the angles nearer to it than to its neighbours.
    """
    diagonal = np.hypot(row_size, col_size)
    slope = np.arctan2(row_size, col_size)
    share = np.array([slope / np.pi, 0.5 - slope / np.pi, 0.25, 0.25])
    spacing = np.array([row_size, col_size, row_size * col_size / diagonal, row_size * col_size / diagonal])
    # Summed term by term: a matrix product may add up in another order on another machine.
    lengths = share * spacing
    return np.asarray(np.pi / 2 * sum(crossings[:, line] * lengths[line] for line in range(4)))


@compiled
def _ferets(offsets: Int64, hull_row: Int32, hull_col: Int32, row_size: float, col_size: float) -> Float:
    count = offsets.size - 1
    result = np.zeros((count, 5), np.float64)
    most = 0
    for region in range(count):
        most = max(most, offsets[region + 1] - offsets[region])
    y, x, farthest = np.empty(most, np.float64), np.empty(most, np.float64), np.zeros(most, np.float64)
    for region in range(count):
        begin = offsets[region]
        n = offsets[region + 1] - begin
        for i in range(n):
            y[i], x[i] = hull_row[begin + i] * row_size, hull_col[begin + i] * col_size
        longest = 0.0
        for i in range(n):
            away = 0.0
            for j in range(i + 1, n):
                away = max(away, (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2)
            farthest[i] = away
            longest = max(longest, away)
        if longest == 0.0:
            continue
        width = np.inf
        angle = 180.0
        for i in range(n):
            if farthest[i] < longest * (1 - _TIE):
                continue
            for j in range(i + 1, n):
                dx, dy = x[j] - x[i], y[j] - y[i]
                if dx * dx + dy * dy < longest * (1 - _TIE):
                    continue
                across = _width_across(x, y, n, dx, dy)
                direction = np.degrees(np.arctan2(-dy, dx)) % 180.0
                if across < width * (1 - _TIE) or (across < width * (1 + _TIE) and direction < angle):
                    width, angle = across, direction
        least = np.inf
        area = 0.0
        for i in range(n):
            j = (i + 1) % n
            dx, dy = x[j] - x[i], y[j] - y[i]
            area += x[i] * y[j] - x[j] * y[i]
            least = min(least, _width_across(x, y, n, dx, dy))
        result[region, 0] = np.sqrt(longest)
        result[region, 1] = angle
        result[region, 2] = width
        result[region, 3] = least
        result[region, 4] = abs(area) / 2
    return result


@compiled
def _width_across(x: Float, y: Float, n: int, dx: float, dy: float) -> float:
    """Extent of points perpendicular to a direction."""
    low = np.inf
    high = -np.inf
    for k in range(n):
        across = x[k] * dy - y[k] * dx
        low = min(low, across)
        high = max(high, across)
    return float((high - low) / np.sqrt(dx * dx + dy * dy))
