"""Drawn shapes as pixels: a pixel is inside when its centre is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke

Float = npt.NDArray[np.float64]


def inside(stroke: Stroke, row: int, col: int, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Pixels of a box whose centre lies inside an odd number of the stroke's rings; bool (height, width).

    A centre on an edge belongs to one side only, so that shapes that share an edge share no pixel.
    """
    x_min, y_min, x_max, y_max = stroke.bounds()
    if x_max <= col or x_min >= col + width or y_max <= row or y_min >= row + height:
        return np.zeros((height, width), np.bool_)
    toggles = np.zeros((height, width + 1), np.uint8)
    for ring in stroke.rings:
        _toggle(np.ascontiguousarray(ring), row, col, toggles)
    odd: npt.NDArray[np.bool_] = np.bitwise_xor.accumulate(toggles, axis=1)[:, :-1] != 0
    return odd


def inside_any(strokes: tuple[Stroke, ...], row: int, col: int, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Pixels of a box inside at least one of the strokes; bool (height, width)."""
    result = np.zeros((height, width), np.bool_)
    for stroke in strokes:
        result |= inside(stroke, row, col, height, width)
    return result


@compiled
def passes_through(ring: Float, row: int, col: int, height: int, width: int) -> bool:
    """Whether a ring passes through a box, or touches it."""
    top, left, bottom, right = float(row), float(col), float(row + height), float(col + width)
    n = ring.shape[0]
    for i in range(n):
        x0, y0 = ring[i, 0], ring[i, 1]
        x1, y1 = ring[(i + 1) % n, 0], ring[(i + 1) % n, 1]
        if max(x0, x1) < left or min(x0, x1) > right or max(y0, y1) < top or min(y0, y1) > bottom:
            continue
        # Corners of the box on both sides of the line, or on it.
        dx, dy = x1 - x0, y1 - y0
        a, b = (left - x0) * dy - (top - y0) * dx, (right - x0) * dy - (top - y0) * dx
        c, d = (left - x0) * dy - (bottom - y0) * dx, (right - x0) * dy - (bottom - y0) * dx
        if min(a, b, c, d) <= 0 <= max(a, b, c, d):
            return True
    return False


@compiled
def _toggle(ring: Float, row: int, col: int, toggles: npt.NDArray[np.uint8]) -> None:
    height, width = toggles.shape[0], toggles.shape[1] - 1
    n = ring.shape[0]
    for i in range(n):
        x0, y0 = ring[i, 0], ring[i, 1]
        x1, y1 = ring[(i + 1) % n, 0], ring[(i + 1) % n, 1]
        if y0 == y1:
            continue
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        first = max(0, int(np.ceil(y0 - 0.5)) - row)
        last = min(height, int(np.ceil(y1 - 0.5)) - row)
        for r in range(first, last):
            crossing = x0 + (row + r + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            c = int(np.ceil(min(max(crossing - 0.5 - col, -1.0), width + 1.0)))
            toggles[r, min(max(c, 0), width)] ^= 1
