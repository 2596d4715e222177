"""The picture of what was counted: an outline round the mineral and not on it, a scale bar of true length."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcannot import Annotations, ArraySource, Calibration, Recipe, analyse
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.report.overlay import EXCLUDE_RGB, OUTLINE_RGB, REGION_RGB, draw_overlay, write_overlay

RECIPE = Recipe(name="x", kind="histology", channel="value", threshold=100.0)


def section(height=600, width=900) -> np.ndarray:
    rgb = np.full((height, width, 3), (230, 200, 215), np.uint8)
    rgb[height // 3 : height // 2, width // 3 : width // 2] = 20
    return rgb


def overlay(pixels, strokes=(), calibration=None, recipe=RECIPE, modality=None):
    source = ArraySource(pixels, name="x", calibration=calibration, modality=modality)
    analysis = analyse(source, recipe, Annotations(tuple(strokes)), workers=1)
    return np.asarray(draw_overlay(source, analysis)), analysis


def near(picture, colour) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).max(-1) <= 2


@pytest.mark.parametrize("shape", [(600, 900), (1300, 800), (2400, 100)])
def test_the_outline_surrounds_the_mineral_and_covers_none(shape):
    picture, analysis = overlay(section(*shape))
    mask = analysis.runs.mask(0, 0, *shape)
    scale = picture.shape[0] / shape[0]
    assert scale == int(scale) >= 1
    mask = mask.repeat(int(scale), 0).repeat(int(scale), 1)
    yellow = near(picture, OUTLINE_RGB)
    assert not (yellow & mask).any()
    assert yellow[ndimage.binary_dilation(mask) & ~mask].all()


def test_a_large_image_is_reduced_to_what_a_screen_shows_and_keeps_its_grains():
    rgb = np.full((2600, 5000, 3), 230, np.uint8)
    rgb[1300, 2500] = 20
    picture, _ = overlay(rgb)
    assert picture.shape[:2] == (867, 1667)
    yellow = np.argwhere(near(picture, OUTLINE_RGB))
    assert len(yellow)
    assert np.abs(yellow - [1300 / 3, 2500 / 3]).max() < 8


def test_a_small_image_is_enlarged():
    picture, _ = overlay(section(60, 80))
    assert picture.shape[:2] == (900, 1200)


def test_regions_and_exclusions_have_their_colours():
    ring = np.array([[100, 100], [800, 100], [800, 500], [100, 500]], float)
    other = np.array([[500, 400], [700, 400], [700, 480], [500, 480]], float)
    strokes = [
        Stroke("a", StrokeKind.REGION, (ring,), name="left"),
        Stroke("b", StrokeKind.EXCLUDE, (other,), reason="ink"),
    ]
    picture, _ = overlay(section(), strokes)
    assert near(picture[100], REGION_RGB)[200:700].mean() > 0.9
    assert near(picture[480], EXCLUDE_RGB)[510:690].mean() > 0.9
    plain, _ = overlay(section())
    assert not near(plain, REGION_RGB).any()


@pytest.mark.parametrize(("um_row", "um_col", "length_um"), [(0.5, 0.5, 100), (1, 2, 500), (200, 200, 50_000)])
def test_the_scale_bar_has_its_length(um_row, um_col, length_um):
    picture, _ = overlay(section(700, 1250), calibration=Calibration(um_row, um_col, CalibrationSource.USER))
    corner = near(picture[-60:, :400], (255, 255, 255))
    longest = max(
        (len(run) for row in corner for run in "".join("1" if each else "0" for each in row).split("0")), default=0
    )
    assert longest == pytest.approx(length_um / um_col, abs=2)


def test_without_calibration_there_is_no_scale_bar():
    picture, _ = overlay(section(700, 1250))
    corner = near(picture[-60:, :400], (255, 255, 255))
    assert max(corner.sum(axis=1)) < 60


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_grey_of_any_kind_is_drawn_and_a_flat_one_too(dtype):
    film = Recipe(name="x", kind="radiograph", channel="intensity", mineral="bright", threshold=80.0)
    pixels = np.zeros((1250, 700), dtype)
    pixels[400:600, 200:300] = 100
    picture, _ = overlay(pixels, recipe=film, modality=Modality.RADIOGRAPH)
    assert picture.dtype == np.uint8
    assert picture[500, 250].tolist() == [255, 255, 255]
    assert picture[1000, 600].tolist() == [0, 0, 0]
    flat, _ = overlay(np.full((50, 70), 7, dtype).astype(dtype) if dtype is not np.float32 else pixels, recipe=film,
                      modality=Modality.RADIOGRAPH)  # fmt: skip
    assert np.isfinite(flat).all()


def test_the_file_is_the_picture(tmp_path):
    from PIL import Image

    source = ArraySource(section(), name="x")
    analysis = analyse(source, RECIPE, workers=1)
    write_overlay(tmp_path / "o.png", source, analysis)
    with Image.open(tmp_path / "o.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(draw_overlay(source, analysis)))
