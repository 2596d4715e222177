"""Local contrast: scikit-image's numbers on the whole film, whatever its tiles."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import filters, morphology

from calcannot import ArraySource, Recipe, analyse, load_recipe
from calcannot.errors import RecipeError
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


def test_a_top_hat_is_that_of_scikit_image(pixels):
    disc = morphology.disk(round(WIDTH / 2), decomposition="sequence")
    risen = morphology.white_tophat(pixels.astype(np.float32), disc)
    np.testing.assert_array_equal(mask_of(film(pixels), recipe("top-hat", 120.0)), risen > 120)


def test_an_adaptive_threshold_is_that_of_scikit_image(pixels):
    local = filters.threshold_local(pixels.astype(np.float32), WIDTH, offset=-60)
    np.testing.assert_array_equal(mask_of(film(pixels), recipe("adaptive", 60.0)), pixels > local)


def test_growth_is_hysteresis(pixels):
    disc = morphology.disk(round(WIDTH / 2), decomposition="sequence")
    risen = morphology.white_tophat(pixels.astype(np.float32), disc)
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
