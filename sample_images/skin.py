"""The sample section: skin with a calcified mass from the lower dermis to the fat, von Kossa, nuclear fast red.

Nobody's skin: noise, cells of a Voronoi diagram and a level set. The mineral is a continuous outline that is known
before the optics; how it looks under the microscope comes from calcannot's own phantom optics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skin_cells import fat, nuclei, vessels
from skin_field import SIZE_PX, line, smooth, streaks
from skin_mineral import mass, satellites

from calcannot.phantom import optics
from calcannot.phantom.raster import coverage, level_coverage

SILVER_OD = 1.7


@dataclass(frozen=True)
class Section:
    """uint8 picture (height, width, 3), and the mineral's share of each pixel before the optics (height, width)."""

    rgb: np.ndarray
    mineral: np.ndarray


def render(seed: int) -> Section:
    """Render the section."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]
    for_mass, for_layers, for_fibres, for_fat, for_nuclei, for_camera = streams
    rows, cols = np.mgrid[: SIZE_PX[0], : SIZE_PX[1]].astype(np.float64)

    level, torn = mass(rows, cols, for_mass)
    outside = ndimage.distance_transform_edt(level <= 0)
    mineral = level_coverage(level)
    surface, junction, bottom = layers(for_layers)
    vacuole, wall = fat(rows, cols, bottom, outside, for_fat)
    grains = satellites(outside, mineral, (rows < junction + 120) | (vacuole > 0), for_mass)
    mineral = np.maximum(mineral, coverage(grains, SIZE_PX))

    angle = direction(outside, for_fibres)
    fibres = collagen(rows - junction, angle, for_fibres)
    red = np.where(wall, 0.16, fibres) * (1 - vacuole)
    epidermis = smooth(rows - surface, -1, 1) * smooth(junction - rows, -3, 3)
    red = red * (1 - epidermis) + epidermis * (0.2 + 0.035 * optics.texture(SIZE_PX, 2.0, for_layers))
    red *= 1 + 0.12 * optics.texture(SIZE_PX, 150, for_layers)
    cleft = smooth(6 * optics.texture(SIZE_PX, 55, for_fibres) - 4 - np.abs(outside - 6), -1, 2) * (
        rows > junction + 60
    )
    red *= 1 - 0.93 * cleft
    horn = corneum(rows - surface, for_layers)
    red = np.where(rows < surface, horn, red)

    lumens, walls = vessels(rows, cols, outside, vacuole, for_nuclei)
    red = np.where(lumens > 0, red * (1 - lumens), red) + 0.12 * walls
    dots = nuclei(
        rows=rows, cols=cols, surface=surface, junction=junction, angle=angle, outside=outside, vacuole=vacuole,
        cleft=cleft, vessel=walls, rng=for_nuclei,
    )  # fmt: skip
    red = np.clip(red, 0, None) + dots * (1 - mineral)
    red[torn & (mineral < 1)] *= 0.08

    basal = np.exp(-(((junction - rows - 5) / 5) ** 2)) * epidermis
    melanin = 0.3 * basal * np.clip(0.6 + 0.5 * optics.texture(SIZE_PX, 5, for_layers), 0, 1.5)
    reach = ndimage.distance_transform_edt(mineral == 0)
    rim = 0.5 * np.exp(-reach / 1.7) * (reach > 0) * ~torn
    silver = SILVER_OD * np.clip(
        1 + 0.1 * optics.texture(SIZE_PX, 1.3, for_camera) + 0.1 * optics.texture(SIZE_PX, 12, for_camera), 0.62, 1.5
    )
    around = optics.transmittance({"nuclear-fast-red": red, "melanin": melanin + 0.5 * rim, "warm-silver": 0.5 * rim})
    # Silver that is a touch warm where it is thin, as old preparations are.
    thin = np.clip(1.3 - silver / SILVER_OD, 0, 0.5)
    within = optics.transmittance(
        {"silver": silver * (1 - thin), "warm-silver": silver * thin, "nuclear-fast-red": np.minimum(red, 0.15)}
    )
    light = around * (1 - mineral[..., None]) + within * mineral[..., None]
    intensity = np.asarray(optics.GLASS_RGB) * optics.blur(light, 0.75)
    return Section(optics.expose(intensity, 0.55, (1.0, 1.0, 1.0), for_camera), mineral)


def layers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the living surface, of the border of epidermis and dermis, and of dermis and fat, each (1, width)."""
    surface = 150 + 15 * line(160, rng) + 4 * line(28, rng)
    col, ridges = -60.0, np.zeros((1, SIZE_PX[1]))
    where = np.arange(SIZE_PX[1])[None, :]
    while col < SIZE_PX[1] + 60:
        ridges = np.maximum(ridges, rng.uniform(18, 70) * np.exp(-(((where - col) / rng.uniform(15, 26)) ** 2)))
        col += rng.uniform(58, 120)
    junction = surface + 46 + ndimage.gaussian_filter1d(ridges, 4, axis=1) + 2.5 * line(6, rng)
    return surface, junction, 1070 + 65 * line(190, rng)


def direction(outside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fibre direction in radians: roughly along the surface, around the mass near it."""
    free = 0.55 * optics.texture(SIZE_PX, 110, rng)
    far = ndimage.gaussian_filter(outside, 18)
    down, right = np.gradient(far)
    around = np.arctan2(down, right) + math.pi / 2
    near = np.exp(-outside / 110)
    u = (1 - near) * np.cos(2 * free) + near * np.cos(2 * around)
    v = (1 - near) * np.sin(2 * free) + near * np.sin(2 * around)
    return np.arctan2(v, u) / 2


def collagen(depth: np.ndarray, angle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Density of wavy bundles, finer and paler under the epidermis."""
    bundle, fibril = np.zeros(SIZE_PX), np.zeros(SIZE_PX)
    power = np.zeros(SIZE_PX)
    for turn in np.linspace(0, math.pi, 10, endpoint=False):
        weight = np.exp(7 * (np.cos(2 * (angle - turn)) - 1))
        bundle += weight * streaks(turn, 34, 4.6, rng)
        fibril += weight * streaks(turn, 16, 1.2, rng)
        power += weight**2
    crimp = np.indices(SIZE_PX, dtype=np.float64)
    for axis in (0, 1):
        crimp[axis] += 3.2 * optics.texture(SIZE_PX, 9, rng)
    bundle, fibril = (
        ndimage.map_coordinates(field / np.sqrt(power), crimp, order=1, mode="nearest") for field in (bundle, fibril)
    )
    coarse = 0.045 + 0.13 * smooth(bundle, -0.9, 0.1) + 0.025 * np.clip(bundle, 0, 2)
    coarse *= 1 + 0.32 * np.clip(fibril, -2, 2)
    papillary = np.clip(0.1 + 0.03 * fibril + 0.012 * bundle, 0.02, None)
    deep = smooth(depth + 12 * optics.texture(SIZE_PX, 30, rng), 25, 95)
    return np.clip(papillary * (1 - deep) + coarse * deep, 0.01, None)


def corneum(height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Density of the horny layer above the living surface: loose lamellae that lift off."""
    up = -height
    thick = 30 + 8 * line(70, rng)
    weave = np.sin(2 * math.pi * (up + 7 * optics.texture(SIZE_PX, 26, rng)) / 8.5) + 0.35 * optics.texture(
        SIZE_PX, 4, rng
    )
    lamellae = 0.3 * smooth(weave, 0.25, 0.95)
    solid = smooth(6 - up, -3, 3) * 0.16
    return np.where((up > 0) & (up < thick), np.maximum(lamellae, solid), 0.0)
