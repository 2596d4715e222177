"""The mask as a pyramid: 0 and 1, tiled, with physical size where known, and no grain lost in an overview."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from calcannot import Calibration, open_image
from calcannot.model.calibration import CalibrationSource
from calcannot.store.masks import write_mask


@pytest.fixture
def mask():
    mask = np.zeros((1300, 2101), bool)
    mask[100:400, 37:900] = True
    mask[200:300, 100:800] = False
    mask[np.random.default_rng(1).integers(0, 1300, 200), np.random.default_rng(2).integers(0, 2101, 200)] = True
    mask[1299, 2100] = True
    return mask


def halved(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, [(0, n % 2) for n in mask.shape])
    return padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).max(axis=(1, 3))


def test_levels_hold_the_maximum_of_two_by_two(mask, measure_mask, tmp_path):
    write_mask(tmp_path / "m.ome.tif", measure_mask(mask).runs, None)
    with tifffile.TiffFile(tmp_path / "m.ome.tif") as tiff:
        levels = tiff.series[0].levels
        assert len(tiff.series) == 1
        expected = mask
        for level in levels:
            pixels = level.asarray()
            np.testing.assert_array_equal(pixels, expected.astype(np.uint8))
            expected = halved(expected)
        assert max(levels[-1].shape) <= 512
        assert tiff.pages[0].tile == (256, 256)
        assert "PhysicalSize" not in tiff.ome_metadata


def test_a_mask_is_an_image_that_is_read_again_with_its_scale(mask, measure_mask, tmp_path):
    size = Calibration(0.5, 0.25, CalibrationSource.USER)
    write_mask(tmp_path / "m.ome.tif", measure_mask(mask, size).runs, size)
    with open_image(tmp_path / "m.ome.tif") as source:
        found = source.info.calibration
        assert (found.um_per_px_row, found.um_per_px_col) == (0.5, 0.25)
        np.testing.assert_array_equal(source.read(0, 0, 1300, 2101), mask.astype(np.uint8))
        assert len(source.info.levels) == 4


def test_the_same_mask_is_the_same_bytes_and_another_has_another_identity(mask, measure_mask, tmp_path):
    size = Calibration(0.5, 0.5, CalibrationSource.USER)
    runs, others = measure_mask(mask[:300, :300]).runs, measure_mask(mask[1:301, :300]).runs
    for name, written in {"a": (runs, None), "b": (runs, None), "c": (runs, size), "d": (others, None)}.items():
        write_mask(tmp_path / name, *written)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    identities = {(tmp_path / name).read_bytes().split(b"UUID=")[1][:47] for name in "abcd"}
    assert len(identities) == 3


def test_an_empty_mask_is_written(measure_mask, tmp_path):
    write_mask(tmp_path / "m.ome.tif", measure_mask(np.zeros((5, 7), bool)).runs, None)
    pixels = tifffile.imread(tmp_path / "m.ome.tif")
    assert pixels.shape == (5, 7)
    assert not pixels.any()
