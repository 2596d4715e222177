"""Mineral of the sample section: a lobed mass with septa, clefts where the knife tore it, and grains around it."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from skin_field import SIZE_PX, smooth

from calcannot.phantom.optics import texture
from calcannot.phantom.shapes import Ellipse


def mass(rows: np.ndarray, cols: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Level set of the mass (above 0 is mineral, in about px), and where the knife tore it open."""
    wide, fine = 26.0, 4.5
    y = rows + wide * texture(SIZE_PX, 75, rng) + fine * texture(SIZE_PX, 13, rng)
    x = cols + wide * texture(SIZE_PX, 75, rng) + fine * texture(SIZE_PX, 13, rng)
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
    level = np.minimum(disc, septum - np.clip(5.5 + 3.5 * texture(SIZE_PX, 45, rng), 1.5, None))
    # Worn edges, and inclusions of matrix that never took up mineral.
    level = level + 3.5 * texture(SIZE_PX, 9, rng) + 2.2 * texture(SIZE_PX, 3, rng)
    inclusions = texture(SIZE_PX, 16, rng)
    level = np.minimum(level, 14 * (2.75 - inclusions))
    tear = np.full(SIZE_PX, np.inf)
    for _ in range(2):
        wander = texture(SIZE_PX, 70, rng)
        slope = np.hypot(*np.gradient(wander))
        open_by = 3.6 * smooth(texture(SIZE_PX, 65, rng), 0.5, 1.4) - 0.6
        tear = np.minimum(tear, np.abs(wander) / np.maximum(slope, 1e-6) - open_by)
    return np.minimum(level, tear), (tear <= 0) & (level > -2)


def satellites(outside: np.ndarray, mineral: np.ndarray, barred: np.ndarray, rng: np.random.Generator) -> list[Ellipse]:
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
