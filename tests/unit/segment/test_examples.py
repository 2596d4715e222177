"""Rules from examples: the channel that was made to differ is found, with the threshold in the middle of the gap."""

import numpy as np
import pytest

from calcannot.errors import RecipeError
from calcannot.io import ArraySource
from calcannot.segment.examples import pick_rule, recipe_of
from calcannot.segment.shipped import load_recipe


def colour(dtype=np.uint8):
    return ArraySource(np.zeros((4, 4, 3), dtype), name="a.png").info


def test_black_silver_beside_pink_and_blue():
    mineral = np.array([[30, 25, 28], [50, 40, 45]], np.uint8)
    other = np.array([[230, 150, 180], [90, 60, 170], [240, 240, 240]], np.uint8)
    rule = pick_rule(colour(), mineral, other)
    assert rule.channel == "value"
    assert rule.mineral == "dark"
    assert rule.threshold == 110  # in the middle of 50 and 170
    assert rule.errors == 0


def test_red_dye_that_is_no_darker_than_its_surroundings():
    rng = np.random.default_rng(1)
    mineral = np.stack([rng.integers(180, 220, 60), rng.integers(20, 60, 60), rng.integers(20, 60, 60)], 1).astype(
        np.uint8
    )
    other = np.stack([rng.integers(20, 60, 60), rng.integers(20, 60, 60), rng.integers(180, 220, 60)], 1).astype(
        np.uint8
    )
    rule = pick_rule(colour(), mineral, other)
    assert rule.channel in ("red", "blue", "b*")
    assert rule.errors == 0


def test_grey_and_bright():
    info = ArraySource(np.zeros((4, 4), np.uint16), name="film.png").info
    rule = pick_rule(info, np.array([3000, 3100], np.uint16), np.array([1000, 2000], np.uint16))
    assert (rule.channel, rule.mineral, rule.threshold) == ("intensity", "bright", 2500)


def test_examples_that_overlap_have_the_fewest_errors_there_can_be():
    info = ArraySource(np.zeros((4, 4), np.uint8), name="film.png").info
    mineral = np.array([10, 20, 30, 90], np.uint8)
    other = np.array([25, 60, 70, 80, 100], np.uint8)
    rule = pick_rule(info, mineral, other)
    # Between 30 and 60: one of four minerals and one of five others are on the wrong side; no place has fewer.
    assert rule.errors == pytest.approx((1 / 4 + 1 / 5) / 2)
    assert 30 <= rule.threshold < 60


def test_the_recipe_takes_the_examples_apart():
    from calcannot.pipeline.analyse import analyse

    pixels = np.full((40, 40, 3), (230, 150, 180), np.uint8)
    pixels[10:20, 10:20] = (40, 35, 30)
    source = ArraySource(pixels, name="a.png")
    rule = pick_rule(source.info, pixels[10:20, 10:20].reshape(-1, 3), pixels[:5].reshape(-1, 3))
    recipe = recipe_of(rule, source.info, load_recipe("von-kossa").model_copy(update={"reference": "image"}))
    assert analyse(source, recipe, workers=1).totals.calcified_area_px == 100


def test_one_kind_alone_is_refused():
    with pytest.raises(RecipeError, match="no example of mineral"):
        pick_rule(colour(), np.zeros((0, 3), np.uint8), np.zeros((1, 3), np.uint8))
