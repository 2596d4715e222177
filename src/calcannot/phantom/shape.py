"""What an outline must know of itself, and several outlines as one.

Coordinates are continuous pixels, row first; pixel (0, 0) is the unit square centred on (0, 0). Angles are in degrees
from the column axis towards the row axis (clockwise on the screen).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Shape(Protocol):
    """An outline: where it is, how far it reaches, and what lies inside."""

    @property
    def row_px(self) -> float:
        """Row of the centre."""

    @property
    def col_px(self) -> float:
        """Column of the centre."""

    @property
    def reach_px(self) -> float:
        """Radius of a circle about the centre that holds the outline."""

    @property
    def area_px2(self) -> float | None:
        """Area by formula; None where no formula exists."""

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside; arrays broadcast."""


@dataclass(frozen=True, slots=True)
class Union:
    """Everything inside any of the parts. Its area has no formula: use the coverage."""

    parts: tuple[Shape, ...]

    @property
    def row_px(self) -> float:
        """Mean row of the parts."""
        return sum(part.row_px for part in self.parts) / len(self.parts)

    @property
    def col_px(self) -> float:
        """Mean column of the parts."""
        return sum(part.col_px for part in self.parts) / len(self.parts)

    @property
    def reach_px(self) -> float:
        """Radius about the mean centre that holds all parts."""
        return max(math.hypot(p.row_px - self.row_px, p.col_px - self.col_px) + p.reach_px for p in self.parts)

    @property
    def area_px2(self) -> None:
        """No formula."""
        return

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside any part."""
        inside: Bools = np.zeros(np.broadcast_shapes(rows_px.shape, cols_px.shape), dtype=bool)
        for part in self.parts:
            inside |= part.contains(rows_px, cols_px)
        return inside


def turned(shape: Shape, rows_px: Floats, cols_px: Floats, angle_deg: float) -> tuple[Floats, Floats]:
    """Coordinates along and across the axis of a shape."""
    angle = math.radians(angle_deg)
    down, right = rows_px - shape.row_px, cols_px - shape.col_px
    return right * math.cos(angle) + down * math.sin(angle), down * math.cos(angle) - right * math.sin(angle)
