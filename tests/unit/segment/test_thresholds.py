"""Automatic thresholds: the numbers of scikit-image on the same pixels, and Kapur's written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import filters

from calcannot import ArraySource, Recipe, analyse
from calcannot.errors import RecipeError
from calcannot.model.image import Modality
from calcannot.model.recipe_rules import Method
from calcannot.segment.histogram import from_levels
from calcannot.segment.thresholds import automatic_threshold

SCIKIT_IMAGE = {
    Method.OTSU: filters.threshold_otsu,
    Method.LI: filters.threshold_li,
    Method.YEN: filters.threshold_yen,
    Method.TRIANGLE: filters.threshold_triangle,
    Method.ISODATA: filters.threshold_isodata,
    Method.MEAN: filters.threshold_mean,
}


def histogram_of(image: np.ndarray):
    return from_levels(np.bincount(image.ravel(), minlength=65_536), 0)


def two_modes(dtype, scale: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    dark, bright = rng.normal(60, 12, 3000), rng.normal(170, 20, 6000)
    return np.clip(np.concatenate([dark, bright]) * scale, 0, np.iinfo(dtype).max).astype(dtype).reshape(90, 100)


IMAGES = {
    "uint8": two_modes(np.uint8, 1),
    "uint8 dark": 255 - two_modes(np.uint8, 1),
    "uint8 few levels": (two_modes(np.uint8, 1) // 32) * 32,
    "uint8 two values": np.where(two_modes(np.uint8, 1) > 100, 201, 7).astype(np.uint8),
    "uint8 from zero": np.clip(two_modes(np.uint8, 1).astype(int) - 60, 0, 255).astype(np.uint8),
    "uint16": two_modes(np.uint16, 13),
    "uint16 wide": two_modes(np.uint16, 250),
}


@pytest.mark.parametrize("method", SCIKIT_IMAGE)
@pytest.mark.parametrize("name", IMAGES)
def test_threshold_is_that_of_scikit_image(method, name):
    image = IMAGES[name]
    expected = SCIKIT_IMAGE[method](image)
    assert automatic_threshold(method, histogram_of(image), darker=False) == pytest.approx(float(expected), rel=1e-12)


def splits(image, ours: float, theirs: float) -> bool:
    return bool(((image > ours) == (image > theirs)).all())


@settings(max_examples=60, deadline=None)
@given(
    image=hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(2, 12))),
    method=st.sampled_from(sorted(SCIKIT_IMAGE)),
)
def test_any_picture_is_parted_as_by_scikit_image(image, method):
    histogram = histogram_of(image)
    if histogram.is_flat:
        with pytest.raises(RecipeError, match="more than one value"):
            automatic_threshold(method, histogram, darker=False)
        return
    ours = automatic_threshold(method, histogram, darker=False)
    assert splits(image, ours, float(SCIKIT_IMAGE[method](image)))


@pytest.mark.parametrize("name", [name for name in IMAGES if name not in ("uint8 two values", "uint16", "uint16 wide")])
def test_multi_otsu_is_that_of_scikit_image(name):
    image = IMAGES[name]
    low, high = filters.threshold_multiotsu(image, classes=3)
    assert automatic_threshold(Method.MULTI_OTSU, histogram_of(image), darker=True) == low
    assert automatic_threshold(Method.MULTI_OTSU, histogram_of(image), darker=False) == high


def test_multi_otsu_of_many_levels_is_that_of_scikit_image_to_a_bin():
    image = IMAGES["uint16"]
    low, high = filters.threshold_multiotsu(image, classes=3)
    bin_width = np.ptp(image.astype(int)) / 1024 + 1
    assert automatic_threshold(Method.MULTI_OTSU, histogram_of(image), darker=True) == pytest.approx(low, abs=bin_width)
    assert automatic_threshold(Method.MULTI_OTSU, histogram_of(image), darker=False) == pytest.approx(
        high, abs=bin_width
    )


def test_multi_otsu_refuses_two_levels():
    with pytest.raises(RecipeError, match="three grey levels"):
        automatic_threshold(Method.MULTI_OTSU, histogram_of(IMAGES["uint8 two values"]), darker=True)


def kapur(image: np.ndarray) -> tuple[int, dict[int, float]]:
    """Kapur, Sahoo and Wong 1985, one split after another, and the score of each."""
    values, counts = np.unique(image, return_counts=True)
    share = counts / counts.sum()
    scores = {}
    for i in range(len(values) - 1):
        sides = share[: i + 1], share[i + 1 :]
        scores[int(values[i])] = sum(-((p / p.sum()) * np.log(p / p.sum())).sum() for p in sides)
    return max(scores, key=scores.__getitem__), scores


@pytest.mark.parametrize("name", IMAGES)
def test_maximum_entropy_is_kapurs(name):
    image = IMAGES[name]
    best, scores = kapur(image)
    ours = automatic_threshold(Method.MAX_ENTROPY, histogram_of(image), darker=False)
    # Empty levels score as the level below them; two splits may score alike.
    level = max(value for value in scores if value <= ours)
    assert scores[level] == pytest.approx(scores[best], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(image=hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(2, 12))))
def test_maximum_entropy_of_any_picture_is_kapurs(image):
    histogram = histogram_of(image)
    if histogram.is_flat:
        return
    best, scores = kapur(image)
    ours = automatic_threshold(Method.MAX_ENTROPY, histogram, darker=False)
    level = max(value for value in scores if value <= ours)
    assert scores[level] == pytest.approx(scores[best], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", [*SCIKIT_IMAGE, Method.MULTI_OTSU, Method.MAX_ENTROPY])
def test_a_flat_picture_has_no_threshold(method):
    with pytest.raises(RecipeError, match=f"{method.value} needs pixels of more than one value"):
        automatic_threshold(method, histogram_of(np.full((5, 5), 9, np.uint8)), darker=True)


@pytest.mark.parametrize("method", [*SCIKIT_IMAGE, Method.MAX_ENTROPY])
@pytest.mark.parametrize("mineral", ["dark", "bright"])
def test_two_values_are_parted_between_them(method, mineral):
    image = IMAGES["uint8 two values"]
    recipe = Recipe(name="x", kind="radiograph", channel="intensity", mineral=mineral, threshold=method)
    analysis = analyse(ArraySource(image, name="x", modality=Modality.RADIOGRAPH), recipe, workers=1)
    expected = (image == 7) if mineral == "dark" else (image == 201)
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, *image.shape), expected)


def test_a_flat_picture_is_measured_as_without_mineral():
    recipe = Recipe(name="x", kind="radiograph", channel="intensity", mineral="bright", threshold="otsu")
    source = ArraySource(np.full((20, 20), 9, np.uint8), name="x", modality=Modality.RADIOGRAPH)
    analysis = analyse(source, recipe, workers=1)
    assert not analysis.resolved.found
    assert analysis.totals.region_count == 0
    assert "No mineral found: all pixels have the same value." in analysis.warnings


@pytest.mark.parametrize("channel", ["grey", "lightness", "saturation", "od"])
@pytest.mark.parametrize("method", [Method.OTSU, Method.YEN, Method.ISODATA])
def test_threshold_of_a_real_channel_is_that_of_scikit_image_on_its_pixels(channel, method):
    from calcannot.segment.channels import channel_of
    from calcannot.segment.statistics import ImageStatistics

    rng = np.random.default_rng(3)
    rgb = np.concatenate([rng.integers(20, 90, (40, 60, 3)), rng.integers(120, 250, (40, 60, 3))]).astype(np.uint8)
    info = ArraySource(rgb, name="x").info
    statistics = ImageStatistics(info, (channel,))
    for row in range(0, 80, 16):
        statistics.merge(statistics.count(rgb[row : row + 16], None))
    expected = SCIKIT_IMAGE[method](channel_of(channel, info).values(rgb).astype(np.float64))
    ours = automatic_threshold(method, statistics.histogram(channel), darker=True)
    assert ours == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.shared
@pytest.mark.parametrize("method", [*SCIKIT_IMAGE, Method.MULTI_OTSU])
@pytest.mark.parametrize("name", ["blobs.gif", "Cell_Colony.jpg", "head8bit.tif", "bone_greymean.tif"])
def test_sample_images_of_imagej_have_the_thresholds_of_scikit_image(shared_data, name, method):
    from PIL import Image

    with Image.open(shared_data / "peer_expected/imagej_1.53t/inputs" / name) as picture:
        image = np.array(picture if picture.mode in ("L", "P") else picture.convert("L"))
    ours = automatic_threshold(method, histogram_of(image), darker=True)
    if method is Method.MULTI_OTSU:
        assert ours == filters.threshold_multiotsu(image, classes=3)[0]
    else:
        assert ours == pytest.approx(float(SCIKIT_IMAGE[method](image)), rel=1e-12)
