"""Objects of known size and letters on a rendered film, as nepers to add to its anatomy.

A place is in mm in the object's own plane, from the central ray, which meets the middle of the film: row down, column
to the right, as for `Nodule`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from calcannot.phantom.radiograph import SOFT_TISSUE_PER_CM, STEEL_PER_CM

if TYPE_CHECKING:
    from calcannot.phantom.radiograph_spec import RadiographSpec
    from calcannot.phantom.shape import Floats

# 2 mm of cupronickel: copper at 55 keV has about 2.0 cm²/g, so 18 per cm. Lead is opaque.
COIN_NEPERS = 3.6
LEAD_NEPERS = 9.0
_SUBSAMPLES = 6
# Of the height of a letter: row, column, height and width of its bars.
_BARS = {
    "L": ((0.0, 0.0, 1.0, 0.2), (0.8, 0.0, 0.2, 0.6)),
    "R": ((0.0, 0.0, 1.0, 0.2), (0.0, 0.0, 0.2, 0.6), (0.4, 0.0, 0.2, 0.6), (0.0, 0.4, 0.6, 0.2), (0.6, 0.3, 0.4, 0.2)),
}


def trunk_in_air(spec: RadiographSpec, share: float = 0.8, thickness_cm: float = 22.0) -> Floats:
    """Nepers of an elliptic trunk that fills this share of the film's sides, with air round it."""
    height, width = spec.size_px
    rows, cols = np.ogrid[:height, :width]
    away = ((rows - (height - 1) / 2) / (share * height / 2)) ** 2 + (
        (cols - (width - 1) / 2) / (share * width / 2)
    ) ** 2
    return np.asarray(thickness_cm * SOFT_TISSUE_PER_CM * np.sqrt(np.clip(1 - away, 0, None)))


def coin(
    spec: RadiographSpec,
    row_mm: float,
    col_mm: float,
    *,
    diameter_mm: float = 24.5,
    height_mm: float = 75.0,
    tilt_deg: float = 0.0,
    turned_deg: float = 0.0,
) -> Floats:
    """Nepers of a coin: an ellipse whose long axis is its diameter, the short one that times the cosine of the tilt."""
    turn = math.radians(turned_deg)

    def within(rows: Floats, cols: Floats) -> Floats:
        along, across = cols * math.cos(turn) + rows * math.sin(turn), rows * math.cos(turn) - cols * math.sin(turn)
        radius = diameter_mm / 2
        shadow = (along / radius) ** 2 + (across / (radius * math.cos(math.radians(tilt_deg)))) ** 2 <= 1
        return np.asarray(COIN_NEPERS * shadow, dtype=np.float64)

    return _cast(spec, row_mm, col_mm, height_mm, within)


def ball(
    spec: RadiographSpec, row_mm: float, col_mm: float, *, diameter_mm: float = 25.0, height_mm: float = 75.0
) -> Floats:
    """Nepers of a ball of steel."""

    def within(rows: Floats, cols: Floats) -> Floats:
        away = (rows**2 + cols**2) / (diameter_mm / 2) ** 2
        return np.asarray(STEEL_PER_CM * diameter_mm / 10 * np.sqrt(np.clip(1 - away, 0, None)))

    return _cast(spec, row_mm, col_mm, height_mm, within)


def lead_letter(
    spec: RadiographSpec, letter: str, row_mm: float, col_mm: float, *, letter_mm: float = 15.0, height_mm: float = 0.0
) -> Floats:
    """Nepers of a letter of lead, L or R; the place is that of its upper left corner."""

    def within(rows: Floats, cols: Floats) -> Floats:
        covered = np.zeros(np.broadcast_shapes(rows.shape, cols.shape), np.bool_)
        for top, left, high, wide in _BARS[letter]:
            row, col = rows / letter_mm - top, cols / letter_mm - left
            covered |= (row >= 0) & (row < high) & (col >= 0) & (col < wide)
        return np.asarray(LEAD_NEPERS * covered, dtype=np.float64)

    return _cast(spec, row_mm, col_mm, height_mm, within)


def burn_in(pixels: np.ndarray, letter: str, row_px: int, col_px: int, size_px: int, level: int) -> np.ndarray:
    """A copy of the pixels with a letter of one level written over them, as a console does."""
    written = pixels.copy()
    for top, left, high, wide in _BARS[letter]:
        row, col = row_px + round(top * size_px), col_px + round(left * size_px)
        written[row : row + round(high * size_px), col : col + round(wide * size_px)] = level
    return written


def _cast(spec: RadiographSpec, row_mm: float, col_mm: float, height_mm: float, nepers: object) -> Floats:
    """Nepers on the film of what ``nepers(rows_mm, cols_mm)`` gives round the object's place: light is averaged."""
    assert callable(nepers)
    scale = spec.sid_mm / (spec.sid_mm - height_mm)
    offsets = (np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5
    rows, cols = (
        ((np.arange(size)[:, None] + offsets).ravel() - (size - 1) / 2) * spec.spacing_mm / scale - at
        for size, at in zip(spec.size_px, (row_mm, col_mm), strict=True)
    )
    result = np.empty(spec.size_px)
    for row in range(spec.size_px[0]):
        part = rows[row * _SUBSAMPLES : (row + 1) * _SUBSAMPLES, None]
        light = np.exp(-nepers(part, cols[None, :]))
        result[row] = -np.log(light.reshape(_SUBSAMPLES, -1, _SUBSAMPLES).mean(axis=(0, 2)))
    return result
