"""A rule applied to pixels, and the same rule looked up in a table of all colours, decide the same."""

import weakref

import numpy as np
import pytest

from calcannot.io import ArraySource
from calcannot.model.annotation import Annotations
from calcannot.model.classes import MINERAL_HIGH, MINERAL_LOW
from calcannot.model.recipe import Recipe, Rule
from calcannot.pipeline.analyse import resolve_for
from calcannot.segment.channels import channel_of
from calcannot.segment.colour_table import COLOURS
from calcannot.segment.rule_table import levels_of_colours
from calcannot.segment.window import WindowClassifier

SIDE = 64


@pytest.fixture(scope="module")
def large() -> ArraySource:
    """As many pixels as there are colours, random in a corner."""
    pixels = np.full((4096, COLOURS // 4096, 3), 240, np.uint8)
    pixels[:SIDE, :SIDE] = np.random.default_rng(4).integers(0, 256, (SIDE, SIDE, 3))
    return ArraySource(pixels, name="large.png")


@pytest.mark.parametrize("reference", ["tissue", "image"])
@pytest.mark.parametrize("second", [None, Rule(channel="red", mineral="bright", threshold=40)])
def test_with_and_without_tables(large, reference, second):
    recipe = Recipe(
        name="x", kind="histology", channel="value", mineral="dark", threshold=120.0, reference=reference,
        and_rules=() if second is None else (second,),
    )  # fmt: skip
    resolved, _ = resolve_for(large, recipe, Annotations())
    by_table, direct = (
        WindowClassifier(large.info, resolved, Annotations(), few_pixels=few) for few in (False, True)
    )  # fmt: skip
    classes, levels = by_table.classify(large, 0, 0, SIDE, SIDE)
    same, at = direct.classify(large, 0, 0, SIDE, SIDE)
    np.testing.assert_array_equal(same, classes)
    counted = (classes & (MINERAL_LOW | MINERAL_HIGH)) > 0
    np.testing.assert_array_equal(at[counted], levels[counted])
    values = channel_of("value", large.info).values(large.read(0, 0, SIDE, SIDE))
    np.testing.assert_array_equal(at, values)
    assert len(np.unique(classes)) > 3


def test_a_table_is_shared_while_it_is_in_use_and_given_back_then():
    channel = channel_of("value", ArraySource(np.zeros((8, 8, 3), np.uint8), name="x").info)
    table = levels_of_colours(channel)
    assert levels_of_colours(channel) is table
    gone = weakref.ref(table)
    del table
    assert gone() is None
