"""Outlines whose area is a formula.

Coordinates are continuous pixels, row first; pixel (0, 0) is the unit square centred on (0, 0). Angles are in degrees
from the column axis towards the row axis (clockwise on the screen). The truth is the formula, never the raster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from calcannot.phantom.shape import Bools, Floats, turned


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Ellipse; semi-axis ``a_px`` lies along ``angle_deg``."""

    row_px: float
    col_px: float
    a_px: float
    b_px: float
    angle_deg: float = 0.0

    @property
    def reach_px(self) -> float:
        """Longer semi-axis."""
        return max(self.a_px, self.b_px)

    @property
    def area_px2(self) -> float:
        """Pi a b."""
        return math.pi * self.a_px * self.b_px

    @property
    def perimeter_px(self) -> float:
        """4 a E(1 - b²/a²), with E the complete elliptic integral of the second kind."""
        long, short = max(self.a_px, self.b_px), min(self.a_px, self.b_px)
        return float(4 * long * special.ellipe(1 - (short / long) ** 2))

    @property
    def feret_max_px(self) -> float:
        """Longer axis."""
        return 2 * self.reach_px

    @property
    def feret_min_px(self) -> float:
        """Shorter axis."""
        return 2 * min(self.a_px, self.b_px)

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside."""
        along, across = turned(self, rows_px, cols_px, self.angle_deg)
        return np.asarray((along / self.a_px) ** 2 + (across / self.b_px) ** 2 <= 1)


def disc(row_px: float, col_px: float, radius_px: float) -> Ellipse:
    """Disc: area pi R², perimeter 2 pi R."""
    return Ellipse(row_px, col_px, radius_px, radius_px)


@dataclass(frozen=True, slots=True)
class Annulus:
    """Disc with a concentric hole."""

    row_px: float
    col_px: float
    outer_px: float
    inner_px: float

    @property
    def reach_px(self) -> float:
        """Outer radius."""
        return self.outer_px

    @property
    def area_px2(self) -> float:
        """Pi (R² - r²)."""
        return math.pi * (self.outer_px**2 - self.inner_px**2)

    @property
    def filled_area_px2(self) -> float:
        """Pi R², the hole filled."""
        return math.pi * self.outer_px**2

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie in the ring."""
        radius = np.hypot(rows_px - self.row_px, cols_px - self.col_px)
        return np.asarray((radius <= self.outer_px) & (radius > self.inner_px))


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Rectangle of half-sides ``a_px`` (along ``angle_deg``) and ``b_px``."""

    row_px: float
    col_px: float
    a_px: float
    b_px: float
    angle_deg: float = 0.0

    @property
    def reach_px(self) -> float:
        """Half the diagonal."""
        return math.hypot(self.a_px, self.b_px)

    @property
    def area_px2(self) -> float:
        """4 a b."""
        return 4 * self.a_px * self.b_px

    @property
    def perimeter_px(self) -> float:
        """4 (a + b)."""
        return 4 * (self.a_px + self.b_px)

    @property
    def feret_max_px(self) -> float:
        """Diagonal."""
        return 2 * self.reach_px

    @property
    def feret_min_px(self) -> float:
        """Shorter side."""
        return 2 * min(self.a_px, self.b_px)

    @property
    def width_px(self) -> float:
        """Width perpendicular to the diagonal, 8 a b / diagonal."""
        return 8 * self.a_px * self.b_px / self.feret_max_px

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside."""
        along, across = turned(self, rows_px, cols_px, self.angle_deg)
        return np.asarray((np.abs(along) <= self.a_px) & (np.abs(across) <= self.b_px))


@dataclass(frozen=True, slots=True)
class Stadium:
    """Two half discs of ``radius_px`` whose centres are ``length_px`` apart along ``angle_deg``, joined."""

    row_px: float
    col_px: float
    length_px: float
    radius_px: float
    angle_deg: float = 0.0

    @property
    def reach_px(self) -> float:
        """Half the whole length."""
        return self.length_px / 2 + self.radius_px

    @property
    def area_px2(self) -> float:
        """2 r L + pi r²."""
        return 2 * self.radius_px * self.length_px + math.pi * self.radius_px**2

    @property
    def perimeter_px(self) -> float:
        """2 L + 2 pi r."""
        return 2 * self.length_px + 2 * math.pi * self.radius_px

    @property
    def feret_max_px(self) -> float:
        """L + 2 r."""
        return 2 * self.reach_px

    @property
    def feret_min_px(self) -> float:
        """2 r."""
        return 2 * self.radius_px

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside."""
        along, across = turned(self, rows_px, cols_px, self.angle_deg)
        beyond = np.maximum(np.abs(along) - self.length_px / 2, 0)
        return np.asarray(beyond**2 + across**2 <= self.radius_px**2)


@dataclass(frozen=True, slots=True)
class Lobulated:
    """r(t) = R (1 + e cos n(t - angle)): a rosette of ``lobes`` lobes."""

    row_px: float
    col_px: float
    radius_px: float
    ripple: float = 0.15
    lobes: int = 5
    angle_deg: float = 0.0

    @property
    def reach_px(self) -> float:
        """R (1 + e)."""
        return self.radius_px * (1 + abs(self.ripple))

    @property
    def area_px2(self) -> float:
        """Pi R² (1 + e²/2)."""
        return math.pi * self.radius_px**2 * (1 + self.ripple**2 / 2)

    @property
    def perimeter_px(self) -> float:
        """Arc length; the trapezoid rule is exact to rounding on a smooth closed curve."""
        angle = np.linspace(0, 2 * math.pi, 4096, endpoint=False)
        radius = 1 + self.ripple * np.cos(self.lobes * angle)
        slope = -self.lobes * self.ripple * np.sin(self.lobes * angle)
        return float(self.radius_px * 2 * math.pi * np.hypot(radius, slope).mean())

    def contains(self, rows_px: Floats, cols_px: Floats) -> Bools:
        """Whether points lie inside."""
        down, right = rows_px - self.row_px, cols_px - self.col_px
        angle = np.arctan2(down, right) - math.radians(self.angle_deg)
        return np.asarray(np.hypot(down, right) <= self.radius_px * (1 + self.ripple * np.cos(self.lobes * angle)))
