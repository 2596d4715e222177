"""Calcified nodules above a detector: how much mineral a ray meets, and the projected area by formula."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from calcannot.phantom.shapes import Bools, Floats

NoduleKind = Literal["ellipsoid", "plate", "lobes", "fluid-level"]


@dataclass(frozen=True, slots=True)
class Nodule:
    """A nodule in the object plane, in mm from the central ray.

    Attributes
    ----------
    row_mm, col_mm
        Centre, rows down the film and columns to its right.
    a_mm, b_mm
        Semi-axes of the projected outline, ``a_mm`` along ``angle_deg`` (from the columns towards the rows).
    c_mm
        Half the thickness along the ray at the centre.
    height_mm
        Object plane above the detector: 75 for the posterior lumbar region of a supine patient, 270 for the front.
    kind
        ``ellipsoid``; ``plate``, equally thick everywhere, with a sharp edge; ``lobes``, a rosette of cells between
        septa (the chicken wire of tumoral calcinosis); ``fluid-level``, an ellipsoid that is clear above a chord.
    density_g_cm3
        Hydroxyapatite per volume, 0.2 to 1.0.
    ripple, lobes
        Outline of ``lobes``: the ellipse's radius times 1 + ripple cos(lobes t).
    septum_mm, cell_mm
        Width of the septa, and distance between them.
    level_mm
        How far above the centre the clear part of ``fluid-level`` begins; needs ``angle_deg`` 0.
    """

    row_mm: float
    col_mm: float
    a_mm: float
    b_mm: float
    c_mm: float
    height_mm: float = 75.0
    angle_deg: float = 0.0
    kind: NoduleKind = "ellipsoid"
    density_g_cm3: float = 0.6
    ripple: float = 0.08
    lobes: int = 6
    septum_mm: float = 1.0
    cell_mm: float = 9.0
    level_mm: float = 0.0

    def __post_init__(self) -> None:
        if min(self.a_mm, self.b_mm, self.c_mm, self.density_g_cm3) <= 0:
            what = "a nodule has a positive size and density"
            raise ValueError(what)
        if self.kind == "fluid-level" and (self.angle_deg or abs(self.level_mm) >= self.b_mm):
            what = "a fluid level lies within the nodule, and the nodule is not turned"
            raise ValueError(what)

    @property
    def outline_area_mm2(self) -> float:
        """Area inside the outline in the object plane: pi a b, for a rosette pi a b (1 + e²/2)."""
        return math.pi * self.a_mm * self.b_mm * (1 + (self.ripple**2 / 2 if self.kind == "lobes" else 0))

    @property
    def reach_mm(self) -> float:
        """Radius about the centre that holds the outline."""
        return max(self.a_mm, self.b_mm) * (1 + (self.ripple if self.kind == "lobes" else 0))

    def mineral_area_mm2(self) -> float:
        """Projected area that holds mineral: the outline without septa and without the clear part above a level.

        By formula, except the septa: those by sampling the outline at 0.05 mm.
        """
        if self.kind == "fluid-level":
            high = self.level_mm / self.b_mm
            clear = self.a_mm * self.b_mm * (math.acos(high) - high * math.sqrt(1 - high**2))
            return self.outline_area_mm2 - clear
        if self.kind != "lobes" or self.septum_mm <= 0:
            return self.outline_area_mm2
        step_mm = min(0.05, self.septum_mm / 8)
        points = np.arange(-self.reach_mm, self.reach_mm, step_mm) + step_mm / 2
        total = inside = 0
        for rows in np.array_split(points, 16):
            thick = self.thickness_mm(self.row_mm + rows[:, None], self.col_mm + points[None, :])
            within = self._rho(self.row_mm + rows[:, None], self.col_mm + points[None, :]) < 1
            total, inside = total + int(within.sum()), inside + int((thick > 0).sum())
        return self.outline_area_mm2 * inside / total

    def mass_g(self) -> float | None:
        """Mass of mineral by formula: 4/3 pi abc rho for an ellipsoid, 2 pi abc rho for a plate; else None."""
        factor = {"ellipsoid": 4 / 3, "plate": 2.0}.get(self.kind)
        if factor is None:
            return None
        return factor * math.pi * self.a_mm * self.b_mm * self.c_mm / 1000 * self.density_g_cm3

    def area_at_contrast_mm2(self, share: float) -> float:
        """Area in which an ellipsoid keeps this share of its peak contrast: pi a b (1 - f²)."""
        return self.outline_area_mm2 * (1 - share**2)

    def magnification(self, sid_mm: float) -> float:
        """SID / (SID - height)."""
        return sid_mm / (sid_mm - self.height_mm)

    def thickness_mm(self, rows_mm: Floats, cols_mm: Floats) -> Floats:
        """Mineral-bearing path at points of the object plane, 0 outside; arrays broadcast."""
        rho = self._rho(rows_mm, cols_mm)
        inside = rho < 1
        if self.kind == "plate":
            return np.where(inside, 2 * self.c_mm, 0.0)
        thick = np.where(inside, 2 * self.c_mm * np.sqrt(np.clip(1 - rho**2, 0, None)), 0.0)
        if self.kind == "fluid-level":
            return np.where(rows_mm < self.row_mm - self.level_mm, 0.0, thick)
        if self.kind == "lobes" and self.septum_mm > 0:
            return np.where(self._septa(rows_mm, cols_mm), 0.0, thick)
        return thick

    def _along(self, rows_mm: Floats, cols_mm: Floats) -> tuple[Floats, Floats]:
        angle = math.radians(self.angle_deg)
        down, right = rows_mm - self.row_mm, cols_mm - self.col_mm
        return right * math.cos(angle) + down * math.sin(angle), down * math.cos(angle) - right * math.sin(angle)

    def _rho(self, rows_mm: Floats, cols_mm: Floats) -> Floats:
        """Distance from the centre as a share of the outline's."""
        along, across = self._along(rows_mm, cols_mm)
        u, v = along / self.a_mm, across / self.b_mm
        rho = np.hypot(u, v)
        if self.kind == "lobes":
            rho = rho / (1 + self.ripple * np.cos(self.lobes * np.arctan2(v, u)))
        return np.asarray(rho, dtype=np.float64)

    def _septa(self, rows_mm: Floats, cols_mm: Floats) -> Bools:
        """Points within half a septum of the border between two cells of a shaken hexagonal lattice."""
        along, across = np.broadcast_arrays(*self._along(rows_mm, cols_mm))
        first = np.full(along.shape, np.inf)
        second = first.copy()
        seat = np.zeros((*along.shape, 2))
        runner_up = seat.copy()
        for point in self._lattice():
            away = (along - point[0]) ** 2 + (across - point[1]) ** 2
            nearest = away < first
            next_best = ~nearest & (away < second)
            runner_up[nearest] = seat[nearest]
            second[nearest] = first[nearest]
            seat[nearest], first[nearest] = point, away[nearest]
            runner_up[next_best], second[next_best] = point, away[next_best]
        apart = np.hypot(seat[..., 0] - runner_up[..., 0], seat[..., 1] - runner_up[..., 1])
        return np.asarray(second - first < self.septum_mm * apart)

    def _lattice(self) -> Floats:
        """Cell centres, shape (n, 2), along and across the axis. The same for the same size: no seed."""
        reach = self.reach_mm + 2 * self.cell_mm
        number = math.ceil(reach / self.cell_mm)
        grid = np.arange(-number, number + 1)
        col, row = np.meshgrid(grid, grid)
        points = np.stack([(col + 0.5 * (row % 2)) * self.cell_mm, row * self.cell_mm * math.sqrt(0.75)], axis=-1)
        rng = np.random.default_rng([round(1000 * self.a_mm), round(1000 * self.b_mm), self.lobes])
        points = points + rng.uniform(-0.25, 0.25, points.shape) * self.cell_mm
        flat = points.reshape(-1, 2)
        return np.asarray(flat[np.hypot(flat[:, 0], flat[:, 1]) <= reach], dtype=np.float64)
