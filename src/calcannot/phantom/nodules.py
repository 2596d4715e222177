"""Calcified nodules above a detector: how much mineral a ray meets, and the projected area by formula."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from calcannot.phantom.shape import Floats

NoduleKind = Literal["ellipsoid", "plate", "lobes", "fluid-level"]
_FINER = 0.6  # height of the second wave of a lobulated outline over that of the first


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
        septa (the chicken wire of tumoral calcinosis), steeper at its edge than an ellipsoid; ``fluid-level``, an
        ellipsoid that is clear above a chord.
    density_g_cm3
        Hydroxyapatite per volume, 0.2 to 1.0.
    ripple, lobes
        Outline of ``lobes``: the ellipse's radius times 1 + ripple (cos(lobes t) + 0.6 cos((lobes + 3) t + 0.7)).
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
        """Area inside the outline in the object plane: pi a b, for lobes times 1 + (e² + (0.6 e)²)/2."""
        waves = self.ripple**2 * (1 + _FINER**2) / 2 if self.kind == "lobes" else 0.0
        return math.pi * self.a_mm * self.b_mm * (1 + waves)

    @property
    def reach_mm(self) -> float:
        """Radius about the centre that holds the outline."""
        return max(self.a_mm, self.b_mm) * self.stretch

    @property
    def stretch(self) -> float:
        """How far the outline of ``lobes`` may reach beyond the ellipse of its semi-axes, as a factor."""
        return 1 + self.ripple * (1 + _FINER) if self.kind == "lobes" else 1.0

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
        profile = rho**4 if self.kind == "lobes" else rho**2
        thick = np.where(inside, 2 * self.c_mm * np.sqrt(np.clip(1 - profile, 0, None)), 0.0)
        if self.kind == "fluid-level":
            return np.where(rows_mm < self.row_mm - self.level_mm, 0.0, thick)
        if self.kind == "lobes" and self.septum_mm > 0:
            return thick * self._cells(rows_mm, cols_mm)
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
            turn = np.arctan2(v, u)
            finer = _FINER * np.cos((self.lobes + 3) * turn + 0.7)
            rho = rho / (1 + self.ripple * (np.cos(self.lobes * turn) + finer))
        return np.asarray(rho, dtype=np.float64)

    def _cells(self, rows_mm: Floats, cols_mm: Floats) -> Floats:
        """Share of the thickness that lobes have: 0 in septa, rounded towards them, each cell of its own density."""
        along, across = np.broadcast_arrays(*self._along(rows_mm, cols_mm))
        bend, wave = 0.1 * self.cell_mm, 2 * math.pi / self.cell_mm
        along, across = along + bend * np.sin(1.3 * wave * across), across + bend * np.sin(1.1 * wave * along + 1)
        lattice = self._lattice()
        away, number = cKDTree(lattice).query(np.stack([along, across], axis=-1), k=2)
        mine, other = number[..., 0], number[..., 1]
        chance = np.random.default_rng(self.lobes).uniform(0, 1, len(lattice))
        # One in five walls is missing, the others are of 0.4 to 1.2 times the width.
        wall = (chance[mine] + chance[other]) % 1
        half_mm = self.septum_mm / 2 * np.where(wall < 0.2, 0.0, 0.2 + wall)
        apart = np.linalg.norm(lattice[mine] - lattice[other], axis=-1)
        to_border = (away[..., 1] ** 2 - away[..., 0] ** 2) / (2 * apart) - half_mm
        rounded = 0.65 + 0.35 * np.sqrt(np.clip(to_border / (0.4 * self.cell_mm), 0, 1))
        grain = 1 + 0.07 * np.sin(3.7 * wave * along + 9 * chance[mine]) * np.sin(
            4.3 * wave * across + 5 * chance[mine]
        )
        return np.where(to_border > 0, (0.75 + 0.2 * chance[mine]) * rounded * grain, 0.0)

    def _lattice(self) -> Floats:
        """Cell centres, shape (n, 2), along and across the axis. The same for the same size: no seed."""
        reach = self.reach_mm + 2 * self.cell_mm
        number = math.ceil(reach / self.cell_mm)
        grid = np.arange(-number, number + 1)
        col, row = np.meshgrid(grid, grid)
        points = np.stack([(col + 0.5 * (row % 2)) * self.cell_mm, row * self.cell_mm * math.sqrt(0.75)], axis=-1)
        rng = np.random.default_rng([round(1000 * self.a_mm), round(1000 * self.b_mm), self.lobes])
        points = points + rng.uniform(-0.34, 0.34, points.shape) * self.cell_mm
        flat = points.reshape(-1, 2)
        return np.asarray(flat[np.hypot(flat[:, 0], flat[:, 1]) <= reach], dtype=np.float64)
