"""Foci of drawn shapes whose sizes, gaps and chords are known from their formulas."""

import math

import numpy as np
import pytest

from calcannot import Calibration, Recipe
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.foci import FOCUS_COLUMNS, foci_totals
from calcannot.morphometry.focus_columns import focus_columns, focus_rows

SIZE = Calibration(200.0, 200.0, CalibrationSource.USER)


def totals_of(analysis):
    return foci_totals(analysis.foci, analysis.info.calibration, analysis.resolved)


def recipe(joining_px=10.0, minimum=None, **length):
    foci = {"joining": length or {"px": joining_px}}
    if minimum is not None:
        foci["minimum_area"] = {"px": minimum}
    return Recipe(name="mask", kind="radiograph", channel="intensity", mineral="bright", threshold=127.0, foci=foci)


def blank(rows=120, cols=160):
    return np.zeros((rows, cols), bool)


def around(row, col, end_row, end_col, **said):
    ring = np.array([(col, row), (end_col, row), (end_col, end_row), (col, end_row)], float)
    return Stroke(f"{row}-{col}", StrokeKind.ACCEPT, (ring,), **said)


@pytest.mark.parametrize(("gap", "joining", "count"), [(5, 5, 1), (5, 4.9, 2), (1, 1, 1), (1, 0.5, 2), (30, 30, 1)])
def test_regions_are_one_focus_up_to_the_joining_distance_and_no_further(measure_mask, gap, joining, count):
    for turned in (False, True):
        mask = blank()
        mask[20:40, 10:30] = mask[25:35, 30 + gap : 50 + gap] = True
        foci = measure_mask(mask.T if turned else mask, recipe=recipe(joining)).foci
        assert len(foci) == count
        assert foci.area_px.sum() == 600
        assert list(foci.region_count) == ([2] if count == 1 else [1, 1])
        if count == 2:
            np.testing.assert_allclose(foci.nearest, gap)


def test_the_gap_across_a_corner_is_its_diagonal(measure_mask):
    mask = blank()
    mask[10:20, 10:20] = mask[23:30, 24:30] = True  # 3 rows and 4 columns between them
    assert len(measure_mask(mask, recipe=recipe(5.0)).foci) == 1
    apart = measure_mask(mask, recipe=recipe(4.99)).foci
    np.testing.assert_allclose(apart.nearest, 5.0)


def test_joining_is_in_micrometres_where_there_is_a_pixel_size_and_rows_count_for_what_they_are(measure_mask):
    mask = blank()
    mask[20:40, 10:30] = mask[44:60, 10:30] = True  # 4 rows of 500 µm between them
    tall = Calibration(500.0, 100.0, CalibrationSource.USER)
    rule = {"um": 2000.0, "px": 1.0}
    assert len(measure_mask(mask, tall, recipe=recipe(**rule)).foci) == 1
    assert len(measure_mask(mask, tall, recipe=recipe(**rule | {"um": 1999.0})).foci) == 2
    assert len(measure_mask(mask, None, recipe=recipe(**rule)).foci) == 2


def test_a_chain_is_one_focus(measure_mask):
    mask = blank()
    for k in range(8):
        mask[50:55, 5 + 12 * k : 10 + 12 * k] = True
    foci = measure_mask(mask, recipe=recipe(7.0)).foci
    assert len(foci) == 1 and foci.region_count[0] == 8
    assert foci.long_axis[0] == pytest.approx(math.hypot(89, 5))


def test_small_foci_are_dropped_and_their_regions_belong_to_none(measure_mask):
    mask = blank()
    mask[5:8, 5:8] = mask[40:60, 40:60] = True
    foci = measure_mask(mask, recipe=recipe(2.0, minimum=10)).foci
    assert list(foci.of_region) == [0, 1] and list(foci.area_px) == [400]


def test_axes_of_a_bar(measure_mask):
    mask = blank()
    mask[30:40, 20:120] = True
    columns = focus_columns(measure_mask(mask, SIZE, recipe=recipe(um=1000.0)))
    diagonal = math.hypot(100, 10)
    assert columns["long_axis_mm"][0] == pytest.approx(0.2 * diagonal)
    # Across the diagonal the hull is as wide as twice the triangle's height; the chord in it is as long as the bar is
    # thick, over the cosine of the angle.
    assert columns["perpendicular_mm"][0] == pytest.approx(0.2 * 2 * 100 * 10 / diagonal)
    assert columns["short_axis_mm"][0] == pytest.approx(0.2 * 10 * diagonal / 100, rel=0.02)
    assert columns["product_mm2"][0] == pytest.approx(0.04 * 2 * 100 * 10)
    assert columns["area_mm2"][0] == pytest.approx(40.0)


@pytest.mark.parametrize("turned_deg", [0, 20, 65, 110])
@pytest.mark.parametrize("aspect", [1.0, 2.0])
def test_axes_of_an_ellipse(measure_mask, turned_deg, aspect):
    rows, cols = np.mgrid[: round(300 / aspect), :300]
    x, y, turn = cols - 149.5, (rows - (300 / aspect - 1) / 2) * aspect, math.radians(turned_deg)
    along, across = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    mask = (along / 120) ** 2 + (across / 60) ** 2 <= 1
    size = Calibration(100.0 * aspect, 100.0, CalibrationSource.USER)
    foci = measure_mask(mask, size, recipe=recipe(um=500.0)).foci
    assert foci.long_axis[0] == pytest.approx(24_000, rel=0.012)
    assert foci.long_axis_angle_deg[0] == pytest.approx(turned_deg, abs=3)
    assert foci.perpendicular[0] == pytest.approx(12_000, rel=0.03)
    assert foci.short_axis[0] == pytest.approx(12_000, rel=0.02)


def test_the_short_axis_stays_inside_mineral_and_the_calliper_does_not(measure_mask):
    mask = blank(200, 200)
    mask[20:180, 20:40] = mask[160:180, 20:180] = True  # an L: arms of 160 by 20
    foci = measure_mask(mask, recipe=recipe(1.0)).foci
    assert foci.long_axis[0] == pytest.approx(160 * math.sqrt(2), rel=0.001)
    # The outer corner lies 160/√2 on one side of the diagonal, the arms' ends 20/√2 on the other.
    assert foci.perpendicular[0] == pytest.approx(180 / math.sqrt(2), rel=0.001)
    # Along the diagonal through the corner of the L the square where the arms meet is 20 √2 long.
    assert foci.short_axis[0] == pytest.approx(20 * math.sqrt(2), rel=0.03)


def test_sides_and_kinds_are_those_that_a_person_gave(measure_mask):
    mask = blank()
    mask[10:30, 10:30] = mask[10:20, 100:110] = mask[80:90, 60:70] = True
    strokes = Annotations(
        (
            around(5, 5, 40, 40, side="right", morphology="lobulated"),
            around(5, 95, 40, 120, side="left"),
        )
    )
    analysis = measure_mask(mask, SIZE, recipe=recipe(um=400.0), annotations=strokes)
    foci = analysis.foci
    assert foci.side == ("right", "left", "") and foci.morphology == ("lobulated", "", "")
    totals = totals_of(analysis)
    assert (totals["right_area"], totals["left_area"], totals["side_not_told_area"]) == pytest.approx((16, 4, 4))
    # A focus without a side may belong to either.
    assert totals["asymmetry"] is None


def test_asymmetry_is_the_difference_over_the_sum(measure_mask):
    mask = blank()
    mask[10:30, 10:30] = mask[10:20, 100:110] = True
    strokes = Annotations((around(5, 5, 40, 40, side="right"), around(5, 95, 40, 120, side="left")))
    assert measure_mask(mask, recipe=recipe(), annotations=strokes).foci.asymmetry == pytest.approx((100 - 400) / 500)


def test_a_side_is_never_taken_from_the_place_in_the_picture(measure_mask):
    mask = blank()
    mask[10:30, 10:30] = mask[10:20, 130:140] = True
    foci = measure_mask(mask, recipe=recipe()).foci
    assert foci.side == ("", "") and foci.asymmetry is None


def test_totals_of_two_squares(measure_mask):
    mask = blank()
    mask[10:20, 10:20] = mask[10:20, 50:60] = True
    totals = totals_of(measure_mask(mask, SIZE, recipe=recipe(um=2000.0)))
    assert (totals["count"], totals["unit"], totals["joining"]) == (2, "mm", 2.0)
    assert totals["sum_of_areas"] == pytest.approx(8.0)
    assert totals["sum_of_long_axes"] == pytest.approx(2 * 2 * math.sqrt(2))
    assert totals["spread"] == pytest.approx(0.2 * math.hypot(50, 10))
    assert totals["centroid_spread"] == pytest.approx(8.0)
    assert totals["nearest_least"] == totals["nearest_largest"] == pytest.approx(6.0)


def test_columns_are_those_of_the_table_and_what_does_not_exist_is_none(measure_mask):
    mask = blank()
    mask[10:20, 10:20] = True
    analysis = measure_mask(mask, recipe=recipe())
    assert tuple(focus_columns(analysis)) == FOCUS_COLUMNS
    (row,) = focus_rows(analysis)
    absent = {"side", "morphology", "area_mm2", "long_axis_mm", "perpendicular_mm", "short_axis_mm", "product_mm2",
              "hull_area_mm2", "nearest_focus_mm", "nearest_focus_px", "peak_fraction_low",
              "peak_fraction_high"}  # fmt: skip
    assert {name for name, value in row.items() if value is None} == absent
    assert row["touches_border"] is False and row["area_px"] == 100


def test_nothing_found_is_no_focus(measure_mask):
    analysis = measure_mask(blank(), SIZE, recipe=recipe(um=2000.0))
    assert len(analysis.foci) == 0 and totals_of(analysis)["nearest_least"] is None
    assert all(len(column) == 0 for column in focus_columns(analysis).values())


def test_a_radiograph_has_foci_by_itself_and_a_section_only_when_asked(measure_mask):
    mask = blank()
    mask[10:20, 10:20] = True
    plain = Recipe(name="m", kind="radiograph", channel="intensity", mineral="bright", threshold=127.0)
    section = Recipe(name="m", kind="histology", channel="intensity", mineral="bright", threshold=127.0)
    assert measure_mask(mask, SIZE, recipe=plain).foci.joining == 2000.0
    assert measure_mask(mask, None, recipe=plain).foci.joining == 10.0
    assert measure_mask(mask, SIZE, recipe=section).foci is None


@pytest.mark.parametrize("seed", range(4))
def test_against_dilation(measure_mask, seed):
    """Joined regions are those that touch after each is grown by half the distance, with pixels as squares."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.standard_normal((90, 110)), 2.0) > 0.22
    foci = measure_mask(mask, recipe=recipe(4.0)).foci
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    links = np.eye(count, dtype=bool)
    for one in range(1, count + 1):
        rows, cols = np.nonzero(labels == one)
        for other in range(one + 1, count + 1):
            r, c = np.nonzero(labels == other)
            gap = np.hypot(np.maximum(np.abs(rows[:, None] - r) - 1, 0), np.maximum(np.abs(cols[:, None] - c) - 1, 0))
            links[one - 1, other - 1] = links[other - 1, one - 1] = gap.min() <= 4.0
    from scipy.sparse.csgraph import connected_components

    expected = connected_components(links)[0]
    assert len(foci) == expected
