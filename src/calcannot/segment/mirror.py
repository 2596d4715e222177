"""The other side of the body, mirrored: what lies at the same place there is background here.

A surface of second order cannot follow the edge of a bone, but the same bone on the other side does. The mirrored film
is laid on the region so that what is left in the rim, after a surface of second order, is least; no further than the
recipe allows from a mirror line in the middle of the film.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.segment.smoothing import read_smoothed

if TYPE_CHECKING:
    from calcannot.model.image import ImageSource
    from calcannot.model.resolved import Surface

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_COARSE = 24
"""Pixels of the coarse search along the shorter side of the region."""


_COMPARED = 4000
"""Pixels of the rim that are compared."""


class Mirror(NamedTuple):
    """Where the other side lies: row r, column c of the film is compared with row r + ``down``, column ``sum`` - c."""

    down: int
    sum: int


def mirror_of(surface: Surface) -> Mirror | None:
    """Where the other side of a region lies; None where it is not used."""
    if surface.mirror_down_px is None or surface.mirror_sum_px is None:
        return None
    return Mirror(surface.mirror_down_px, surface.mirror_sum_px)


def read_level(
    source: ImageSource, mirror: Mirror | None, row: int, col: int, height: int, width: int, sigma_px: float
) -> Float:
    """Smoothed levels of a box, less those of the other side where it is used; float64 (height, width)."""
    values = read_smoothed(source, row, col, height, width, sigma_px, rounded=False)
    return values if mirror is None else values - read_mirrored(source, mirror, row, col, height, width, sigma_px)


def read_mirrored(
    source: ImageSource, mirror: Mirror, row: int, col: int, height: int, width: int, sigma_px: float
) -> Float:
    """The other side, laid on a box; beyond the border of the film its nearest pixel. float64 (height, width)."""
    info = source.info
    top, left = row + mirror.down, mirror.sum - (col + width - 1)
    rows = np.clip(np.arange(top, top + height), 0, info.height_px - 1)
    cols = np.clip(np.arange(left, left + width), 0, info.width_px - 1)
    seen = (int(rows[0]), int(cols[0]), int(rows[-1] - rows[0]) + 1, int(cols[-1] - cols[0]) + 1)
    values = read_smoothed(source, *seen, sigma_px, rounded=False)
    return np.asarray(values[np.ix_(rows - rows[0], cols - cols[0])][:, ::-1])


def find_mirror(source: ImageSource, row: int, col: int, rim: Mask, reach_px: float, sigma_px: float) -> Mirror:
    """Lay the other side on a region.

    Parameters
    ----------
    row, col
        Place of the box of ``rim`` in the film.
    rim
        Pixels to compare, bool (height, width).
    reach_px
        How far the other side may lie from its place in a film that is mirrored in its middle, in either direction.
    sigma_px
        Gaussian that both sides are smoothed by.
    """
    height, width = rim.shape
    reach = round(reach_px)
    here = read_smoothed(source, row, col, height, width, sigma_px, rounded=False)
    middle = Mirror(0, source.info.width_px - 1)
    wide = read_mirrored(source, middle, row - reach, col - reach, height + 2 * reach, width + 2 * reach, sigma_px)
    step = max(1, min(height, width) // _COARSE)
    best = (0, 0)
    span = reach
    while True:
        shifts = range(-span, span + 1, step)
        best = min(
            (
                (down, right)
                for down in (best[0] + shift for shift in shifts)
                for right in (best[1] + shift for shift in shifts)
                if max(abs(down), abs(right)) <= reach
            ),
            key=_Misfit(here, wide, rim, reach, step),
        )
        if step == 1:
            # Laid ``right`` to the right: the same column is met by a sum that is larger by as much.
            return Mirror(-best[0], middle.sum + best[1])
        span, step = step, max(1, step // 3)


class _Misfit:
    """How badly the other side fits at a shift: the mean deviation that a surface of second order leaves in the rim."""

    def __init__(self, here: Float, wide: Float, rim: Mask, reach: int, step: int) -> None:
        rows, cols = np.nonzero(rim)
        thin = max(1, rows.size // _COMPARED)
        self._rows, self._cols = rows[::thin], cols[::thin]
        self._here, self._wide, self._reach = here[self._rows, self._cols], wide, reach
        y, x = (each / max(rim.shape) for each in (self._rows, self._cols))
        self._basis = np.linalg.qr(np.stack([np.ones_like(y), y, x, y * y, x * y, x * x], axis=-1))[0]

    def __call__(self, shift: tuple[int, int]) -> float:
        other = self._wide[self._rows + self._reach - shift[0], self._cols + self._reach - shift[1]]
        left = self._here - other
        left = left - self._basis @ (self._basis.T @ left)
        return float(np.abs(left).mean())
