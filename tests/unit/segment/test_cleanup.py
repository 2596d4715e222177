"""Holes and openings, at the border of the image and at that of a window."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import measure as skm
from skimage import morphology

from calcannot.segment.cleanup import fill_small_holes, inner_edge, open_mask

ALL = {"top": True, "bottom": True, "left": True, "right": True}
NONE = dict.fromkeys(ALL, False)


@pytest.fixture(scope="module")
def masks():
    from scipy import ndimage

    rng = np.random.default_rng(4)
    fields = [ndimage.gaussian_filter(rng.random((60, 80)), sigma) for sigma in (0.5, 1, 2, 3)]
    return [field > np.quantile(field, share) for field in fields for share in (0.3, 0.5)]


@pytest.mark.parametrize("largest", [1, 4, 20, 100])
def test_holes_up_to_a_size_are_filled_and_bays_are_not(masks, largest):
    for mask in masks:
        gaps = skm.label(~mask, connectivity=1)
        expected = mask.copy()
        for gap in skm.regionprops(gaps):
            r0, c0, r1, c1 = gap.bbox
            if gap.area <= largest and r0 > 0 and c0 > 0 and r1 < 60 and c1 < 80:
                expected[gaps == gap.label] = True
        np.testing.assert_array_equal(fill_small_holes(mask, largest, **ALL), expected)


def test_the_size_itself_is_filled_and_one_more_is_not():
    mask = np.ones((9, 9), bool)
    mask[4, 2:6] = False
    assert fill_small_holes(mask, 4, **ALL).all()
    assert (~fill_small_holes(mask, 3, **ALL)).sum() == 4


def test_diagonal_gaps_are_two_holes():
    mask = np.ones((6, 6), bool)
    mask[2, 2] = mask[3, 3] = False
    assert fill_small_holes(mask, 1, **ALL).all()


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_opening_is_scikit_image_s_away_from_the_border(masks, radius):
    for mask in masks:
        wide = np.pad(mask, 4 * radius)
        expected = morphology.dilation(morphology.erosion(wide, morphology.disk(radius)), morphology.disk(radius))
        ours = open_mask(wide, radius, **ALL)
        np.testing.assert_array_equal(ours, expected)
        assert not (ours & ~wide).any()
        np.testing.assert_array_equal(open_mask(ours, radius, **ALL), ours)


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_the_image_border_is_no_edge_of_mineral(side):
    """A band as wide as the disc that leaves the image stays whole, corners included."""
    mask = np.zeros((30, 30), bool)
    mask[:20, 10:15] = True
    turned = np.rot90(mask, ["top", "left", "bottom", "right"].index(side))
    ours = open_mask(turned, 2, **ALL)
    lost = np.argwhere(turned & ~ours)
    inner_end = np.argwhere(turned)[[0, -1]]
    assert len(lost) <= 8
    # What is lost lies at the rounded end inside the image, none at the border.
    at_border = (lost == 0).any() or (lost == 29).any()
    assert not at_border, (lost, inner_end)


def test_nothing_asked_is_nothing_done(masks):
    assert fill_small_holes(masks[0], 0, **NONE) is masks[0]
    assert open_mask(masks[0], 0, **NONE) is masks[0]


def test_inner_edge_is_next_to_what_is_outside():
    allowed = np.zeros((8, 9), bool)
    allowed[2:7, 2:8] = True
    expected = allowed.copy()
    expected[3:6, 3:7] = False
    np.testing.assert_array_equal(inner_edge(allowed), expected)
    assert not inner_edge(np.ones((4, 4), bool)).any()
