"""Runs as a label image: any box of it, and reduced without losing a grain."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import measure as skm


@pytest.fixture(scope="module")
def mask():
    rng = np.random.default_rng(0)
    mask = rng.random((53, 71)) < 0.3
    mask[10:13] = False
    return mask


@pytest.mark.parametrize("box", [(0, 0, 53, 71), (5, 7, 11, 13), (10, 0, 3, 71), (52, 70, 1, 1), (9, 60, 30, 11)])
def test_labels_of_a_box_are_those_of_the_whole(mask, measure_mask, box):
    row, col, height, width = box
    labels = skm.label(mask, connectivity=2)[row : row + height, col : col + width]
    runs = measure_mask(mask).runs
    np.testing.assert_array_equal(runs.labels(*box), labels)
    np.testing.assert_array_equal(runs.mask(*box), labels > 0)


@pytest.mark.parametrize("factor", [1, 2, 3, 8, 100])
def test_reducing_keeps_every_grain(mask, measure_mask, factor):
    padded = np.pad(mask, [(0, -n % factor) for n in mask.shape])
    shape = padded.shape[0] // factor, factor, padded.shape[1] // factor, factor
    expected = padded.reshape(shape).max(axis=(1, 3))
    np.testing.assert_array_equal(measure_mask(mask).runs.reduced(0, 53, factor), expected.astype(np.uint8))
