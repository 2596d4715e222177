"""Layers carry scale and unit, and draw what was counted."""

import numpy as np
import pytest

from calcannot.io import ArraySource
from calcannot.model.calibration import Calibration, CalibrationSource
from calcannot.pipeline.analyse import analyse
from calcannot.segment.shipped import load_recipe
from napari_calcannot.layers import contrast_limits, image_layer, mineral_layer, placement, regions_layer
from napari_calcannot.mineral import MaskPyramid
from napari_calcannot.session import Session


@pytest.fixture
def measured(sample_case, opened):
    session = opened(sample_case / "section.tif")
    session.measure()
    return session


@pytest.mark.parametrize(
    ("um", "scale", "unit"),
    [(None, (1.0, 1.0), "pixel"), ((0.25, 0.5), (0.25, 0.5), "um"), ((143.0, 150.0), (143.0, 150.0), "um")],
)
def test_placement(um, scale, unit):
    size = None if um is None else Calibration(*um, CalibrationSource.USER)
    found = placement(ArraySource(np.zeros((4, 5), np.uint8), name="a.png", calibration=size).info)
    assert found == {"scale": pytest.approx(scale), "units": (unit, unit), "axis_labels": ("y", "x")}


def test_every_layer_is_placed(sample_case, measured):
    mineral = mineral_layer(measured, MaskPyramid(measured.mask.tiles).levels, colour="cyan", opacity=0.5)
    for _, options, _ in (image_layer(measured), regions_layer(measured), mineral):
        assert options["units"] == ("um", "um")
        assert options["scale"] == (1.0, 1.0)


def test_contrast_of_a_radiograph_is_of_its_pixels(grey_source, colour_source):
    pixels = grey_source.read(0, 0, 90, 130)
    low, high = contrast_limits(grey_source)
    assert pixels.min() <= low < high <= pixels.max()
    assert contrast_limits(colour_source) == (0.0, 255.0)
    flat = ArraySource(np.full((9, 9), 7, np.uint16), name="flat.png")
    assert contrast_limits(flat) == (7.0, 8.0)


def test_mineral_at_every_level_is_the_mask_of_the_results(measured):
    runs = measured.analysis.runs
    levels = MaskPyramid(measured.mask.tiles).levels
    assert [level.shape for level in levels] == [(1800, 2400), (900, 1200), (450, 600)]
    for factor, level in zip((1, 2, 4), levels, strict=True):
        np.testing.assert_array_equal(np.asarray(level) > 0, runs.reduced(0, 1800, factor) > 0)
    np.testing.assert_array_equal(levels[0][700:900, 600:1000] > 0, runs.labels(700, 600, 200, 400) > 0)


def test_no_region_at_all():
    source = ArraySource(np.full((30, 40, 3), 250, np.uint8), name="white.png")
    session = Session(source)
    session.take(analyse(source, load_recipe("von-kossa")))
    data, _, _ = mineral_layer(session, MaskPyramid(session.mask.tiles).levels, colour="cyan", opacity=0.5)
    assert not data.any()
