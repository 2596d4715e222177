"""Cells of the sample section: fat, small vessels, nuclei."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import cKDTree
from skin_field import SIZE_PX, smooth

from calcannot.phantom.optics import texture


def fat(
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
    y = (rows + 5 * texture(SIZE_PX, 16, rng))[first_row:]
    x = (cols + 5 * texture(SIZE_PX, 16, rng))[first_row:]
    spacing, number = cKDTree(seeds).query(np.stack([y, x], axis=-1), k=4)
    edge = np.zeros(y.shape)
    for k in range(1, 4):
        gap = seeds[number[..., k]] - seeds[number[..., 0]]
        edge += np.exp(-(spacing[..., k] ** 2 - spacing[..., 0] ** 2) / (2 * np.hypot(gap[..., 0], gap[..., 1])) / 2.6)
    depth = -2.6 * np.log(edge)  # a soft minimum rounds the corners
    mine = cells[number[..., 0]]
    vacuole, wall = np.zeros(SIZE_PX), np.zeros(SIZE_PX, dtype=bool)
    vacuole[first_row:] = np.where(mine, smooth(depth, 0.3, 2.3), 0) * 0.985
    wall[first_row:] = mine
    return vacuole, wall


def vessels(
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
        lumen[box] = smooth(inside, -0.5, 0.8)
        wall[box] = smooth(inside, -6, -2.5) * (1 - lumen[box])
        found += 1
        if found == 14:
            break
    return lumen, wall


def nuclei(
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
        semi = (rng.uniform(3.5, 5.5), rng.uniform(1.4, 2.0))
        put(row, col, semi, math.atan2(down.mean(), right.mean()) + math.pi / 2, rng.uniform(0.55, 0.8))
    return amount
