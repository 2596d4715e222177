"""Colours of stored planes: each of them by the standard's formula, chroma between samples by libjpeg's weights."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.jpeg_colours import BEYOND, chroma_rows, colour_rows, colours_of_levels, planes_size
from calcannot.lanes import LANES


def colours_of(luma, blue, red, *, halves_rows, top=0, rows=None):
    """RGB of planes: luma (height, width), chroma (height or height / 2, width / 2)."""
    height, width = luma.shape
    rows = height if rows is None else rows
    samples = np.zeros(planes_size(height, width, halves_rows=halves_rows), np.uint8)
    planes = np.concatenate([each.ravel() for each in (luma, blue, red)])
    samples[: planes.size] = planes
    parts = [np.zeros(rows * width + BEYOND, np.uint8) for _ in range(3)]
    sums = np.zeros((2, width // 2 + 2 + LANES), np.int16)
    colour_rows(samples, height, width, halves_rows, top, rows, *parts, sums)
    return np.stack([each[: rows * width].reshape(rows, width) for each in parts], axis=-1)


def by_formula(luma, blue, red):
    """JFIF 1.02's colours with the rounding of libjpeg: 16 bits behind the point, green's parts rounded together."""
    b, r = blue.astype(np.int64) - 128, red.astype(np.int64) - 128
    of_red, of_green_red, of_green_blue, of_blue = (round(each * 65536) for each in (1.402, 0.71414, 0.34414, 1.772))
    parts = (
        (of_red * r + 32768) >> 16,
        (-of_green_blue * b - of_green_red * r + 32768) >> 16,
        (of_blue * b + 32768) >> 16,
    )
    return np.stack([(luma + each).clip(0, 255) for each in parts], axis=-1).astype(np.uint8)


def test_every_colour_is_the_formulas():
    """All 16.8 million: a tile of each level of blue, with all levels of luma across and of red down."""
    luma = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    red = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 128, axis=1)
    for level in range(256):
        blue = np.full((256, 128), level, np.uint8)
        expected = by_formula(luma.astype(int), blue.repeat(2, axis=1), red.repeat(2, axis=1))
        np.testing.assert_array_equal(colours_of(luma, blue, red, halves_rows=False), expected)


def test_a_pixel_alone_has_the_colour_it_has_in_a_row():
    levels = np.array([0, 1, 17, 127, 128, 129, 200, 254, 255])
    for luma in levels:
        for blue in levels:
            for red in levels:
                expected = by_formula(luma, np.array(blue), np.array(red)).tolist()
                assert list(colours_of_levels(int(luma), int(blue), int(red))) == expected


def upsampled(plane, *, halves_rows):
    """Weights 9:3:3:1 between the four nearest samples, or 3:1 between two; roundings as in jdsample.c."""
    plane = plane.astype(np.int64)
    if not halves_rows:
        before, after = (np.pad(plane, ((0, 0), (1, 1)), "edge")[:, part] for part in (slice(0, -2), slice(2, None)))
        return np.stack([(3 * plane + before + 1) >> 2, (3 * plane + after + 2) >> 2], axis=-1).reshape(len(plane), -1)
    above, below = (np.pad(plane, ((1, 1), (0, 0)), "edge")[part] for part in (slice(0, -2), slice(2, None)))
    rows = np.stack([3 * plane + above, 3 * plane + below], axis=1).reshape(2 * len(plane), -1)
    before, after = (np.pad(rows, ((0, 0), (1, 1)), "edge")[:, part] for part in (slice(0, -2), slice(2, None)))
    return np.stack([(3 * rows + before + 8) >> 4, (3 * rows + after + 7) >> 4], axis=-1).reshape(len(rows), -1)


@pytest.mark.parametrize("halves_rows", [True, False])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 48), (32, 64), (48, 80), (64, 144), (16, 272)])
def test_chroma_between_samples_is_weighted_and_rounded(height, width, halves_rows):
    rng = np.random.default_rng(height + width)
    luma = rng.integers(0, 256, (height, width), np.uint8)
    blue, red = rng.integers(0, 256, (2, height >> halves_rows, width // 2), np.uint8)
    expected = by_formula(luma.astype(int), *(upsampled(each, halves_rows=halves_rows) for each in (blue, red)))
    np.testing.assert_array_equal(colours_of(luma, blue, red, halves_rows=halves_rows), expected)
    for top, rows in ((0, 1), (1, 1), (7, 3), (height - 1, 1), (2, height - 2)):
        some = colours_of(luma, blue, red, halves_rows=halves_rows, top=top, rows=rows)
        np.testing.assert_array_equal(some, expected[top : top + rows])


@pytest.mark.parametrize("halves_rows", [True, False])
def test_chroma_rows_are_those_that_change_a_row(halves_rows):
    """Changing chroma outside of them changes nothing; on the first and the last of them it does."""
    height, width = 32, 32
    luma = np.full((height, width), 128, np.uint8)
    blue = np.full((height >> halves_rows, width // 2), 100, np.uint8)
    for top, rows in ((0, 1), (1, 1), (2, 5), (9, 8), (31, 1), (0, 32)):
        first, last = chroma_rows(top, rows, height, halves_rows)
        before = colours_of(luma, blue, blue, halves_rows=halves_rows, top=top, rows=rows)
        changes = []
        for row in range(len(blue)):
            changed = blue.copy()
            changed[row] = 180
            after = colours_of(luma, changed, blue, halves_rows=halves_rows, top=top, rows=rows)
            changes.append(not np.array_equal(after, before))
        assert np.flatnonzero(changes).tolist() == list(range(first, last))
