"""The mask on screen after strokes is the mask that a measurement of them gives, to the pixel."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcannot.io import ArraySource
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.recipe_file import recipe_from_dict
from calcannot.pipeline.analyse import analyse
from napari_calcannot import live_mask
from napari_calcannot.boxes import Box
from napari_calcannot.live_mask import LiveMask
from napari_calcannot.mask_codes import pooled
from napari_calcannot.mineral import MaskPyramid

SIDE = 150


@pytest.fixture(scope="module")
def source():
    """Grains of all sizes, some of which touch, on paler ground."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:SIDE, :SIDE]
    pixels = np.full((SIDE, SIDE), 200.0)
    for row, col, radius, dark in zip(
        rng.uniform(0, SIDE, 60), rng.uniform(0, SIDE, 60), rng.uniform(0.5, 9, 60), rng.uniform(10, 110, 60),
        strict=True,
    ):  # fmt: skip
        pixels[np.hypot(y - row, x - col) <= radius] = dark
    return ArraySource(pixels.astype(np.uint8), name="grains.png")


def recipe(*, core: bool = False, minimum: int = 12, holes: int = 0):
    content = {
        "name": "t", "kind": "radiograph", "channel": "intensity", "mineral": "dark",
        "threshold": "valley" if core else 120, "cleanup": {"minimum_area": {"px": minimum}},
    }  # fmt: skip
    if core:
        content["core"] = 0.6
    if holes:
        content["cleanup"]["fill_holes_up_to"] = {"px": holes}
    return recipe_from_dict(content)


def stroke(kind, number, x, y, width, height):
    ring = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)
    return Stroke(f"s{number}", kind, (ring,))


kinds = st.sampled_from([StrokeKind.ADD, StrokeKind.ERASE, StrokeKind.REJECT, StrokeKind.ACCEPT])
shapes = st.tuples(
    kinds,
    st.floats(-5, SIDE - 1), st.floats(-5, SIDE - 1), st.floats(0.6, 60), st.floats(0.6, 60),
)  # fmt: skip
steps = st.lists(st.one_of(shapes, st.integers(0, 100)), min_size=1, max_size=12)


def walk(source, rule, moves):
    """Strokes drawn, and taken away again where a move is a number; checks the mask after each."""
    analysis = analyse(source, rule, workers=1)
    live = LiveMask(source, analysis)
    pyramid = MaskPyramid(live.tiles)
    drawn: list[Stroke] = []
    for number, move in enumerate(moves):
        if isinstance(move, int):
            if drawn:
                drawn.pop(move % len(drawn))
        else:
            new = stroke(move[0], number, *move[1:])
            if new.bounds()[2] <= 0 or new.bounds()[3] <= 0:
                continue
            drawn.append(new)
        boxes = live.follow(Annotations(tuple(drawn)))
        assert boxes is not None
        for box in boxes:
            pyramid.update(box)
    # The rule in numbers stays that of the first measurement: what is drawn moves no threshold.
    expected = analyse(source, rule, Annotations(tuple(drawn)), workers=1)
    assert expected.resolved == analysis.resolved
    mask = expected.runs.mask(0, 0, SIDE, SIDE)
    np.testing.assert_array_equal(live.tiles.mask(0, 0, SIDE, SIDE), mask)
    assert live.area_px == expected.totals.calcified_area_px
    for factor, level in zip(pyramid.factors, pyramid.levels, strict=True):
        np.testing.assert_array_equal(np.asarray(level) > 0, pooled(mask.astype(np.uint8), factor) > 0)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=steps, core=st.booleans(), minimum=st.sampled_from([0, 12, 90]), holes=st.sampled_from([0, 20]))
def test_mask_follows_strokes_as_a_measurement_would(source, monkeypatch, moves, core, minimum, holes):
    monkeypatch.setattr(live_mask, "_PAD_PX", 2)  # regions then reach out of the first window
    walk(source, recipe(core=core, minimum=minimum, holes=holes), moves)


def test_a_region_cut_in_two_small_ones_vanishes_whole(source):
    bar = np.full((40, 400), 200, np.uint8)
    bar[20, 100:300] = 10
    image = ArraySource(bar, name="bar.png")
    rule = recipe(minimum=120)
    live = LiveMask(image, analyse(image, rule, workers=1))
    assert live.area_px == 200
    (box,) = live.follow(Annotations((stroke(StrokeKind.ERASE, 1, 199.5, 19, 1, 3),)))
    assert live.area_px == 0
    assert box.col <= 100
    assert box.last_col >= 300


def test_rejecting_a_region_that_is_longer_than_the_window_hides_all_of_it():
    bar = np.full((40, 2000), 200, np.uint8)
    bar[20, 10:1990] = 10
    image = ArraySource(bar, name="bar.png")
    live = LiveMask(image, analyse(image, recipe(), workers=1))
    live.follow(Annotations((stroke(StrokeKind.REJECT, 1, 1000, 20, 1, 1),)))
    assert live.area_px == 0
    assert not live.tiles.mask(0, 0, 40, 2000).any()
    live.follow(Annotations())
    assert live.area_px == 1980


def test_a_region_of_interest_needs_a_measurement(source):
    live = LiveMask(source, analyse(source, recipe(), workers=1))
    before = live.tiles.mask(0, 0, SIDE, SIDE)
    assert live.follow(Annotations((stroke(StrokeKind.REGION, 1, 10, 10, 50, 50),))) is None
    np.testing.assert_array_equal(live.tiles.mask(0, 0, SIDE, SIDE), before)


def test_order_of_strokes_counts(source):
    add, erase = (stroke(kind, n, 20, 20, 30, 30) for n, kind in enumerate((StrokeKind.ADD, StrokeKind.ERASE)))
    live = LiveMask(source, analyse(source, recipe(), workers=1))
    live.follow(Annotations((add, erase)))
    assert not live.tiles.mask(20, 20, 30, 30).any()
    live.follow(Annotations((erase, add)))
    assert live.tiles.mask(20, 20, 30, 30).all()


def test_boxes():
    assert Box(1, 2, 3, 4).joined(Box(0, 3, 2, 9)) == Box(0, 2, 3, 9)
    assert Box(1, 2, 3, 4).padded(2, 4, 50) == Box(0, 0, 4, 6)
    assert math.prod(Box(1, 2, 3, 5).shape) == 6
