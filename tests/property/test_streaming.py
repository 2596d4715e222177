"""Streaming equals the whole image: masks that hypothesis makes, and a real slide, in tiles of all sizes.

The whole image at once is scipy's: labels, areas, boxes, sums and extremes of levels. The rest of a region's numbers is
held against scikit-image and formulas elsewhere; here the whole table must not change by a byte.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from calcannot import ArraySource, Recipe, analyse, open_image, region_columns
from calcannot.model.image import Modality
from calcannot.store.regions_writer import write_regions

EIGHT = np.ones((3, 3), bool)
SIZES = (64, 97, 100, 128, 240, 255, 256, 333, 512, 1000, 1024)
DARK = Recipe(name="x", kind="histology", channel="value", threshold=127.0)
BRIGHT = Recipe(name="x", kind="radiograph", channel="intensity", mineral="bright", threshold=127.0)


def table(analysis, folder) -> bytes:
    write_regions(folder / "regions.csv", "x", [region_columns(analysis)])
    return (folder / "regions.csv").read_bytes()


def assert_is_the_whole(analysis, mask: np.ndarray, levels: np.ndarray) -> None:
    """Against scipy over the whole image, region by region."""
    labels, count = ndimage.label(mask, EIGHT)
    columns = region_columns(analysis)
    assert len(columns["region"]) == count
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, *mask.shape), mask)
    if not count:
        return
    numbers = np.arange(1, count + 1)
    # Raster order of the first pixel, whatever order scipy numbers in.
    first = ndimage.minimum(np.arange(mask.size).reshape(mask.shape), labels, numbers)
    numbers = numbers[np.argsort(first)]
    found = ndimage.find_objects(labels)
    boxes = [found[number - 1] for number in numbers]
    expected = {
        "area_px": ndimage.sum_labels(mask, labels, numbers),
        "bbox_row_min_px": [box[0].start for box in boxes],
        "bbox_col_max_px": [box[1].stop for box in boxes],
        "value_min": ndimage.minimum(levels, labels, numbers),
        "value_max": ndimage.maximum(levels, labels, numbers),
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(columns[name], values, err_msg=name)
    np.testing.assert_allclose(columns["value_mean"], ndimage.mean(levels, labels, numbers), rtol=1e-12)


def levels_of(mask: np.ndarray, *, dark: bool) -> np.ndarray:
    """Levels that the threshold parts into this mask, no two neighbours alike."""
    pattern = (np.arange(mask.size).reshape(mask.shape) * 7 % 101).astype(np.uint8)
    return np.where(mask != dark, 150 + pattern, 20 + pattern).astype(np.uint8)


@st.composite
def large_masks(draw) -> np.ndarray:
    """Hundreds of pixels a side: blobs and speckle of any size, with lines that run through all tiles."""
    shape = draw(st.integers(60, 420)), draw(st.integers(60, 420))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    noise = ndimage.gaussian_filter(rng.normal(size=shape), draw(st.sampled_from([0, 0, 1, 3, 9])))
    mask = noise > np.quantile(noise, draw(st.floats(0.02, 0.98)))
    for _ in range(draw(st.integers(0, 3))):
        mask[draw(st.integers(0, shape[0] - 1))] = draw(st.booleans())
        mask[:, draw(st.integers(0, shape[1] - 1))] = draw(st.booleans())
    return mask


@settings(max_examples=25, deadline=None)
@given(
    mask=large_masks(),
    tile=st.tuples(st.sampled_from(SIZES), st.sampled_from(SIZES)),
    workers=st.integers(1, 4),
    colour=st.booleans(),
)
def test_large_masks_in_tiles_are_the_whole(mask, tile, workers, colour, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    levels = levels_of(mask, dark=colour)
    pixels = np.stack([levels] * 3, axis=-1) if colour else levels
    recipe, modality = (DARK, Modality.HISTOLOGY) if colour else (BRIGHT, Modality.RADIOGRAPH)
    tiled = analyse(ArraySource(pixels, name="x", modality=modality, tile=tile), recipe, workers=workers)
    assert_is_the_whole(tiled, mask, levels)
    whole = analyse(ArraySource(pixels, name="x", modality=modality, tile=mask.shape), recipe, workers=1)
    assert table(tiled, folder) == table(whole, folder)


@settings(max_examples=60, deadline=None)
@given(
    mask=hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)),
    tile=st.tuples(st.integers(1, 21), st.integers(1, 21)),
    workers=st.integers(1, 4),
    colour=st.booleans(),
)
def test_small_masks_in_tiles_of_few_pixels_are_the_whole(mask, tile, workers, colour):
    levels = levels_of(mask, dark=colour)
    pixels = np.stack([levels] * 3, axis=-1) if colour else levels
    recipe, modality = (DARK, Modality.HISTOLOGY) if colour else (BRIGHT, Modality.RADIOGRAPH)
    tiled = analyse(ArraySource(pixels, name="x", modality=modality, tile=tile), recipe, workers=workers)
    assert_is_the_whole(tiled, mask, levels)


RULES = {
    "a number": {"channel": "value", "threshold": 150.0},
    "otsu": {"channel": "red", "threshold": "otsu"},
    "a stain": {
        "channel": {"vectors": ["haematoxylin", "eosin"], "index": 0, "quantity": "amount"},
        "mineral": "bright",
        "threshold": "otsu",
    },
    "cleaned": {
        "channel": "value",
        "threshold": 160.0,
        "smoothing": {"px": 1.0},
        "cleanup": {"fill_holes_up_to": {"px": 20}, "open_radius": {"px": 1}, "minimum_area": {"px": 10}},
    },
}


@pytest.fixture(scope="module")
def slide(shared_data) -> tuple[np.ndarray, object]:
    """CMU-1-Small-Region: 2967 x 2220 px in tiles of 240 px."""
    path = shared_data / "wsi" / "napari-wsi" / "CMU-1-Small-Region.svs"
    with open_image(path) as source:
        return source.read(0, 0, source.info.height_px, source.info.width_px), path


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_a_real_slide_in_tiles_of_all_sizes_is_the_whole(name, slide, tmp_path):
    pixels, path = slide
    recipe = Recipe.model_validate({"name": "x", "kind": "histology", "reference": "tissue"} | RULES[name])
    with open_image(path) as source:
        of_file = analyse(source, recipe, workers=2)
    assert of_file.totals.region_count > 500
    whole = analyse(ArraySource(pixels, name="x", tile=pixels.shape[:2]), recipe, workers=1)
    few = name in ("a stain", "cleaned")
    sizes = [(size, size) for size in SIZES if not few or size in (100, 256, 1000)]
    tables, totals = [], []
    for number, tile in enumerate([*sizes, (64, 1000), (333, 97)]):
        tiled = analyse(ArraySource(pixels, name="x", tile=tile), recipe, workers=1 + number % 4)
        tables.append(table(tiled, tmp_path))
        totals.append((tiled.totals, tiled.resolved))
    assert set(tables) == {table(whole, tmp_path)}
    assert all(each == (whole.totals, whole.resolved) for each in totals)
    np.testing.assert_array_equal(of_file.runs.start, whole.runs.start)
    np.testing.assert_array_equal(of_file.runs.region, whole.runs.region)
    if name == "a number":
        value = pixels.max(axis=2)
        assert_is_the_whole(whole, value <= 150, value)
