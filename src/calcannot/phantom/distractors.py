"""Nuclei, and everything on a slide that is dark and is not mineral."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from calcannot.phantom import optics
from calcannot.phantom.raster import centre_mask
from calcannot.phantom.shapes import Stadium, disc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.phantom.shape import Bools, Floats, Shape


def nuclei(size_px: tuple[int, int], um_per_px: float, per_mm2: float, rng: np.random.Generator) -> Floats:
    """Amount of counterstain in nuclei, shape (height, width): ellipses of semi-axes 2-3 by 3-5 µm, 0.35-0.75."""
    amount = np.zeros(size_px)
    number = round(per_mm2 * amount.size * um_per_px**2 * 1e-6)
    semi = rng.uniform((2.0, 3.0), (3.0, 5.0), (number, 2)) / um_per_px
    places = rng.uniform((0, 0), size_px, (number, 2))
    for (row, col), (b, a), turn, density in zip(
        places, semi, rng.uniform(0, math.pi, number), rng.uniform(0.35, 0.75, number), strict=True
    ):
        reach = math.ceil(a) + 2
        top, left = max(0, int(row) - reach), max(0, int(col) - reach)
        window = np.s_[top : int(row) + reach + 1, left : int(col) + reach + 1]
        part = amount[window]
        down = np.arange(top, top + part.shape[0])[:, None] - row
        right = np.arange(left, left + part.shape[1])[None, :] - col
        along, across = right * math.cos(turn) + down * math.sin(turn), down * math.cos(turn) - right * math.sin(turn)
        inside = np.clip((1 - np.hypot(along / a, across / b)) * b + 0.5, 0, 1)
        np.maximum(part, density * inside, out=part)
    return amount


def tissue_extent(size_px: tuple[int, int], rng: np.random.Generator) -> Bools:
    """Where tissue is when the field holds glass too: the left 75 to 80 % behind a wavy edge, shape (height, width)."""
    height, width = size_px
    wave = ndimage.gaussian_filter1d(rng.standard_normal(height), max(height / 20, 1), mode="wrap")
    edge = width * (0.775 + 0.02 * wave / max(float(np.abs(wave).max()), 1e-12))
    return np.asarray(np.arange(width)[None, :] < edge[:, None], dtype=bool)


def cracks(shapes: Sequence[Shape], rng: np.random.Generator) -> list[Shape]:
    """One cleft 3 px wide inside each deposit of radius 12 px or more, too short to cut it in two."""
    return [
        Stadium(shape.row_px, shape.col_px, 0.6 * shape.reach_px, 1.5, float(rng.uniform(0, 180)))
        for shape in shapes
        if shape.reach_px >= 12
    ]


def add(name: str, amounts: dict[str, Floats], extent: Bools, um_per_px: float, rng: np.random.Generator) -> Bools:
    """Add one distractor to the amounts, in place.

    Parameters
    ----------
    name
        Which: see ``histology.DISTRACTORS``.
    amounts
        Optical density by stain, shape (height, width).
    extent
        Where tissue is, bool of the same shape.
    um_per_px
        Pixel size in µm.
    rng
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Where the distractor is.
    """
    height, width = size = (extent.shape[0], extent.shape[1])
    if name == "fold":
        rows, cols = np.mgrid[:height, :width].astype(np.float64)
        wave = 0.05 * height * np.sin(2 * math.pi * cols / width + rng.uniform(0, 6))
        mask = (np.abs(rows - 0.7 * height - wave) < 20 / um_per_px) & extent
        for stain, once in amounts.items():
            amounts[stain] = np.where(mask, 2 * once, once)
        return np.asarray(mask)
    stain, amount = _amount(name, extent, um_per_px, rng)
    amounts[stain] = amounts.get(stain, np.zeros(size)) + amount
    return np.asarray(amount > 0.05)


def _amount(name: str, extent: Bools, um_per_px: float, rng: np.random.Generator) -> tuple[str, Floats]:
    """Stain and amount of one distractor. Neutral ones are made of silver's colour: colour cannot tell them apart."""
    height, width = size = (extent.shape[0], extent.shape[1])
    rows, cols = np.mgrid[:height, :width].astype(np.float64)
    if name == "melanin":  # basal cells along a wavy line near the top
        line = 0.06 * height + 0.015 * height * np.sin(2 * math.pi * cols / (0.23 * width))
        band = np.abs(rows - line) < 6 / um_per_px
        return "melanin", np.where(band & extent, np.clip(0.8 + 0.3 * optics.texture(size, 3, rng), 0.2, 1.4), 0.0)
    if name == "haemosiderin":
        return "haemosiderin", 1.0 * _grains(extent, 14, (2 / um_per_px, 4 / um_per_px), rng, spread=0.08)
    if name == "carbon":
        return "silver", 1.5 * _grains(extent, 18, (1 / um_per_px, 2.5 / um_per_px), rng, spread=0.06)
    if name == "dust":
        return "silver", optics.blur(1.2 * _grains(extent, 3, (6.0, 10.0), rng, spread=0.5), 6.0)
    if name == "pen":  # an arc on the glass, neutral 1.8
        away = np.hypot(rows - 0.5 * height, cols - 0.62 * width)
        return "silver", np.where((np.abs(away - 0.33 * width) < 0.012 * width) & ~extent, 1.8, 0.0)
    if name == "bubble":  # a dark rim around a clear middle, on the glass
        away = np.hypot(rows - 0.15 * height, cols - 0.9 * width)
        return "silver", 0.9 * np.exp(-(((away - 0.06 * width) / 2.0) ** 2))
    # precipitate: grains of 1-2 px on the glass, ever fewer away from the tissue's edge
    distance = ndimage.distance_transform_edt(~extent)
    seeds = ~extent & (rng.random(size) < 0.01 * np.exp(-distance * um_per_px / 15))
    return "silver", 1.2 * ndimage.binary_dilation(seeds).astype(np.float64)


def _grains(
    extent: Bools, number: int, radius_px: tuple[float, float], rng: np.random.Generator, *, spread: float
) -> Floats:
    """A cluster of discs on tissue, 1 inside, shape (height, width)."""
    size = (extent.shape[0], extent.shape[1])
    middle = rng.uniform((0.3, 0.2), (0.7, 0.6))
    places = (middle + spread * rng.uniform(-0.5, 0.5, (number, 2))) * np.asarray(size)
    shapes = [
        disc(row, col, radius) for (row, col), radius in zip(places, rng.uniform(*radius_px, number), strict=True)
    ]
    return (centre_mask(shapes, size) & extent).astype(np.float64)
