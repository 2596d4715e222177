"""Counts and kept pixels of a box against numpy."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from calcannot.jpeg_colours import CodedTiles, pixels_of, planes_size
from calcannot.model.image import ImageInfo, Level, Modality
from calcannot.segment.byte_scan import BYTE_CHANNELS, ByteCounter
from calcannot.segment.channels import channel_of


@ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 2, ctypes.c_size_t, *[ctypes.c_void_p] * 2)
def _decodes(*_):
    return 0


_DECODES = ctypes.cast(_decodes, ctypes.c_void_p).value


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
        assert kept.sizes.tolist() == [[len(kept.runs), len(kept.levels)]]
        mask = np.zeros(values.shape, bool)
        run = 0
        for row, count in enumerate(kept.counts[0]):
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


def planes_of_tiles(height, width, number):
    """Luma and chroma of tiles: noise, glass of one chroma, glass of noisy chroma, grains, flat, beyond the colours."""
    rng = np.random.default_rng(5)
    for tile in range(number):
        luma = rng.normal(240, 2, (height, width))
        chroma = np.full((2, height, width // 2), 128.0)
        match tile % 6:
            case 0:
                luma, chroma = rng.integers(0, 256, luma.shape), rng.integers(0, 256, chroma.shape)
            case 2:
                chroma[:, :, ::3] += rng.normal(0, 2, chroma[:, :, ::3].shape)
            case 3:
                luma[height // 4 : height // 2, 3 : width // 2] = 20
                chroma[0, : height // 2] = 140
            case 4:
                luma[:] = tile
            case 5:
                luma, chroma = rng.normal(250, 4, luma.shape), np.full(chroma.shape, rng.integers(0, 256))
        yield [each.clip(0, 255).astype(np.uint8) for each in (luma, *chroma)]


@pytest.mark.parametrize("channel", BYTE_CHANNELS)
@pytest.mark.parametrize(("low", "high"), [(0, 100), (230, 245), (0, 255), (1, 0)])
@pytest.mark.parametrize("halves_rows", [True, False])
@pytest.mark.parametrize(
    ("size", "rows"), [((16, 16), 16), ((48, 80), 37), ((256, 256), 256), ((256, 256), 48), ((16, 4800), 3)]
)
def test_tiles_give_what_their_pixels_give(size, rows, halves_rows, low, high, channel):
    """The planes are put where a decoder would: what decodes is tested with files."""
    height, width = size
    samples = np.zeros(planes_size(height, width, halves_rows=halves_rows), np.uint8)
    tiles = CodedTiles(
        np.zeros(1, np.uint8),
        np.zeros(1, np.int64),
        np.ones(1, np.int64),
        _DECODES,
        0,
        0,
        samples,
        *size,
        halves_rows,
        rows,
    )
    with_planes, with_pixels = (ByteCounter(BYTE_CHANNELS[channel], low, high, True, True) for _ in range(2))
    for planes in planes_of_tiles(height, width, 12):
        parts = [planes[0], *(each[:: 1 + halves_rows] for each in planes[1:])]
        stored = np.concatenate([each.ravel() for each in parts])
        samples[: stored.size] = stored
        rgb = pixels_of(tiles, 0)
        (found,), kept = with_planes.look_at_tiles(tiles, keep=True)
        expected_found, expected = with_pixels.look(rgb, keep=True)
        assert found == expected_found
        assert (kept is None) == (expected is None)
        if kept is not None:
            for one, other in zip(kept, expected, strict=True):
                np.testing.assert_array_equal(one, other)
        assert with_planes.look_at_tiles(tiles, keep=False)[0] == [found]
        with_pixels.look(rgb, keep=False)
        assert with_planes.has_colour == with_pixels.has_colour
    assert with_planes.pixel_count == with_pixels.pixel_count
    np.testing.assert_array_equal(with_planes.histograms(), with_pixels.histograms())
