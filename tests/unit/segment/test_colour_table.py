"""A rule compiled to a table decides every colour as the rule itself does."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import measure as skm

from calcannot import ArraySource, Recipe, analyse
from calcannot.model.image import Modality
from calcannot.model.recipe_rules import Interval, Rule, Stain
from calcannot.segment.channels import channel_of

SILVER = Stain(vectors=("silver", "nuclear-fast-red"))
THRESHOLDS = {
    "red": 120, "green": 90.0, "blue": 200, "grey": 101.7, "value": 128, "minimum": 31, "lightness": 45.2,
    "a*": 3.3, "b*": -7.5, "saturation": 0.37, "od": 0.61, "hue": 211.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def rgb():
    """Random colours, the corners and edges of the cube, and greys."""
    rng = np.random.default_rng(5)
    steps = np.array([0, 1, 2, 127, 128, 254, 255])
    corners = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    greys = np.repeat(np.arange(256)[:, None], 3, 1)
    every = np.concatenate([rng.integers(0, 256, (3001, 3)), corners, greys])
    return every.reshape(50, 72, 3).astype(np.uint8)


def measured(rgb, **rule):
    recipe = Recipe(name="x", kind="histology", **rule)
    return analyse(ArraySource(rgb, name="x"), recipe, workers=1)


def mask_of(analysis) -> np.ndarray:
    return analysis.runs.mask(0, 0, analysis.info.height_px, analysis.info.width_px)


# Lab and HSV cost seconds for 2^24 colours, so each is compiled once.
SLOW = {"lightness": "dark", "a*": "bright", "b*": "dark", "saturation": "bright", "hue": "dark"}
CASES = [(channel, mineral) for channel in THRESHOLDS if channel not in SLOW for mineral in ("dark", "bright")]


@pytest.mark.parametrize(
    ("channel", "mineral"), [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW.items())]
)
def test_every_channel_is_decided_as_by_direct_evaluation(rgb, channel, mineral):
    threshold = THRESHOLDS[channel]
    values = channel_of(channel, ArraySource(rgb, name="x").info).values(rgb)
    expected = values <= threshold if mineral == "dark" else values > threshold
    analysis = measured(rgb, channel=channel, mineral=mineral, threshold=float(threshold))
    np.testing.assert_array_equal(mask_of(analysis), expected)


@pytest.mark.parametrize(("quantity", "threshold"), [("amount", 0.08), ("transmittance", 0.4)])
def test_stains_are_decided_as_by_direct_evaluation(rgb, quantity, threshold):
    stain = SILVER.model_copy(update={"quantity": quantity})
    values = channel_of(stain, ArraySource(rgb, name="x").info).values(rgb)
    analysis = measured(rgb, channel=stain, mineral="dark", threshold=threshold)
    np.testing.assert_array_equal(mask_of(analysis), values <= threshold)


def test_ranges_and_combinations_are_decided_as_by_direct_evaluation(rgb):
    analysis = measured(
        rgb,
        channel="green",
        threshold=Interval(low=20, high=150),
        and_rules=(Rule(channel="red", mineral="bright", threshold=90), Rule(channel="od", threshold=1.2)),
        or_rules=(Rule(channel="value", threshold=40.0), Rule(channel="blue", mineral="bright", threshold=251)),
    )
    red, green, blue = (rgb[..., i] for i in range(3))
    od = -np.log10(np.maximum(rgb, 1) / 255).mean(-1)
    expected = ((green >= 20) & (green <= 150) & (red > 90) & (od <= 1.2)) | (rgb.max(-1) <= 40) | (blue > 251)
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(mask_of(analysis), expected)


@pytest.mark.parametrize("channel", ["grey", "od"])
def test_levels_are_the_channel_s_values_to_a_65535th_of_its_range(rgb, channel):
    from calcannot import region_columns

    threshold = THRESHOLDS[channel]
    channel_here = channel_of(channel, ArraySource(rgb, name="x").info)
    values = channel_here.values(rgb)
    analysis = measured(rgb, channel=channel, threshold=float(threshold))
    columns = region_columns(analysis)
    for their in skm.regionprops(skm.label(values <= threshold, connectivity=2), intensity_image=values):
        i, step = their.label - 1, channel_here.span / 65_535
        assert columns["value_min"][i] == pytest.approx(their.intensity_min, abs=step)
        assert columns["value_mean"][i] == pytest.approx(their.intensity_mean, abs=step)
        assert columns["value_max"][i] == pytest.approx(their.intensity_max, abs=step)


@pytest.mark.parametrize("channel", ["red", "value", "grey", "lightness", "saturation"])
def test_16_bit_colour_is_decided_at_16_bits(channel):
    rng = np.random.default_rng(2)
    rgb = rng.integers(29_900, 30_100, (40, 50, 3)).astype(np.uint16)
    source = ArraySource(rgb, name="x")
    values = channel_of(channel, source.info).values(rgb)
    threshold = float(np.median(values)) + 1e-9
    analysis = measured(rgb, channel=channel, threshold=threshold)
    expected = values <= threshold
    assert 0.4 < expected.mean() < 0.6
    np.testing.assert_array_equal(mask_of(analysis), expected)


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [(np.uint8, 0, 256), (np.uint16, 0, 65_536), (np.int16, -32_768, 32_768)]
)
@pytest.mark.parametrize("mineral", ["dark", "bright"])
def test_grey_levels_of_every_kind(dtype, low, high, mineral):
    pixels = np.random.default_rng(8).integers(low, high, (60, 70)).astype(dtype)
    threshold = float(np.median(pixels))
    recipe = Recipe(name="x", kind="radiograph", channel="intensity", mineral=mineral, threshold=threshold)
    source = ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH)
    expected = pixels <= threshold if mineral == "dark" else pixels > threshold
    np.testing.assert_array_equal(mask_of(analyse(source, recipe, workers=1)), expected)


def test_real_pixels_need_no_table():
    pixels = np.random.default_rng(8).normal(5, 3, (60, 70)).astype(np.float32)
    recipe = Recipe(name="x", kind="radiograph", channel="intensity", mineral="bright", threshold=5.25)
    analysis = analyse(ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH), recipe, workers=1)
    np.testing.assert_array_equal(mask_of(analysis), pixels > 5.25)
