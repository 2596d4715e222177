"""The sample section: skin with a calcified mass from the lower dermis to the fat, von Kossa, nuclear fast red.

Nobody's skin: noise, cells of a Voronoi diagram and a level set. The mineral is a continuous outline that is known
before the optics; how it looks under the microscope comes from calcannot's own phantom optics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage
from scipy.spatial import cKDTree

from calcannot.phantom import optics
from calcannot.phantom.raster import coverage, level_coverage
from calcannot.phantom.shapes import Ellipse

SIZE_PX = (1800, 2400)
UM_PER_PX = 1.0  # so every length below is in µm and in px
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

    level, torn = _mass(rows, cols, for_mass)
    outside = ndimage.distance_transform_edt(level <= 0)
    mineral = level_coverage(level)
    surface, junction, bottom = _layers(for_layers)
    vacuole, wall = _fat(rows, cols, bottom, outside, for_fat)
    grains = _satellites(outside, mineral, (rows < junction + 120) | (vacuole > 0), for_mass)
    mineral = np.maximum(mineral, coverage(grains, SIZE_PX))

    angle = _direction(outside, for_fibres)
    collagen = _collagen(rows - junction, angle, for_fibres)
    red = np.where(wall, 0.16, collagen) * (1 - vacuole)
    epidermis = _smooth(rows - surface, -1, 1) * _smooth(junction - rows, -3, 3)
    red = red * (1 - epidermis) + epidermis * (0.2 + 0.035 * optics.texture(SIZE_PX, 2.0, for_layers))
    red *= 1 + 0.12 * optics.texture(SIZE_PX, 150, for_layers)
    cleft = _smooth(6 * optics.texture(SIZE_PX, 55, for_fibres) - 4 - np.abs(outside - 6), -1, 2) * (
        rows > junction + 60
    )
    red *= 1 - 0.93 * cleft
    corneum = _corneum(rows - surface, for_layers)
    red = np.where(rows < surface, corneum, red)

    lumens, walls = _vessels(rows, cols, outside, vacuole, for_nuclei)
    red = np.where(lumens > 0, red * (1 - lumens), red) + 0.12 * walls
    nuclei = _nuclei(
        rows=rows, cols=cols, surface=surface, junction=junction, angle=angle, outside=outside, vacuole=vacuole,
        cleft=cleft, vessel=walls, rng=for_nuclei,
    )  # fmt: skip
    red = np.clip(red, 0, None) + nuclei * (1 - mineral)
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


def _smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _streaks(angle: float, along: float, across: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and variance 1, smoothed more along one direction than across it."""
    down, right = fft.fftfreq(SIZE_PX[0])[:, None], fft.rfftfreq(SIZE_PX[1])[None, :]
    u = right * math.cos(angle) + down * math.sin(angle)
    v = down * math.cos(angle) - right * math.sin(angle)
    passed = np.exp(-2 * math.pi**2 * ((along * u) ** 2 + (across * v) ** 2))
    field = fft.irfft2(fft.rfft2(rng.standard_normal(SIZE_PX)) * passed, s=SIZE_PX)
    return field / field.std()


def _line(sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise along the columns, mean 0 and variance 1, shape (1, width)."""
    line = ndimage.gaussian_filter1d(rng.standard_normal(SIZE_PX[1]), sigma, mode="reflect")
    return ((line - line.mean()) / line.std())[None, :]


def _mass(rows: np.ndarray, cols: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Level set of the mass (above 0 is mineral, in about px), and where the knife tore it open."""
    wide, fine = 26.0, 4.5
    y = rows + wide * optics.texture(SIZE_PX, 75, rng) + fine * optics.texture(SIZE_PX, 13, rng)
    x = cols + wide * optics.texture(SIZE_PX, 75, rng) + fine * optics.texture(SIZE_PX, 13, rng)
    lobules = []
    for i, row in enumerate(np.arange(690, 1500, 158)):
        for col in np.arange(480, 1960, 182) + 91 * (i % 2):
            at = np.array([row, col]) + rng.uniform(-40, 40, 2)
            if math.hypot((at[0] - 1085) / 375, (at[1] - 1215) / 640) < 1 + rng.uniform(-0.12, 0.1):
                lobules.append((*at, rng.uniform(92, 132)))
    first = np.full(SIZE_PX, np.inf)
    second = first.copy()
    seat, rival = np.zeros(SIZE_PX, dtype=np.int64), np.zeros(SIZE_PX, dtype=np.int64)
    for number, (row, col, radius) in enumerate(lobules):
        power = (y - row) ** 2 + (x - col) ** 2 - radius**2
        nearest = power < first
        middle = ~nearest & (power < second)
        second = np.where(nearest, first, np.where(middle, power, second))
        rival = np.where(nearest, seat, np.where(middle, number, rival))
        first, seat = np.where(nearest, power, first), np.where(nearest, number, seat)
    places = np.array(lobules)
    apart = np.hypot(places[seat, 0] - places[rival, 0], places[seat, 1] - places[rival, 1])
    septum = (second - first) / (2 * np.maximum(apart, 1))
    radius = places[seat, 2]
    disc = radius - np.sqrt(np.maximum(first + radius**2, 0))
    level = np.minimum(disc, septum - np.clip(5.5 + 3.5 * optics.texture(SIZE_PX, 45, rng), 1.5, None))
    # Worn edges, and inclusions of matrix that never took up mineral.
    level = level + 3.5 * optics.texture(SIZE_PX, 9, rng) + 2.2 * optics.texture(SIZE_PX, 3, rng)
    inclusions = optics.texture(SIZE_PX, 16, rng)
    level = np.minimum(level, 14 * (2.75 - inclusions))
    tear = np.full(SIZE_PX, np.inf)
    for _ in range(2):
        wander = optics.texture(SIZE_PX, 70, rng)
        slope = np.hypot(*np.gradient(wander))
        open_by = 3.6 * _smooth(optics.texture(SIZE_PX, 65, rng), 0.5, 1.4) - 0.6
        tear = np.minimum(tear, np.abs(wander) / np.maximum(slope, 1e-6) - open_by)
    return np.minimum(level, tear), (tear <= 0) & (level > -2)


def _layers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the living surface, of the border of epidermis and dermis, and of dermis and fat, each (1, width)."""
    surface = 150 + 15 * _line(160, rng) + 4 * _line(28, rng)
    col, ridges = -60.0, np.zeros((1, SIZE_PX[1]))
    where = np.arange(SIZE_PX[1])[None, :]
    while col < SIZE_PX[1] + 60:
        ridges = np.maximum(ridges, rng.uniform(18, 70) * np.exp(-(((where - col) / rng.uniform(15, 26)) ** 2)))
        col += rng.uniform(58, 120)
    junction = surface + 46 + ndimage.gaussian_filter1d(ridges, 4, axis=1) + 2.5 * _line(6, rng)
    return surface, junction, 1070 + 65 * _line(190, rng)


def _satellites(
    outside: np.ndarray, mineral: np.ndarray, barred: np.ndarray, rng: np.random.Generator
) -> list[Ellipse]:
    """Grains around the mass, ever fewer away from it: one to four ellipses in a heap, no heap touching another."""
    free = ndimage.distance_transform_edt((mineral == 0) & ~barred)
    found: list[Ellipse] = []
    heaps: list[tuple[float, float, float]] = []
    for _ in range(60_000):
        row, col = rng.uniform(0, SIZE_PX[0] - 1), rng.uniform(0, SIZE_PX[1] - 1)
        radius = 1.8 + min(rng.exponential(4.2), 17)
        at = (round(row), round(col))
        if rng.random() > math.exp(-outside[at] / 75):
            continue
        reach = 1.9 * radius
        if free[at] < reach + 3 or any(math.hypot(r - row, c - col) < h + reach + 3 for r, c, h in heaps):
            continue
        heaps.append((row, col, reach))
        found.append(Ellipse(row, col, radius, radius * rng.uniform(0.7, 1), rng.uniform(0, 180)))
        for _ in range(int(rng.integers(0, 4))):
            away, turn, size = (
                rng.uniform(0.5, 0.9) * radius,
                rng.uniform(0, 2 * math.pi),
                rng.uniform(0.45, 0.8) * radius,
            )
            place = (row + away * math.sin(turn), col + away * math.cos(turn))
            found.append(Ellipse(*place, size, size * rng.uniform(0.7, 1), rng.uniform(0, 180)))
        if len(heaps) == 190:
            break
    return found


def _direction(outside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fibre direction in radians: roughly along the surface, around the mass near it."""
    free = 0.55 * optics.texture(SIZE_PX, 110, rng)
    far = ndimage.gaussian_filter(outside, 18)
    down, right = np.gradient(far)
    around = np.arctan2(down, right) + math.pi / 2
    near = np.exp(-outside / 110)
    u = (1 - near) * np.cos(2 * free) + near * np.cos(2 * around)
    v = (1 - near) * np.sin(2 * free) + near * np.sin(2 * around)
    return np.arctan2(v, u) / 2


def _collagen(depth: np.ndarray, angle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Density of wavy bundles, finer and paler under the epidermis."""
    bundle, fibril = np.zeros(SIZE_PX), np.zeros(SIZE_PX)
    power = np.zeros(SIZE_PX)
    for turn in np.linspace(0, math.pi, 10, endpoint=False):
        weight = np.exp(7 * (np.cos(2 * (angle - turn)) - 1))
        bundle += weight * _streaks(turn, 34, 4.6, rng)
        fibril += weight * _streaks(turn, 16, 1.2, rng)
        power += weight**2
    crimp = np.indices(SIZE_PX, dtype=np.float64)
    for axis in (0, 1):
        crimp[axis] += 3.2 * optics.texture(SIZE_PX, 9, rng)
    bundle, fibril = (
        ndimage.map_coordinates(field / np.sqrt(power), crimp, order=1, mode="nearest") for field in (bundle, fibril)
    )
    coarse = 0.045 + 0.13 * _smooth(bundle, -0.9, 0.1) + 0.025 * np.clip(bundle, 0, 2)
    coarse *= 1 + 0.32 * np.clip(fibril, -2, 2)
    papillary = np.clip(0.1 + 0.03 * fibril + 0.012 * bundle, 0.02, None)
    deep = _smooth(depth + 12 * optics.texture(SIZE_PX, 30, rng), 25, 95)
    return np.clip(papillary * (1 - deep) + coarse * deep, 0.01, None)


def _fat(
    rows: np.ndarray, cols: np.ndarray, bottom: np.ndarray, outside: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each pixel that a fat vacuole takes, and where the walls of fat cells are."""
    step = 58.0
    i, j = np.mgrid[-1 : SIZE_PX[0] / (0.87 * step) + 2, -1 : SIZE_PX[1] / step + 2]
    seeds = np.stack([i, j + 0.5 * (i % 2)], axis=-1).reshape(-1, 2) * (0.87 * step, step)
    seeds = seeds + rng.uniform(-17, 17, seeds.shape)
    i, j = np.mgrid[1050:2100:330, 0:2700:420]
    lobes = np.stack([i, j + 0.5 * (i % 660)], axis=-1).reshape(-1, 2) + rng.uniform(-90, 90, (i.size, 2))
    away = np.sort(np.hypot(seeds[:, None, 0] - lobes[:, 0], seeds[:, None, 1] - lobes[:, 1]), axis=1)
    at = np.clip(seeds.astype(int), 0, np.array(SIZE_PX) - 1)
    cells = (
        (seeds[:, 0] > bottom[0, at[:, 1]] + 25)
        & (outside[at[:, 0], at[:, 1]] > 78)
        & (away[:, 1] - away[:, 0] > 40)
        & (rng.random(len(seeds)) > 0.015)
    )
    first_row = int(bottom.min()) - 120
    y = (rows + 5 * optics.texture(SIZE_PX, 16, rng))[first_row:]
    x = (cols + 5 * optics.texture(SIZE_PX, 16, rng))[first_row:]
    spacing, number = cKDTree(seeds).query(np.stack([y, x], axis=-1), k=4)
    edge = np.zeros(y.shape)
    for k in range(1, 4):
        gap = seeds[number[..., k]] - seeds[number[..., 0]]
        edge += np.exp(-(spacing[..., k] ** 2 - spacing[..., 0] ** 2) / (2 * np.hypot(gap[..., 0], gap[..., 1])) / 2.6)
    depth = -2.6 * np.log(edge)  # a soft minimum rounds the corners
    mine = cells[number[..., 0]]
    vacuole, wall = np.zeros(SIZE_PX), np.zeros(SIZE_PX, dtype=bool)
    vacuole[first_row:] = np.where(mine, _smooth(depth, 0.3, 2.3), 0) * 0.985
    wall[first_row:] = mine
    return vacuole, wall


def _corneum(height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Density of the horny layer above the living surface: loose lamellae that lift off."""
    up = -height
    thick = 30 + 8 * _line(70, rng)
    weave = np.sin(2 * math.pi * (up + 7 * optics.texture(SIZE_PX, 26, rng)) / 8.5) + 0.35 * optics.texture(
        SIZE_PX, 4, rng
    )
    lamellae = 0.3 * _smooth(weave, 0.25, 0.95)
    solid = _smooth(6 - up, -3, 3) * 0.16
    return np.where((up > 0) & (up < thick), np.maximum(lamellae, solid), 0.0)


def _vessels(
    rows: np.ndarray, cols: np.ndarray, outside: np.ndarray, vacuole: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Share of lumen and of wall of a few small vessels in dermis and septa."""
    lumen, wall = np.zeros(SIZE_PX), np.zeros(SIZE_PX)
    found = 0
    for _ in range(4000):
        row, col = rng.uniform(330, SIZE_PX[0] - 60), rng.uniform(60, SIZE_PX[1] - 60)
        a, b, turn = rng.uniform(13, 30), rng.uniform(7, 13), rng.uniform(0, math.pi)
        at = (int(row), int(col))
        box = np.s_[max(0, at[0] - 50) : at[0] + 50, max(0, at[1] - 50) : at[1] + 50]
        if outside[at] < 70 or vacuole[box].max() > 0 or lumen[box].max() > 0:
            continue
        down, right = rows[box] - row, cols[box] - col
        along, across = right * math.cos(turn) + down * math.sin(turn), down * math.cos(turn) - right * math.sin(turn)
        inside = (1 - np.hypot(along / a, across / b)) * b
        lumen[box] = _smooth(inside, -0.5, 0.8)
        wall[box] = _smooth(inside, -6, -2.5) * (1 - lumen[box])
        found += 1
        if found == 14:
            break
    return lumen, wall


def _nuclei(
    *, rows: np.ndarray, cols: np.ndarray, surface: np.ndarray, junction: np.ndarray, angle: np.ndarray,
    outside: np.ndarray, vacuole: np.ndarray, cleft: np.ndarray, vessel: np.ndarray, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Density of nuclei: packed in the epidermis, spindles along the fibres, a few on the walls of fat cells."""
    amount = np.zeros(SIZE_PX)

    def put(row: float, col: float, semi: tuple[float, float], turn: float, dark: float) -> None:
        a, b = semi
        reach = math.ceil(a) + 2
        top, left = max(0, int(row) - reach), max(0, int(col) - reach)
        box = np.s_[top : int(row) + reach + 1, left : int(col) + reach + 1]
        part = amount[box]
        down, right = rows[box] - row, cols[box] - col
        along, across = right * math.cos(turn) + down * math.sin(turn), down * math.cos(turn) - right * math.sin(turn)
        np.maximum(part, dark * np.clip((1 - np.hypot(along / a, across / b)) * b + 0.5, 0, 1), out=part)

    # Epidermis: a shaken lattice, the lowest cells upright and dark.
    i, j = np.mgrid[0:40, 0 : SIZE_PX[1] / 10.5]
    lattice = np.stack([i * 9.2, (j + 0.5 * (i % 2)) * 10.5], axis=-1).reshape(-1, 2) + rng.uniform(
        -2.2, 2.2, (i.size, 2)
    )
    for down, col in lattice:
        at = min(max(int(col), 0), SIZE_PX[1] - 1)
        row = surface[0, at] + 7 + down
        left = junction[0, at] - row
        if left > 4:
            basal = left < 13
            flat = np.clip(1 - down / 30, 0, 1)
            semi = (3.9 + 1.2 * flat, 2.1 if basal else 3.1 - 1.4 * flat)
            turn = math.pi / 2 if basal else rng.normal(0, 0.3)
            put(row, col, semi, turn, rng.uniform(0.6, 0.85) if basal else rng.uniform(0.4, 0.65))
    deep = junction + 6
    for row, col in rng.uniform((0, 0), SIZE_PX, (9000, 2)):
        at = (int(row), int(col))
        if row < deep[0, at[1]] or cleft[at] > 0.3 or outside[at] == 0:
            continue
        crowd = 0.32 + 0.75 * math.exp(-outside[at] / 26) + 0.5 * math.exp(-(row - deep[0, at[1]]) / 60)
        if vacuole[at] > 0.05:
            continue
        fatty = vacuole[max(0, at[0] - 4) : at[0] + 5, max(0, at[1] - 4) : at[1] + 5].max() > 0
        if rng.random() > (0.5 if fatty else crowd):
            continue
        round_cell = rng.random() < 0.45 * math.exp(-outside[at] / 40)
        a, b = (
            (rng.uniform(3.2, 4.6), rng.uniform(2.7, 3.6)) if round_cell else (rng.uniform(5, 9), rng.uniform(1.5, 2.4))
        )
        if fatty:
            a, b = rng.uniform(4, 6), rng.uniform(1.3, 1.9)
        put(row, col, (a, b), angle[at] + rng.normal(0, 0.25), rng.uniform(0.45, 0.8))
    ring = np.argwhere(vessel > 0.6)
    for row, col in ring[rng.permutation(len(ring))[:260]]:
        down, right = np.gradient(vessel[max(0, row - 4) : row + 5, max(0, col - 4) : col + 5])
        put(row, col, (rng.uniform(3.5, 5.5), rng.uniform(1.4, 2.0)), math.atan2(down.mean(), right.mean()) + math.pi / 2,
            rng.uniform(0.55, 0.8))  # fmt: skip
    return amount
