"""What the preview shows is what the rule says, pixel for pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcannot.errors import RecipeError
from calcannot.io import ArraySource, open_image
from calcannot.model.annotation import Annotations
from calcannot.model.classes import MINERAL
from calcannot.model.recipe_rules import Interval
from calcannot.pipeline.analyse import resolve_for
from calcannot.segment.shipped import load_recipe
from calcannot.segment.window import WindowClassifier
from napari_calcannot.image_pyramid import ImagePyramid
from napari_calcannot.layers import preview_limits
from napari_calcannot.preview import preview_rule
from napari_calcannot.tile_cache import TileCache
from napari_calcannot.value_pyramid import ValuePyramid


def mask_of(source, recipe):
    info = source.info
    resolved, _ = resolve_for(source, recipe, Annotations())
    classes, _ = WindowClassifier(info, resolved, Annotations()).classify(source, 0, 0, info.height_px, info.width_px)
    return (classes & MINERAL) != 0, resolved


def drawn(source, rule, threshold):
    """As the graphics card does it: clear up to the lower limit, coloured from the upper one."""
    values = ValuePyramid(source, rule, Annotations(), ImagePyramid(source, TileCache()), TileCache())
    info = source.info
    low, high = preview_limits(values, threshold)
    values = values.at(0, 0, info.height_px, info.width_px).astype(np.float64)
    return np.clip((values - low) / (high - low), 0, 1) >= 0.5


@pytest.mark.parametrize(
    ("image", "name"), [("section.tif", "von-kossa"), ("radiograph.dcm", "radiograph-global")], ids=["dark", "bright"]
)
def test_automatic_threshold_on_the_sample_images(sample_case, image, name):
    with open_image(sample_case / image) as source:
        recipe = load_recipe(name)
        mask, resolved = mask_of(source, recipe)
        rule = preview_rule(recipe, source.info)
        np.testing.assert_array_equal(drawn(source, rule, resolved.threshold), mask)
        assert mask.any()


@settings(max_examples=25, deadline=None)
@given(threshold=st.floats(0, 4095), dark=st.booleans())
def test_grey_levels_by_hand(threshold, dark):
    pixels = np.random.default_rng(5).integers(0, 4096, (40, 50)).astype(np.uint16)
    source = ArraySource(pixels, name="grey.png", value_range=(0.0, 4095.0))
    recipe = load_recipe("radiograph-global").model_copy(update={"mineral": "dark" if dark else "bright"})
    mask, _ = mask_of(source, recipe.with_threshold(threshold))
    np.testing.assert_array_equal(drawn(source, preview_rule(recipe, source.info), threshold), mask)


@settings(max_examples=20, deadline=None)
@given(threshold=st.floats(-32768, 32767), dtype=st.sampled_from(["int16", "float32"]), dark=st.booleans())
def test_signed_and_continuous_levels_by_hand(threshold, dtype, dark):
    pixels = np.random.default_rng(7).integers(-32768, 32768, (40, 50)).astype(dtype)
    source = ArraySource(pixels, name="grey.tif")
    recipe = load_recipe("radiograph-global").model_copy(update={"mineral": "dark" if dark else "bright"})
    rule = preview_rule(recipe, source.info)
    threshold = rule.snapped(threshold)
    mask, _ = mask_of(source, recipe.with_threshold(threshold))
    np.testing.assert_array_equal(drawn(source, rule, threshold), mask)


@pytest.mark.parametrize("name", ["alizarin-red", "von-kossa-stain"])
def test_stains_agree_at_every_threshold_that_the_slider_gives(name):
    # 16-bit, so that no table of all colours is compiled for each threshold.
    pixels = np.random.default_rng(6).integers(0, 65536, (60, 50, 3)).astype(np.uint16)
    source = ArraySource(pixels, name="colour.tif")
    recipe = load_recipe(name).model_copy(update={"reference": "image"})
    rule = preview_rule(recipe, source.info)
    for share in (0.02, 0.05, 0.1, 0.3, 0.7):
        threshold = rule.snapped(rule.channel.low + share * rule.channel.span)
        mask, _ = mask_of(source, recipe.with_threshold(threshold))
        np.testing.assert_array_equal(drawn(source, rule, threshold), mask)


def test_rules_that_one_cut_cannot_show_say_so(grey_source):
    recipe = load_recipe("radiograph-global")
    with pytest.raises(RecipeError, match="background"):
        preview_rule(load_recipe("radiograph-local"), grey_source.info)
    with pytest.raises(RecipeError, match="range"):
        preview_rule(recipe.model_copy(update={"threshold": Interval(low=1, high=2)}), grey_source.info)
    with pytest.raises(RecipeError, match="several"):
        preview_rule(recipe.model_copy(update={"or_rules": recipe.rules}), grey_source.info)
