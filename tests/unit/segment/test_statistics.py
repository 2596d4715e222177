"""Histograms counted colour by colour, in several threads, against the channel of every pixel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from calcannot import ArraySource
from calcannot.segment import statistics
from calcannot.segment.channels import channel_of
from calcannot.segment.histogram import FLOAT_BINS
from calcannot.segment.statistics import ImageStatistics

CHANNELS = ("lightness", "glass", "value", "red")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Half of it few colours, half of it nearly all different."""
    rng = np.random.default_rng(1)
    plain = rng.normal((230, 228, 235), 3, (60, 90, 3))
    return np.concatenate([plain, rng.integers(0, 256, (60, 90, 3))]).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("holds", [None, 700], ids=["one table", "tables that are full"])
@pytest.mark.parametrize("chosen", [False, True])
def test_colours_counted_in_threads_give_the_histograms_of_the_pixels(pixels, holds, chosen, monkeypatch):
    if holds:
        monkeypatch.setattr(statistics, "_TABLE_HOLDS", holds)
    monkeypatch.setattr(statistics, "_MOST_TABLES", 2)
    mask = np.random.default_rng(2).random(pixels.shape[:2]) < 0.4 if chosen else None
    info = ArraySource(pixels, name="x").info
    counted = ImageStatistics(info, CHANNELS)

    def count(row: int) -> statistics.TileCounts:
        part = slice(row, row + 7)
        return counted.count(pixels[part], None if mask is None else mask[part])

    with ThreadPoolExecutor(5) as pool:
        for tile in pool.map(count, range(0, len(pixels), 7)):
            counted.merge(tile)
    some = pixels.reshape(1, -1, 3) if mask is None else pixels[mask][np.newaxis]
    assert counted.pixel_count == some.shape[1]
    for name in CHANNELS:
        values = channel_of(name, info).values(some)[0]
        found = counted.histogram(name)
        assert (found.total, found.minimum, found.maximum) == (values.size, values.min(), values.max())
        assert found.mean == pytest.approx(values.mean(), rel=1e-12)
        if name == "lightness":
            np.testing.assert_array_equal(found.counts, np.histogram(values, FLOAT_BINS)[0])
        else:
            np.testing.assert_array_equal(found.counts, np.bincount(values)[values.min() :])
    counted.forget()
    assert counted.channels == CHANNELS
