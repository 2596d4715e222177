"""One image from pixels to numbers: strokes, gates, cleanup, warnings, progress."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import Annotations, ArraySource, Calibration, Recipe, analyse, load_recipe, region_columns
from calcannot.errors import RecipeError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality

SIZE = Calibration(2.0, 0.5, CalibrationSource.USER)


def film(pixels, **options):
    return ArraySource(np.asarray(pixels), name="film", modality=Modality.RADIOGRAPH, **options)


def recipe(**fields) -> Recipe:
    given = {"name": "x", "kind": "radiograph", "channel": "intensity", "mineral": "bright", "threshold": 100.0}
    return Recipe.model_validate(given | fields)


def box(kind, row, col, height, width, **more) -> Stroke:
    ring = np.array([[col, row], [col + width, row], [col + width, row + height], [col, row + height]], float)
    return Stroke(id=f"{kind}-{row}-{col}", kind=StrokeKind(kind), rings=(ring,), **more)


def mask_after(pixels, *strokes, **fields) -> np.ndarray:
    analysis = analyse(film(pixels), recipe(**fields), Annotations(strokes), workers=1)
    return analysis.runs.mask(0, 0, *np.shape(pixels))


@pytest.fixture
def pixels():
    """Dark with two bright squares of 16 and 4 px."""
    pixels = np.full((30, 40), 50, np.uint8)
    pixels[5:9, 5:9] = 200
    pixels[20:22, 30:32] = 150
    return pixels


def test_numbers_of_a_picture_by_hand(pixels):
    analysis = analyse(film(pixels, calibration=SIZE), recipe(), workers=1)
    totals = analysis.totals
    assert (totals.region_count, totals.calcified_area_px, totals.largest_area_px) == (2, 20, 16)
    assert totals.calcified_area_mm2 == pytest.approx(20e-6)
    assert totals.largest_area_mm2 == pytest.approx(16e-6)
    assert totals.reference_area_px == 1200
    assert totals.calcified_fraction == 20 / 1200
    # Corner (5, 5) to corner (22, 32), in rows of 2 µm and columns of half a µm.
    assert totals.extent_length_mm == pytest.approx(np.hypot(17 * 2, 27 * 0.5) / 1000)
    assert (totals.extent_length_px, totals.extent_width_px) == (None, None)
    columns = region_columns(analysis)
    assert columns["value_mean"].tolist() == [200, 150]
    assert columns["centroid_row_px"].tolist() == [6.5, 20.5]
    assert columns["bbox_col_max_px"].tolist() == [9, 32]


def test_strokes_in_the_order_they_were_drawn(pixels):
    add, erase = box("add", 0, 20, 6, 6), box("erase", 3, 23, 6, 6)
    first, last = mask_after(pixels, add, erase), mask_after(pixels, erase, add)
    assert first[0:6, 20:26].sum() == 36 - 9
    assert last[0:6, 20:26].sum() == 36


def test_what_was_added_is_kept_however_small_and_counts_in_both_areas(pixels):
    cleanup = {"minimum_area": {"px": 10}}
    analysis = analyse(film(pixels), recipe(cleanup=cleanup), Annotations((box("add", 25, 3, 1, 2),)), workers=1)
    assert sorted(analysis.regions.area.tolist()) == [2, 16]
    assert (analysis.totals.area_low_px, analysis.totals.area_high_px) == (18, 18)


def test_a_reject_takes_the_whole_region_it_touches(pixels):
    mask = mask_after(pixels, box("reject", 8, 8, 3, 3))
    assert mask.sum() == 4
    assert mask_after(pixels, box("reject", 9, 9, 3, 3)).sum() == 20


def test_an_accept_changes_nothing(pixels):
    np.testing.assert_array_equal(mask_after(pixels, box("accept", 5, 5, 4, 4)), mask_after(pixels))


def test_regions_of_interest_and_exclusions(pixels):
    roi, out = box("region", 0, 0, 30, 7), box("exclude", 0, 0, 6, 40, reason="ink")
    analysis = analyse(film(pixels), recipe(reference="roi"), Annotations((roi, out)), workers=1)
    assert analysis.totals.calcified_area_px == 3 * 2
    assert analysis.totals.reference_area_px == 24 * 7
    assert analysis.regions.touches_border.tolist() == [True]


def test_overlapping_regions_count_once(pixels):
    strokes = Annotations((box("region", 0, 0, 10, 10), box("region", 0, 0, 10, 10)))
    totals = analyse(film(pixels), recipe(reference="roi"), strokes, workers=1).totals
    assert (totals.calcified_area_px, totals.reference_area_px) == (16, 100)


def test_an_automatic_threshold_is_of_the_region_alone(pixels):
    pixels[:, 20:] += 60
    whole = analyse(film(pixels), recipe(threshold="mean"), workers=1).resolved.threshold
    inside = analyse(
        film(pixels), recipe(threshold="mean"), Annotations((box("region", 0, 0, 30, 20),)), workers=1
    ).resolved.threshold
    assert whole == pytest.approx(pixels.mean())
    assert inside == pytest.approx(pixels[:, :20].mean())


def test_a_region_without_a_pixel_centre_is_no_mineral():
    drawn = Annotations((box("region", 3.6, 3.6, 0.3, 0.3),))
    analysis = analyse(film(np.full((9, 9), 200, np.uint8)), recipe(reference="roi"), drawn, workers=1)
    assert (analysis.totals.calcified_area_px, analysis.totals.reference_area_px) == (0, 0)
    assert analysis.totals.calcified_fraction is None


@pytest.mark.parametrize(("contrast", "found"), [(0.3, True), (0.39, True), (0.4, False), (0.9, False)])
def test_the_gate_of_an_automatic_threshold(contrast, found):
    pixels = np.full((20, 20), 50, np.uint8)
    pixels[:10] = 150  # 100 of 255 levels between both means
    analysis = analyse(film(pixels), recipe(threshold="otsu", gate={"contrast": contrast}), workers=1)
    assert analysis.resolved.found == found
    assert analysis.totals.calcified_area_px == (200 if found else 0)
    if not found:
        expected = f"No mineral found: the contrast between both sides of the threshold is 0.39, below {contrast:g}."
        assert expected in analysis.warnings


def test_the_core_drops_regions_that_only_just_reach_the_threshold():
    from calcannot.phantom.histology import render_histology
    from calcannot.phantom.histology_spec import HistologySpec

    rgb = render_histology(HistologySpec(size_px=(512, 512)), 1).rgb
    von_kossa = load_recipe("von-kossa")
    plain = analyse(ArraySource(rgb, name="x"), von_kossa, workers=1)
    resolved = plain.resolved
    assert resolved.evidence["mineral_level"] < resolved.core_at_most < resolved.threshold
    share = (resolved.threshold - resolved.core_at_most) / (resolved.threshold - resolved.evidence["mineral_level"])
    assert share == pytest.approx(0.67)
    faint = rgb.copy()
    faint[480:483, 480:484] = int(resolved.threshold) - 3
    deep = faint.copy()
    deep[481, 482] = int(resolved.core_at_most) - 5
    counts = [analyse(ArraySource(each, name="x"), von_kossa, workers=1).totals.region_count for each in (faint, deep)]
    assert counts == [plain.totals.region_count, plain.totals.region_count + 1]


def test_cleanup_in_micrometres_rounds_as_said(pixels):
    """A pixel of 1 µm²: at least 4.2 µm² is 5 px; holes up to 3.9 µm² are 3 px; a radius of 1.4 µm is 1 px."""
    cleanup = {"minimum_area": {"um2": 4.2}, "fill_holes_up_to": {"um2": 3.9}, "open_radius": {"um": 1.4}}
    resolved = analyse(film(pixels, calibration=SIZE), recipe(cleanup=cleanup), workers=1).resolved
    assert (resolved.minimum_area_px, resolved.fill_holes_px, resolved.open_radius_px) == (5, 3, 1)


def test_holes_are_filled_before_opening_and_opening_comes_before_the_least_area():
    pixels = np.full((20, 20), 50, np.uint8)
    pixels[5:10, 5:10] = 200
    pixels[7, 7] = 50
    order = {"fill_holes_up_to": {"px": 1}, "open_radius": {"px": 2}, "minimum_area": {"px": 13}}
    # A disc of radius 2 has 13 pixels and fits the filled square in one place only.
    assert mask_after(pixels, cleanup=order).sum() == 13
    assert mask_after(pixels, cleanup=order | {"fill_holes_up_to": {"px": 0}}).sum() == 0
    assert mask_after(pixels, cleanup=order | {"minimum_area": {"px": 14}}).sum() == 0


def test_sensitivity_of_other_than_8_bits_is_4_per_cent_of_the_range():
    ramp = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    totals = analyse(film(ramp), recipe(threshold=30_000.0), workers=1).totals
    assert totals.calcified_area_px == 65_535 - 30_000
    step = 0.04 * 0.998 * 65_536
    assert totals.area_low_px == np.count_nonzero(ramp > 30_000 + step)
    assert totals.area_high_px == np.count_nonzero(ramp > 30_000 - step)


def test_12_bits_in_16_are_moved_by_a_share_of_what_the_data_fill():
    """A dead and a burnt pixel are no range."""
    ramp = (np.arange(65_536) // 16).astype(np.uint16).reshape(256, 256)
    spoilt = ramp.copy()
    spoilt[0, 0], spoilt[-1, -1] = 65_535, 65_535
    for threshold in (2000.0, "otsu"):
        clean = analyse(film(ramp), recipe(threshold=threshold), workers=1).totals
        totals = analyse(film(spoilt), recipe(threshold=threshold), workers=1).totals
        assert totals.area_high_px - totals.area_low_px == pytest.approx(2 * 0.04 * 65_536, rel=0.01)
        assert totals.area_low_px == pytest.approx(clean.area_low_px, abs=100)


def test_each_rule_is_moved_by_the_sensitivity_of_its_own_channel():
    from calcannot import ArraySource
    from calcannot.model.recipe_file import recipe_from_dict

    pixels = np.full((40, 40, 3), 200, np.uint8)
    pixels[10:30, 10:30] = (50, 10, 10)  # value 50, saturation 0.8
    rule = {"name": "x", "kind": "histology", "channel": "value", "threshold": 100,
            "and": [{"channel": "saturation", "mineral": "bright", "threshold": 0.5}]}  # fmt: skip
    totals = analyse(ArraySource(pixels, name="square"), recipe_from_dict(rule), workers=1).totals
    assert (totals.area_low_px, totals.calcified_area_px, totals.area_high_px) == (400, 400, 400)


def test_progress_comes_from_the_calling_thread_and_grows(pixels):
    import threading

    seen = []

    def watch(stage, done, total):
        assert threading.current_thread() is threading.main_thread()
        seen.append((stage, done, total))

    tall = np.tile(pixels, (60, 2))
    analyse(film(tall), recipe(threshold="otsu"), workers=3, progress=watch)
    for stage in ("statistics", "classify"):
        done = [each[1] for each in seen if each[0] == stage]
        assert done == sorted(done)
        assert done[-1] == len(tall)


def test_raising_from_progress_stops_and_leaves_no_thread(pixels):
    import threading

    class StopError(Exception):
        pass

    def stop(stage, done, total):
        raise StopError

    before = threading.active_count()
    with pytest.raises(StopError):
        analyse(film(np.tile(pixels, (60, 40))), recipe(threshold="otsu"), workers=4, progress=stop)
    assert threading.active_count() == before


def test_an_error_while_reading_is_raised_as_it_is(pixels):
    from calcannot.errors import ImageReadError

    class Broken(ArraySource):
        def _read(self, *box):
            raise ImageReadError("the tile at row 0, column 0 is damaged", path="film")

    with pytest.raises(ImageReadError, match="tile at row 0"):
        analyse(Broken(pixels, name="film", modality=Modality.RADIOGRAPH), recipe(), workers=3)


def has_warning(analysis, text: str) -> bool:
    return any(text in warning for warning in analysis.warnings)


def test_warnings(pixels):
    plain = analyse(film(pixels), recipe(), workers=1)
    assert has_warning(plain, "The image has no pixel size")
    assert has_warning(plain, "One threshold over a whole radiograph counts bone as mineral")
    assert not has_warning(analyse(film(pixels, calibration=SIZE), recipe(), workers=1), "pixel size")
    section = recipe(kind="histology", channel="value", mineral="dark")
    assert has_warning(analyse(film(pixels), section, workers=1), "A histology recipe was applied to a radiograph")
    grey = np.repeat(pixels[..., None], 3, -1)
    coloured = recipe(kind="histology", channel="value", threshold="otsu", mineral="dark")
    assert has_warning(analyse(ArraySource(grey, name="x"), coloured, workers=1), "colour channels but no colour")
    told = analyse(film(pixels, warnings=("The scanner was warm.", "The scanner was warm.")), recipe(), workers=1)
    assert told.warnings.count("The scanner was warm.") == 1
    for warning in (*plain.warnings, *told.warnings):
        assert warning.endswith(".")


def test_a_recipe_for_another_kind_of_image_is_refused_before_a_pixel_is_read():
    class Unread(ArraySource):
        def _read(self, *box):
            message = "a pixel was read"
            raise AssertionError(message)

    rgb = Unread(np.zeros((5, 5, 3), np.uint8), name="x")
    with pytest.raises(RecipeError, match="the image has colour"):
        analyse(rgb, load_recipe("radiograph-global"))
    grey = Unread(np.zeros((5, 5), np.uint8), name="x", modality=Modality.RADIOGRAPH)
    with pytest.raises(RecipeError, match="the image is grey"):
        analyse(grey, load_recipe("von-kossa-stain"))
    with pytest.raises(RecipeError, match="outside the range of intensity, 0 to 255"):
        analyse(grey, recipe(threshold=256.0))
    with pytest.raises(RecipeError, match="outside the range"):
        analyse(grey, recipe(threshold={"low": -1, "high": 5}))


def test_the_valley_is_for_dark_mineral(pixels):
    with pytest.raises(RecipeError, match="the threshold valley is for dark mineral"):
        analyse(film(pixels), recipe(threshold="valley"), workers=1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_the_smallest_pictures(shape):
    totals = analyse(film(np.full(shape, 200, np.uint8)), recipe(), workers=2).totals
    assert (totals.calcified_area_px, totals.region_count) == (shape[0] * shape[1], 1)


def test_everything_by_hand_is_known_again_from_the_resolved_record(pixels):
    import json

    resolved = analyse(film(pixels), recipe(), workers=1).resolved
    content = json.loads(json.dumps(resolved.to_dict()))
    assert content["rules"] == [
        {"channel": "intensity", "above": 100.0, "at_least": None, "at_most": None, "sensitivity": 10.0}
    ]
    assert content["fingerprint"] == recipe().fingerprint()
