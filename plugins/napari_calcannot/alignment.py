"""How one section lies to another: turned, shifted, or turned over, from places that are the same in both."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_LEAST_TO_TELL = 3  # pairs: with two, a section that was turned over fits as well as one that was not
_CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class Alignment:
    """From a place of one image to that of the other, as complex numbers: column + i row, in µm or in pixels of each.

    ``there = turn * here + shift``, or with the conjugate of ``here`` where one section was turned over.
    """

    turn: complex = 1 + 0j
    shift: complex = 0j
    mirrored: bool = False

    @property
    def angle_deg(self) -> float:
        """By how much the other one is turned, clockwise as seen."""
        return math.degrees(cmath.phase(self.turn))

    @property
    def is_turned(self) -> bool:
        """Whether it is more than a shift."""
        return self.mirrored or self.turn != 1

    def there(self, place: complex) -> complex:
        """Place of the other image."""
        return self.turn * (place.conjugate() if self.mirrored else place) + self.shift

    def here(self, place: complex) -> complex:
        """Place of the first image."""
        found = (place - self.shift) / self.turn
        return found.conjugate() if self.mirrored else found

    def shown(self) -> npt.NDArray[np.float64]:
        """Matrix of (row, column) that draws the other image as the first one lies; it changes no length."""
        turn = self.turn / abs(self.turn)
        if self.mirrored:
            return np.array([[-turn.real, turn.imag], [turn.imag, turn.real]])
        return np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])


@dataclass(frozen=True, slots=True)
class Fit:
    """An alignment, and how far the places that it was found from lie apart by it (root of the mean square)."""

    alignment: Alignment
    apart: float


def fit(pairs: Sequence[tuple[complex, complex]], before: Alignment, *, rigid: bool) -> Fit:
    """Find the alignment that brings pairs of places together best, by least squares.

    Parameters
    ----------
    pairs
        Place here, place there; at least one. One pair shifts, two turn too, and three tell whether a section was
        turned over.
    before
        What is kept of it is the turn, where the pairs do not tell it.
    rigid
        Whether lengths are the same in both: both have a pixel size.
    """
    here, there = (np.array([pair[side] for pair in pairs], np.complex128) for side in (0, 1))
    if len(set(pairs)) == 1:
        first = pairs[0]
        unshifted = Alignment(before.turn, 0j, before.mirrored)
        return Fit(Alignment(before.turn, first[1] - unshifted.there(first[0]), before.mirrored), 0.0)
    turned, over = (_fit(here, there, before, mirrored=mirrored, rigid=rigid) for mirrored in (False, True))
    return over if len(pairs) >= _LEAST_TO_TELL and over.apart < _CLEARLY * turned.apart else turned


def plain_pairs(pairs: Sequence[tuple[complex, complex]]) -> list[list[float]]:
    """Pairs of places in pixels for the record: row and column here, row and column there."""
    return [[round(part, 2) for place in pair for part in (place.imag, place.real)] for pair in pairs]


def pairs_of(value: Any, *, swapped: bool = False) -> list[tuple[complex, complex]]:
    """The same back; empty for what is no such list, for instance of a later version."""
    try:
        found = [(complex(col, row), complex(col2, row2)) for row, col, row2, col2 in value]
    except (TypeError, ValueError):
        return []
    if not all(cmath.isfinite(place) for pair in found for place in pair):
        return []
    return [(there, here) for here, there in found] if swapped else found


def _fit(
    here: npt.NDArray[np.complex128],
    there: npt.NDArray[np.complex128],
    before: Alignment,
    *,
    mirrored: bool,
    rigid: bool,
) -> Fit:
    seen = here.conj() if mirrored else here
    around, target = seen - seen.mean(), there - there.mean()
    product = complex(np.vdot(around, target))  # Umeyama 1991, in the plane
    turn = before.turn
    if abs(product) > 0:
        turn = product / abs(product) if rigid else product / float(np.vdot(around, around).real)
    shift = complex(there.mean() - turn * seen.mean())
    apart = float(np.sqrt(np.mean(np.abs(turn * seen + shift - there) ** 2)))
    return Fit(Alignment(turn, shift, mirrored), apart)
