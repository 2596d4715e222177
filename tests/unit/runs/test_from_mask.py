"""Runs of a mask, whatever the bands, with scipy's components as numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcannot.runs.from_mask import RunBuilder, runs_of_mask


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (37, 53)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_labels_are_those_of_scipy(shape, share):
    mask = np.random.default_rng(3).random(shape) < share
    runs = runs_of_mask(mask)
    np.testing.assert_array_equal(runs.labels(0, 0, *shape), ndimage.label(mask, np.ones((3, 3)))[0])


def test_bands_give_the_same_runs_as_the_whole():
    mask = np.random.default_rng(4).random((31, 40)) < 0.5
    builder = RunBuilder(40)
    for row in range(0, 31, 7):
        builder.add(mask[row : row + 7].astype(np.uint8))
    whole, joined = runs_of_mask(mask), builder.finish()
    for field in ("row_start", "start", "stop", "region"):
        np.testing.assert_array_equal(getattr(joined, field), getattr(whole, field))
