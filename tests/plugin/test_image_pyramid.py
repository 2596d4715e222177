"""Levels of an image: those of the file, and means where it has none."""

import numpy as np
import pytest

pytest.importorskip("napari")

from calcannot.io import ArraySource
from napari_calcannot import image_pyramid
from napari_calcannot.image_pyramid import ImagePyramid, halved
from napari_calcannot.tile_cache import TileCache


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.float32])
@pytest.mark.parametrize("shape", [(6, 8), (7, 5), (5, 8, 3), (1, 1, 3)])
def test_half_is_the_mean_of_two_by_two(dtype, shape):
    top = 255 if dtype == np.uint8 else 30_000
    pixels = np.random.default_rng(1).integers(0, top, shape, endpoint=True).astype(dtype)
    pixels.flat[0] = top
    whole = np.pad(pixels, ((0, shape[0] % 2), (0, shape[1] % 2), *[(0, 0)] * (len(shape) - 2)), mode="edge")
    blocks = whole.astype(np.float64).reshape(-(-shape[0] // 2), 2, -(-shape[1] // 2), 2, *shape[2:])
    mean = blocks.mean(axis=(1, 3))
    expected = mean if dtype == np.float32 else np.floor(mean)
    assert halved(pixels).dtype == dtype
    assert np.array_equal(halved(pixels), expected.astype(dtype))


@pytest.mark.parametrize("waits", [True, False], ids=["in napari alone", "in the panel"])
def test_a_level_that_the_file_has_not_is_seen(waits, monkeypatch):
    monkeypatch.setattr(image_pyramid, "WAITED_FOR_PX", 1000)
    monkeypatch.setattr(image_pyramid, "_OVERVIEW_PX", 32)
    pixels = np.random.default_rng(2).integers(0, 256, (100, 120, 3)).astype(np.uint8)
    pyramid = ImagePyramid(ArraySource(pixels, name="flat.png"), TileCache())
    pyramid.waits, pyramid.loader.wait_s = waits, 20.0
    full, half, quarter = (level[10:20, 12:16] for level in pyramid.levels()[:3])
    assert np.array_equal(full, pixels[10:20, 12:16])
    assert np.array_equal(half, halved(pixels)[10:20, 12:16])
    assert np.array_equal(quarter, halved(halved(pixels))[10:20, 12:16])
    assert pyramid.loader.failure is None
    pyramid.close()
