"""Each level of the preview is the maximum of the pixels below it, in whatever order it is computed."""

import time
from functools import cache

import numpy as np
import pytest

from calcannot.io import ArraySource
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.segment.allowed import allowed_in
from calcannot.segment.shipped import load_recipe
from napari_calcannot import image_pyramid, value_pyramid
from napari_calcannot.image_pyramid import ImagePyramid
from napari_calcannot.preview import preview_rule
from napari_calcannot.tile_cache import TileCache
from napari_calcannot.value_pyramid import ValuePyramid

HEIGHT, WIDTH = 4500, 5003
REGION = Stroke("r", StrokeKind.REGION, (np.array([[700.0, 500.0], [4800.0, 900.0], [2500.0, 4200.0]]),))


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def maximum(values, level):
    step = 1 << level
    padded = np.pad(values, [(0, -size % step) for size in values.shape])
    return padded.reshape(padded.shape[0] // step, step, -1, step).max(axis=(1, 3))


@cache
def slide(strokes):
    rng = np.random.default_rng(3)
    pixels = np.full((HEIGHT, WIDTH, 3), 230, np.uint8)
    grains = rng.integers(0, [HEIGHT, WIDTH], (300, 2))
    pixels[grains[:, 0], grains[:, 1]] = rng.integers(0, 200, (300, 3))
    truth = 255 - pixels.max(axis=2).astype(int)
    if strokes:
        truth = np.where(allowed_in(Annotations(strokes), 0, 0, HEIGHT, WIDTH), truth + 1, 0)
    return pixels, truth


@pytest.fixture(params=[(), (REGION,)], ids=["everywhere", "within a region"])
def pyramid(request, monkeypatch):
    monkeypatch.setattr(image_pyramid, "WAITED_FOR_PX", 1000)
    monkeypatch.setattr(value_pyramid, "_KEPT_PX", 200_000)  # levels 0 to 3 are then not held
    monkeypatch.setattr(value_pyramid, "_SMALLEST_PX", 200)
    pixels, truth = slide(request.param)
    source = ArraySource(pixels, name="slide.tif")
    rule = preview_rule(load_recipe("von-kossa"), source.info)
    image, bounds = ImagePyramid(source, TileCache()), Annotations(request.param)
    image.waits = False
    made = ValuePyramid(source, rule, bounds, image, TileCache())
    yield made, source, truth
    made.close()
    image.close()


def test_levels_that_are_held(pyramid):
    values, _, truth = pyramid
    levels = values.levels()
    until(lambda: not values.is_filling)
    for level in range(4, len(levels)):
        np.testing.assert_array_equal(levels[level], maximum(truth, level))


@pytest.mark.parametrize("is_filled", [True, False])
def test_levels_that_are_looked_at(pyramid, is_filled, monkeypatch):
    values, source, truth = pyramid
    if not is_filled:
        monkeypatch.setattr(ValuePyramid, "_start_filling", lambda self: None)
    levels = values.levels()
    until(lambda: not values.is_filling)
    if is_filled:  # what the thread came by is kept: coarse levels need no pixel of the image
        monkeypatch.setattr(source, "read", None)
    for level in (2, 3) if is_filled else (3, 2, 1, 0):
        box = np.s_[100:400, 50:500]
        levels[level][box]
        until(lambda: not values.loader.is_busy)
        assert values.loader.failure is None
        np.testing.assert_array_equal(levels[level][box], maximum(truth, level)[box])
    level = 2 if is_filled else 1
    np.testing.assert_array_equal(np.asarray(levels[level]), maximum(truth, level))


def test_averaged_pixels_stand_in(pyramid, monkeypatch):
    values, _, _ = pyramid
    monkeypatch.setattr(ValuePyramid, "_start_filling", lambda self: None)
    level = values.levels()[2]
    image = values._image
    image.loader.exact(2, 0, 0, *image.loader.shapes[2][:2])
    first = next(values._nearing(0, 0, 512, 512, 2))
    averaged = 255 - image.loader.exact(2, 0, 0, 512, 512).max(axis=2).astype(int)
    if values.shift:
        outside = first == 0
        assert 0.2 < outside.mean() < 0.95
        np.testing.assert_array_equal(first[~outside], averaged[~outside] + 1)
    else:
        np.testing.assert_array_equal(first, averaged)
    assert level.shape == (HEIGHT // 4, -(-WIDTH // 4))


def test_filled_from_where_somebody_looks(pyramid):
    values, _, _ = pyramid
    values._image.loader.looked_at = (0.99, 0.99)
    assert values._next_box() == (4096, 4096, 2048)
    values._image.loader.looked_at = (0.0, 0.0)
    assert values._next_box() == (0, 0, 2048)


def test_set_aside_and_brought_back(pyramid, monkeypatch):
    values, source, truth = pyramid
    monkeypatch.setattr(value_pyramid, "_SMALL_BYTES", 1000)
    values.levels()
    assert not values.set_aside() or not values.is_filling  # never while it is being filled
    until(lambda: not values.is_filling)
    monkeypatch.setattr(source, "read", None)
    sizes = set()
    for _ in range(3):
        assert values.set_aside()
        assert not values._kept
        sizes.add(values._tiles.file._end)
        levels = values.levels()
        for level in range(4, len(levels)):
            np.testing.assert_array_equal(levels[level], maximum(truth, level))
            levels[level][:1] = levels[level][:1]  # can be written to
        assert not values.is_filling
    assert len(sizes) == 1  # in the same place each time


def test_what_was_set_aside_and_lost_is_filled_anew(pyramid, monkeypatch):
    values, _, truth = pyramid
    monkeypatch.setattr(value_pyramid, "_SMALL_BYTES", 1000)
    values.levels()
    until(lambda: not values.is_filling)
    assert values.set_aside()
    values._tiles.file._places.clear()
    levels = values.levels()
    until(lambda: not values.is_filling)
    np.testing.assert_array_equal(levels[4], maximum(truth, 4))
