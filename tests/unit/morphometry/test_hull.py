"""Hulls are the same however many regions are looked at together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcannot.morphometry import hull


@pytest.fixture(scope="module")
def mask():
    """Grains beside a bar that is as high as the image, and one that is as wide."""
    grains = ndimage.gaussian_filter(np.random.default_rng(6).random((120, 90)), 1) > 0.55
    grains[:, 40:44] = grains[60:64] = False
    grains[:, 41:43] = grains[61:63, :30] = True
    return grains


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_parts_of_the_regions_give_the_hulls_of_all(at_once, workers, mask, measure_mask, monkeypatch):
    whole = measure_mask(mask, workers=workers).regions
    assert len(whole) > 50
    monkeypatch.setattr(hull, "_AT_ONCE", at_once)
    parts = measure_mask(mask, workers=workers).regions
    for name in ("hull_start", "hull_row", "hull_col"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
