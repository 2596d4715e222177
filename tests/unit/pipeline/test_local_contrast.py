"""Local contrast: scikit-image's numbers on the whole film, whatever its tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import filters, morphology

from calcannot import ArraySource, Recipe, analyse, load_recipe
from calcannot.errors import RecipeError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.image import Modality

WIDTH = 21


@pytest.fixture(scope="module")
def pixels():
    """Bars of 5 px on a steep slope with a step, and noise."""
    rows, cols = np.mgrid[:220, :260]
    picture = 4.0 * cols + 300 * (rows > 120) + np.random.default_rng(7).normal(0, 8, rows.shape)
    for row in (20, 70, 160, 200):
        picture[row : row + 5, 30:200] += 250
    return picture.clip(0).astype(np.uint16)


def film(pixels, tile=(256, 256)):
    return ArraySource(pixels, name="film", modality=Modality.RADIOGRAPH, tile=tile)


def recipe(method, threshold, grow_to=1.0, **more) -> Recipe:
    local = {"method": method, "width": {"px": WIDTH}, "grow_to": grow_to}
    given = {"name": "x", "kind": "radiograph", "channel": "intensity", "mineral": "bright"}
    return Recipe.model_validate(given | {"threshold": threshold, "local_contrast": local} | more)


def mask_of(source, asked) -> np.ndarray:
    return analyse(source, asked, workers=1).runs.mask(0, 0, source.info.height_px, source.info.width_px)


def top_hat(pixels) -> np.ndarray:
    """scikit-image's own, of a film that goes on as it ends."""
    disc = morphology.disk(round(WIDTH / 2), decomposition="sequence")
    wide = np.pad(pixels.astype(np.float32), 3 * WIDTH, mode="edge")
    return morphology.white_tophat(wide, disc)[3 * WIDTH : -3 * WIDTH, 3 * WIDTH : -3 * WIDTH]


class Looked(ArraySource):
    """A film of which a part shows no patient."""

    def __init__(self, pixels, rows: slice, cols: slice) -> None:
        super().__init__(pixels, name="film", modality=Modality.RADIOGRAPH)
        ring = np.array([[c, r] for r, c in ((rows.start, cols.start), (rows.start, cols.stop),
                                             (rows.stop, cols.stop), (rows.stop, cols.start))], float)  # fmt: skip
        out = Stroke("image-border-1", StrokeKind.EXCLUDE, (ring,), reason="border")
        self._info = replace(self._info, excluded=(out,))


def test_a_top_hat_is_that_of_scikit_image(pixels):
    np.testing.assert_array_equal(mask_of(film(pixels), recipe("top-hat", 120.0)), top_hat(pixels) > 120)


def test_a_strip_along_the_border_is_as_wide_as_the_film_and_a_bar_that_ends_there_is_narrow(pixels):
    framed = pixels.copy()
    framed[:, -8:] += np.arange(8, dtype=np.uint16) * 60  # fog that grows to the border
    framed[:6] = framed[-3:] = 4000
    framed[100:105, :40] += 400
    found = mask_of(film(framed), recipe("top-hat", 180.0))
    assert found[100:105, :40].all()
    assert not found[:6].any() and not found[-3:].any() and not found[8:15, -8:].any()


def test_what_shows_no_patient_is_no_surroundings(pixels):
    # Bright, with a foot of blur beyond what is left out; and the same film without either.
    framed, plain = pixels.copy(), pixels.copy()
    framed[:, :12] = 4000
    framed[:, 12:16] += np.array([900, 600, 300, 100], np.uint16)
    found = mask_of(Looked(framed, slice(0, 220), slice(0, 12)), recipe("top-hat", 180.0))
    # Below the step the foot has a corner, which no disc fits into.
    assert not np.delete(found[:, :20], np.s_[121 : 121 + WIDTH // 2], axis=0).any()
    np.testing.assert_array_equal(found[:, 40:], mask_of(film(plain), recipe("top-hat", 180.0))[:, 40:])


def test_what_was_taken_for_no_patient_is_measured_when_it_is_accepted(pixels):
    looked = Looked(pixels, slice(60, 90), slice(20, 210))
    dot = np.array([(30.0, 70.0), (32.0, 70.0), (32.0, 72.0)])
    accepted = Annotations((Stroke("a", StrokeKind.ACCEPT, (dot,)),))
    whole = mask_of(film(pixels), recipe("top-hat", 180.0))
    assert whole[60:90].any() and not mask_of(looked, recipe("top-hat", 180.0))[60:90].any()
    found = analyse(looked, recipe("top-hat", 180.0), accepted, workers=1).runs.mask(0, 0, *pixels.shape)
    np.testing.assert_array_equal(found, whole)


def test_a_film_of_which_all_shows_no_patient_has_no_mineral(pixels):
    assert not mask_of(Looked(pixels, slice(0, 220), slice(0, 260)), recipe("top-hat", 180.0)).any()


def test_an_adaptive_threshold_is_that_of_scikit_image(pixels):
    local = filters.threshold_local(pixels.astype(np.float32), WIDTH, offset=-60, mode="nearest")
    np.testing.assert_array_equal(mask_of(film(pixels), recipe("adaptive", 60.0)), pixels > local)


def test_growth_is_hysteresis(pixels):
    risen = top_hat(pixels)
    grown = filters.apply_hysteresis_threshold(risen, 60, 240)
    assert 0 < (risen > 240).sum() < grown.sum()
    # Regions are 8-connected here and 4-connected there: ours may only be larger.
    found = mask_of(film(pixels), recipe("top-hat", 240.0, 0.25))
    assert (found | ~grown).all()
    assert found.sum() == pytest.approx(grown.sum(), rel=0.02)


def test_bars_are_found_and_the_step_is_not(pixels):
    found = mask_of(film(pixels), recipe("top-hat", "otsu", smoothing={"px": 1}))
    truth = np.zeros_like(found)
    for row in (20, 70, 160, 200):
        truth[row : row + 5, 30:200] = True
    assert found.sum() == pytest.approx(truth.sum(), rel=0.15)
    assert not found[116:126, 30:200].any()


def test_tiles_change_nothing_and_the_range_is_that_of_the_data(pixels):
    whole, tiled = (analyse(film(pixels, tile), recipe("top-hat", "yen"), workers=1) for tile in ((256, 256), (32, 48)))
    assert whole.totals == tiled.totals
    assert whole.info.dtype == "uint16"
    step = whole.resolved.rules[0].sensitivity
    assert step == pytest.approx(0.1 * whole.resolved.threshold)
    assert whole.totals.area_low_px < whole.totals.calcified_area_px < whole.totals.area_high_px
    assert any("Look at the overlay" in warning for warning in whole.warnings)


def test_refused_with_a_background_and_on_colour():
    with pytest.raises(ValueError, match="local_contrast goes with one threshold"):
        recipe("top-hat", None, background={"rim": {"px": 30}})
    with pytest.raises(ValueError, match="bright mineral"):
        recipe("top-hat", 10.0, mineral="dark")
    with pytest.raises(RecipeError, match="colour"):
        analyse(ArraySource(np.zeros((40, 40, 3), np.uint8), name="x"), load_recipe("radiograph-top-hat"))
