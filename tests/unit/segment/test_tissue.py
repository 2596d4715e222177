"""Glass and tissue: glass is bright and neutral, and where there is none all is tissue."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import ArraySource, Recipe, analyse
from calcannot.segment.channels import channel_of

RECIPE = Recipe(name="x", kind="histology", channel="value", threshold=60.0, reference="tissue")
SHAPE = (200, 300)


def field(glass: float | None, tissue, noise: float = 1.5, seed: int = 0) -> np.ndarray:
    """Tissue on the left third, glass right of it; tissue everywhere where there is no glass."""
    rgb = np.empty((*SHAPE, 3))
    rgb[:] = tissue
    if glass is not None:
        rgb[:, 100:] = glass
    return np.clip(rgb + np.random.default_rng(seed).normal(0, noise, rgb.shape), 0, 255).astype(np.uint8)


def reference(rgb) -> float:
    totals = analyse(ArraySource(rgb, name="x"), RECIPE, workers=1).totals
    return totals.reference_area_px / (SHAPE[0] * SHAPE[1])


@pytest.mark.parametrize("glass", [215, 235, 245, 252])
@pytest.mark.parametrize("tissue", [(230, 180, 200), (200, 200, 230), (240, 225, 190), (120, 90, 150), (180, 210, 190)])
def test_tissue_of_any_dye_is_told_from_glass(glass, tissue):
    assert reference(field(glass, tissue)) == pytest.approx(1 / 3, abs=0.01)


def test_where_there_is_no_glass_all_is_tissue():
    assert reference(field(None, (220, 160, 190))) == 1


def test_blank_glass_is_no_tissue():
    assert reference(field(240, (240, 240, 240))) < 0.01


def test_mineral_is_tissue_though_it_is_neutral():
    rgb = field(240, (230, 180, 200))
    rgb[50:100, 150:200] = 20
    assert reference(rgb) == pytest.approx(1 / 3 + 2500 / 60_000, abs=0.01)


def test_share_is_of_tissue():
    rgb = field(240, (230, 180, 200))
    rgb[50:100, 20:60] = 20
    totals = analyse(ArraySource(rgb, name="x"), RECIPE, workers=1).totals
    assert totals.calcified_area_px == 2000
    assert totals.calcified_fraction == pytest.approx(2000 / 20_000, rel=0.02)
    assert totals.calcified_fraction == totals.calcified_area_px / totals.reference_area_px


def test_neutral_means_channels_that_differ_by_an_eighth_of_the_brightest():
    colours = np.array([[[240, 240, 240], [240, 215, 240], [240, 209, 240], [80, 75, 71], [80, 60, 71]]], np.uint8)
    values = channel_of("glass", ArraySource(colours, name="x").info).values(colours)
    assert values.tolist() == [[240, 215, 0, 71, 0]]
