"""From pixels to the number a threshold is set on: scikit-image's values, and what grey images and 16 bits mean."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import color

from calcannot import ArraySource
from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Stain
from calcannot.segment.channels import channel_of
from calcannot.segment.stains import STAIN_VECTORS, separation_matrix

RNG = np.random.default_rng(11)
RGB = np.concatenate(
    [RNG.integers(0, 256, (30, 40, 3)), np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [1, 2, 3]] * 10])]
).astype(np.uint8)
RGB16 = RGB.astype(np.uint16) * 257
STAINS = [
    Stain(vectors=("silver", "nuclear-fast-red")),
    Stain(vectors=("alizarin-red", "haematoxylin"), index=1),
    Stain(vectors=("haematoxylin", "eosin", "dab"), index=2),
    Stain(vectors=((0.5, 0.5, 0.7), (0.1, 0.9, 0.2)), index=0),
]


def values(spec, pixels):
    return channel_of(spec, ArraySource(pixels, name="x").info).values(pixels)


@pytest.mark.parametrize("stain", STAINS, ids=lambda s: f"{s.vectors[s.index]}")
def test_stain_amount_is_that_of_separate_stains(stain):
    rows = [STAIN_VECTORS[v] if isinstance(v, str) else v for v in stain.vectors]
    rows = [np.array(row) / np.linalg.norm(row) for row in rows]
    if len(rows) == 2:
        rows.append(np.cross(*rows))
    expected = color.separate_stains(RGB, np.linalg.inv(np.stack(rows)))[..., stain.index]
    np.testing.assert_array_equal(values(stain, RGB), expected)


@pytest.mark.parametrize("stain", STAINS, ids=lambda s: f"{s.vectors[s.index]}")
def test_transmittance_is_ten_to_the_minus_six_amounts(stain):
    amount = values(stain, RGB)
    light = values(stain.model_copy(update={"quantity": "transmittance"}), RGB)
    np.testing.assert_allclose(light, 10 ** (-6 * amount), rtol=1e-12)
    assert ((light > 0) & (light <= 1)).all()


def test_pure_stains_come_back_as_mixed():
    stain = Stain(vectors=("silver", "nuclear-fast-red"))
    rows = np.stack([STAIN_VECTORS[name] for name in stain.vectors])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    amounts = np.array([[0.1, 0.05], [0.2, 0.0], [0.0, 0.15]])
    rgb = (np.exp(np.log(1e-6) * (amounts @ rows)) * 65_535).round().astype(np.uint16)[np.newaxis]
    np.testing.assert_allclose(values(stain, rgb)[0], amounts[:, 0], atol=2e-4)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("red", RGB[..., 0]),
        ("green", RGB[..., 1]),
        ("blue", RGB[..., 2]),
        ("value", RGB.max(-1)),
        ("minimum", RGB.min(-1)),
    ],
)
def test_integer_channels_are_the_image_s_own_levels(spec, expected):
    for pixels, factor in ((RGB, 1), (RGB16, 257)):
        result = values(spec, pixels)
        assert result.dtype == pixels.dtype
        np.testing.assert_array_equal(result, expected.astype(pixels.dtype) * factor)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("grey", color.rgb2gray(RGB) * 255),
        ("lightness", color.rgb2lab(RGB)[..., 0]),
        ("a*", color.rgb2lab(RGB)[..., 1]),
        ("b*", color.rgb2lab(RGB)[..., 2]),
        ("hue", color.rgb2hsv(RGB)[..., 0] * 360),
        ("saturation", color.rgb2hsv(RGB)[..., 1]),
        ("od", -np.log10(np.maximum(RGB, 1) / 255).mean(-1)),
    ],
)
def test_real_channels_are_those_of_scikit_image(spec, expected):
    np.testing.assert_allclose(values(spec, RGB), expected, atol=1e-9)


@pytest.mark.parametrize("spec", ["lightness", "a*", "b*", "hue", "saturation", *STAINS[:2]], ids=str)
def test_16_bit_colour_is_not_crushed(spec):
    """The same colour in 16 bits has the same value, and steps smaller than one of 256 are told apart."""
    np.testing.assert_allclose(values(spec, RGB16), values(spec, RGB), atol=1e-6)
    near = np.array([[[30_000, 20_000, 10_000], [30_040, 19_960, 10_020]]], np.uint16)
    first, second = values(spec, near)[0]
    assert first != second


def test_grey_and_density_of_16_bits_are_counted_from_their_own_white():
    np.testing.assert_allclose(values("grey", RGB16), values("grey", RGB) * 257, rtol=1e-9)
    bright = np.maximum(RGB, 1)
    np.testing.assert_allclose(values("od", bright.astype(np.uint16) * 257), values("od", bright), atol=1e-9)


@pytest.mark.parametrize("spec", ["red", "green", "blue", "value", "minimum", "grey", "intensity"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_brightness_of_a_grey_picture_is_its_intensity(spec, dtype):
    pixels = np.arange(12, dtype=dtype).reshape(3, 4)
    channel = channel_of(spec, ArraySource(pixels, name="x").info)
    np.testing.assert_array_equal(channel.values(pixels), pixels)
    assert channel.is_integer == (np.dtype(dtype).kind != "f")


@pytest.mark.parametrize("spec", ["hue", "saturation", "a*", "b*", "lightness", "od", STAINS[0]], ids=str)
def test_a_grey_picture_has_no_colour(spec):
    with pytest.raises(RecipeError, match="the image is grey"):
        channel_of(spec, ArraySource(np.zeros((2, 2), np.uint8), name="x").info)


def test_intensity_of_a_colour_picture_is_refused():
    with pytest.raises(RecipeError, match="recipe is for grey radiographs"):
        channel_of("intensity", ArraySource(RGB, name="x").info)


@pytest.mark.parametrize(
    ("stain", "message"),
    [
        (Stain(vectors=("silver", "gold")), "no stain named 'gold'"),
        (Stain(vectors=("silver", "eosin"), index=2), "index 2 is beyond the 2 vectors"),
        (Stain(vectors=((0, 0, 0), "eosin")), "a stain vector is zero"),
        (Stain(vectors=((1, 1, 1), (2, 2, 2), "eosin")), "lie in one plane"),
        (Stain(vectors=((1, 1, 1), (2, 2, 2))), "lie in one plane"),
    ],
    ids=["unknown", "index", "zero", "plane of three", "two the same"],
)
def test_stains_that_cannot_be_separated_are_refused(stain, message):
    with pytest.raises(RecipeError, match=message):
        separation_matrix(stain)


@pytest.mark.parametrize(
    "spec", ["red", "value", "grey", "lightness", "a*", "b*", "hue", "saturation", "od", *STAINS], ids=str
)
def test_no_colour_lies_outside_the_channel_s_range(spec):
    channel = channel_of(spec, ArraySource(RGB, name="x").info)
    found = channel.values(RGB)
    assert found.max() <= channel.high + 1e-9
    if not isinstance(spec, Stain):  # a colour without the stain can come out below zero
        assert found.min() >= channel.low - 1e-9
