"""Tiles cover the image, fit the mask to the image, and never make up pixels."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import ArraySource, Calibration
from calcannot.errors import OutputError
from calcannot.export.tiles import grid_of, image_tile, mask_tile, mineral_px
from calcannot.model.calibration import CalibrationSource
from calcannot.runs.from_mask import runs_of_mask

HALF = Calibration(0.5, 0.25, CalibrationSource.USER)


def grid(shape, size, overlap=0, um_per_px=None, calibration=HALF):
    return grid_of(*shape, calibration, size_px=size, overlap_px=overlap, um_per_px=um_per_px, name="a.tif")


def test_tiles_cover_every_pixel_and_stay_inside():
    for shape in ((64, 64), (65, 100), (130, 64)):
        for overlap in (0, 10):
            tiles = grid(shape, 32, overlap)
            seen = np.zeros(shape, int)
            for row in tiles.rows:
                for col in tiles.cols:
                    assert row + 32 <= shape[0]
                    assert col + 32 <= shape[1]
                    seen[row : row + 32, col : col + 32] += 1
            assert seen.all()
    assert grid((64, 64), 32).rows.tolist() == [0, 32]
    assert grid((64, 100), 32).cols.tolist() == [0, 32, 64, 68]
    assert grid((64, 70), 32, 8).cols.tolist() == [0, 24, 38]


def test_a_tile_at_the_scale_of_the_image_is_the_image():
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (50, 60, 3), np.uint8)
    mask = rng.random((50, 60)) < 0.3
    tiles, runs = grid((50, 60), 32), runs_of_mask(mask)
    source = ArraySource(pixels, name="a")
    np.testing.assert_array_equal(image_tile(tiles, source, 18, 28, 255), pixels[18:50, 28:60])
    np.testing.assert_array_equal(mask_tile(tiles, runs, 18, 28), mask[18:50, 28:60])
    counts = mineral_px(tiles, runs)
    expected = [[mask[r : r + 32, c : c + 32].sum() for c in tiles.cols] for r in tiles.rows]
    np.testing.assert_array_equal(counts, expected)


def test_a_coarser_tile_is_the_mean_of_its_pixels_and_half_decides():
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 60_000, (48, 96), np.uint16)
    mask = rng.random((48, 96)) < 0.5
    tiles = grid((48, 96), 12, um_per_px=1.0)  # 2 rows and 4 columns of the image a pixel
    assert (tiles.rows.tolist(), tiles.cols.tolist()) == ([0, 24], [0, 48])
    source = ArraySource(pixels, name="a")
    for row in tiles.rows:
        for col in tiles.cols:
            box = np.s_[row : row + 24, col : col + 48]
            means = pixels[box].reshape(12, 2, 12, 4).mean(axis=(1, 3))
            assert np.abs(image_tile(tiles, source, row, col, 0).astype(float) - means).max() <= 0.5
            share = mask[box].reshape(12, 2, 12, 4).mean(axis=(1, 3))
            np.testing.assert_array_equal(mask_tile(tiles, runs_of_mask(mask), row, col), share >= 0.5)


def test_area_survives_a_scale_that_is_no_whole_number():
    y, x = np.mgrid[:300, :300]
    mask = (y - 150) ** 2 + (x - 140) ** 2 < 100**2
    calibration = Calibration(0.3, 0.3, CalibrationSource.USER)
    tiles = grid((300, 300), 90, um_per_px=1.0, calibration=calibration)
    assert tiles.rows.tolist() == tiles.cols.tolist() == [0]
    scaled = mask_tile(tiles, runs_of_mask(mask), 0, 0)
    assert scaled.sum() == pytest.approx(mask.sum() * 0.09, rel=0.005)


def test_beyond_a_small_image_there_is_background():
    pixels = np.full((10, 12, 3), 100, np.uint8)
    tiles = grid((10, 12), 16)
    tile = image_tile(tiles, ArraySource(pixels, name="a"), 0, 0, 255)
    assert tile.shape == (16, 16, 3)
    assert (tile[:10, :12] == 100).all()
    assert (tile[10:] == 255).all()
    assert (tile[:, 12:] == 255).all()
    assert mask_tile(tiles, runs_of_mask(np.ones((10, 12), bool)), 0, 0).sum() == 120


def test_mineral_that_is_too_fine_for_the_scale_is_neither_with_nor_without():
    mask = np.zeros((32, 64), bool)
    mask[3, 3] = True
    mask[:, 33:60] = True
    tiles = grid((32, 64), 8, um_per_px=2.0)  # 4 rows, 8 columns
    assert mineral_px(tiles, runs_of_mask(mask)).tolist() == [[8 * 4]]
    assert mineral_px(grid((32, 64), 4, um_per_px=2.0), runs_of_mask(mask)).tolist() == [[-1, 16], [0, 16]]


def test_a_scale_that_the_image_does_not_have_is_refused():
    with pytest.raises(OutputError, match="no pixel size"):
        grid((10, 10), 8, um_per_px=1.0, calibration=None)
    with pytest.raises(OutputError, match=r"0\.5 µm a pixel, and 0\.3 µm would be finer"):
        grid((10, 10), 8, um_per_px=0.3)
