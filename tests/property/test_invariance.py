"""What a measurement must not depend on, and how it must change with what it does depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from calcannot import ArraySource, Calibration, Recipe, analyse, region_columns
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.model.recipe import Cleanup
from calcannot.model.recipe_lengths import Area, Length

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16))
LENGTHS = ("perimeter_px", "feret_max_px", "feret_min_px", "width_px")
MOVES = {
    "flipped left to right": np.fliplr,
    "flipped upside down": np.flipud,
    "turned by 90 degrees": np.rot90,
    "turned by 180 degrees": lambda mask: np.rot90(mask, 2),
    "transposed": np.transpose,
    "shifted": lambda mask: np.pad(mask, ((3, 5), (11, 2))),
}


def facts(analysis) -> np.ndarray:
    """Numbers of the regions that no move changes, in an order that no move changes."""
    columns = region_columns(analysis)
    names = ("area_px", "filled_area_px", "hull_area_px", "hole_count", "solidity", "circularity", *LENGTHS)
    rows = np.stack([np.asarray(columns[name], float) for name in names], axis=1).round(9)
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
@settings(max_examples=25, deadline=None)
@given(mask=MASKS)
def test_moves_change_no_region(move, mask, measure_mask):
    before, after = measure_mask(mask), measure_mask(move(mask))
    np.testing.assert_allclose(facts(after), facts(before), rtol=1e-8)
    for name in ("region_count", "calcified_area_px", "largest_area_px"):
        assert getattr(after.totals, name) == getattr(before.totals, name)
    if before.totals.region_count:
        assert after.totals.extent_length_px == pytest.approx(before.totals.extent_length_px, rel=1e-9)
        assert after.totals.extent_width_px == pytest.approx(before.totals.extent_width_px, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(left=MASKS, right=MASKS, gap=st.integers(1, 4))
def test_areas_and_counts_of_separate_masks_add_up(left, right, gap, measure_mask):
    height = max(len(left), len(right))
    parts = [np.pad(part, ((0, height - len(part)), (0, 0))) for part in (left, right)]
    both = np.hstack([parts[0], np.zeros((height, gap), bool), parts[1]])
    together, apart = measure_mask(both).totals, [measure_mask(part).totals for part in (left, right)]
    assert together.calcified_area_px == sum(each.calcified_area_px for each in apart)
    assert together.region_count == sum(each.region_count for each in apart)


@settings(max_examples=40, deadline=None)
@given(mask=MASKS, k=st.floats(0.05, 50), size=st.floats(0.5, 3))
def test_a_pixel_k_times_as_large_makes_lengths_k_and_areas_k_squared_times_as_large(mask, k, size, measure_mask):
    one, other = (measure_mask(mask, Calibration(size * f, 1.5 * f, CalibrationSource.USER)) for f in (1.0, k))
    before, after = region_columns(one), region_columns(other)
    for name in before:
        power = 2 if name.endswith("_um2") else 1 if name.endswith("_um") else 0
        np.testing.assert_allclose(
            np.asarray(after[name], float), np.asarray(before[name], float) * k**power, rtol=1e-9, err_msg=name
        )
    assert other.totals.calcified_area_mm2 == pytest.approx(one.totals.calcified_area_mm2 * k**2)
    assert other.totals.calcified_fraction == one.totals.calcified_fraction


GREYS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=24))
CLEANUPS = st.builds(
    Cleanup,
    fill_holes_up_to=st.none() | st.builds(Area, px=st.integers(0, 12)),
    open_radius=st.none() | st.builds(Length, px=st.integers(0, 2)),
    minimum_area=st.none() | st.builds(Area, px=st.integers(0, 12)),
)


@settings(max_examples=60, deadline=None)
@given(
    pixels=GREYS,
    thresholds=st.tuples(st.integers(0, 255), st.integers(0, 255)),
    mineral=st.sampled_from(["dark", "bright"]),
    cleanup=CLEANUPS,
)
def test_a_wider_threshold_never_loses_a_pixel(pixels, thresholds, mineral, cleanup):
    source = ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH)
    narrow, wide = sorted(thresholds, reverse=mineral == "bright")
    masks = []
    for threshold in (narrow, wide):
        recipe = Recipe(
            name="x", kind="radiograph", channel="intensity", mineral=mineral, threshold=float(threshold),
            cleanup=cleanup,
        )  # fmt: skip
        analysis = analyse(source, recipe, workers=1)
        assert analysis.totals.area_low_px <= analysis.totals.calcified_area_px <= analysis.totals.area_high_px
        masks.append(analysis.runs.mask(0, 0, *pixels.shape))
    assert not (masks[0] & ~masks[1]).any()


@settings(max_examples=30, deadline=None)
@given(pixels=GREYS, threshold=st.integers(10, 245), mineral=st.sampled_from(["dark", "bright"]))
def test_sensitivity_is_the_area_ten_grey_levels_away(pixels, threshold, mineral):
    source = ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH)
    areas = []
    for level in (threshold - 10, threshold, threshold + 10):
        recipe = Recipe(name="x", kind="radiograph", channel="intensity", mineral=mineral, threshold=float(level))
        areas.append(analyse(source, recipe, workers=1).totals)
    low, high = (areas[0], areas[2]) if mineral == "dark" else (areas[2], areas[0])
    assert areas[1].area_low_px == low.calcified_area_px
    assert areas[1].area_high_px == high.calcified_area_px
