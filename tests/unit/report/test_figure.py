"""A view for a paper: outline around the pixels, a bar of the right length, the size in the file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from calcannot.report.figure import draw_figure, figure_png
from calcannot.report.overlay import OUTLINE_RGB


@pytest.fixture
def square(measure_mask):
    mask = np.zeros((100, 200), bool)
    mask[40:60, 80:120] = True
    return measure_mask(mask).runs


def yellow(image) -> np.ndarray:
    return (np.asarray(image) == OUTLINE_RGB).all(axis=-1)


def test_the_outline_lies_outside_the_pixels_of_the_view(square):
    drawn = yellow(draw_figure(np.full((50, 100, 3), 128, np.uint8), square, row=30, col=50))
    assert not drawn[10:30, 30:70].any()
    assert drawn[9, 30:70].all() and drawn[30, 30:70].all() and drawn[10:30, 29].all() and drawn[10:30, 70].all()


def test_the_bar_has_the_length_that_it_states(square):
    view = np.full((100, 200, 3), 128, np.uint8)
    drawn = np.asarray(draw_figure(view, square, um_per_px=2.0, enlarge=3, outlines=False))
    white = (drawn == 255).all(axis=-1)
    longest = max(white.sum(axis=1))
    assert longest == pytest.approx(50 / 2.0 * 3, abs=1.01)  # 50 µm is the round length below a fifth of 400 µm


def test_without_a_pixel_size_there_is_no_bar(square):
    view = np.full((100, 200, 3), 128, np.uint8)
    assert not (np.asarray(draw_figure(view, square)) == 255).all(axis=-1).any()


def test_png_has_the_printed_size(square):
    image = draw_figure(np.full((100, 200, 3), 128, np.uint8), square, um_per_px=1.0)
    opened = Image.open(io.BytesIO(figure_png(image, width_mm=85, dpi=300)))
    assert opened.width == round(85 / 25.4 * 300)
    assert opened.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert opened.height * 2 == opened.width


def test_a_view_outside_the_image_is_refused(square):
    with pytest.raises(ValueError, match="not inside the image"):
        draw_figure(np.zeros((50, 100, 3), np.uint8), square, row=60, col=50)
