"""Counts and kept pixels of a box against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.model.image import ImageInfo, Level, Modality
from calcannot.segment.byte_scan import BYTE_CHANNELS, ByteCounter
from calcannot.segment.channels import channel_of


def info_of(rgb) -> ImageInfo:
    height, width = rgb.shape[:2]
    return ImageInfo(
        "x", "array", Modality.HISTOLOGY, height, width, 3, "uint8", (0, 255), (Level(height, width, 1.0),),
        height, width, None, "darker absorbs more",
    )  # fmt: skip


def boxes():
    rng = np.random.default_rng(3)
    for height, width in ((1, 1), (3, 7), (5, 63), (2, 64), (9, 65), (70, 129), (2, 5000), (256, 256)):
        yield rng.integers(0, 256, (height, width, 3), np.uint8)
        yield rng.normal(242, 2, (height, width, 3)).clip(0, 255).astype(np.uint8)
        yield rng.normal(3, 2, (height, width, 3)).clip(0, 255).astype(np.uint8)
        yield np.zeros((height, width, 3), np.uint8)
        yield np.full((height, width, 3), 255, np.uint8)
        grey = rng.integers(200, 256, (height, width, 1)) * (rng.random((height, width, 1)) < 0.5)
        yield np.repeat(grey, 3, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("channel", BYTE_CHANNELS)
@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 0), (255, 255), (0, 100), (230, 245), (1, 0)])
def test_counts_and_kept_pixels_are_those_of_numpy(channel, low, high):
    counter = ByteCounter(BYTE_CHANNELS[channel], low, high, True, True)
    expected = np.zeros((2, 256), np.int64)
    for rgb in boxes():
        values = channel_of(channel, info_of(rgb)).values(rgb)
        glass = channel_of("glass", info_of(rgb)).values(rgb)
        expected += [np.bincount(each.ravel(), minlength=256) for each in (values, glass)]
        wanted = (values >= low) & (values <= high)
        found, kept = counter.look(rgb, keep=True)
        assert found == wanted.any()
        if kept is None:
            assert not found
            continue
        np.testing.assert_array_equal(kept.levels, values[wanted])
        mask = np.zeros(values.shape, bool)
        run = 0
        for row, count in enumerate(kept.counts):
            for start, stop in kept.runs[run : run + count].astype(int):
                assert start < stop
                assert not mask[row, max(0, start - 1) : stop].any(), "runs touch"
                mask[row, start:stop] = True
            run += count
        np.testing.assert_array_equal(mask, wanted)
        assert counter.look(rgb, keep=False) == (True, None)
        expected += [np.bincount(each.ravel(), minlength=256) for each in (values, glass)]
    np.testing.assert_array_equal(counter.histograms(), expected)
    np.testing.assert_array_equal(counter.histograms(), expected)


def test_counters_of_pairs_are_emptied_before_they_overflow(monkeypatch):
    monkeypatch.setattr("calcannot.segment.byte_scan._FOLD_AT", 50)
    counter = ByteCounter(BYTE_CHANNELS["value"], 1, 0, True, False)
    rgb = np.random.default_rng(0).integers(0, 256, (9, 80, 3), np.uint8)
    for _ in range(5):
        counter.look(rgb, keep=True)
        assert not counter._pairs.any()
    levels, glass = counter.histograms()
    np.testing.assert_array_equal(levels, 5 * np.bincount(rgb.max(-1).ravel(), minlength=256))
    assert not glass.any()
