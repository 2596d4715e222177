"""Every number of a region against second implementations on the whole image: scikit-image, scipy, brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage import measure as skm

from calcannot import Calibration, region_columns
from calcannot.model.calibration import CalibrationSource
from calcannot.morphometry.geometry import geometry_of

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def blobs(seed: int, sigma: float, share: float, shape: tuple[int, int]) -> np.ndarray:
    field = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), sigma)
    return field > np.quantile(field, 1 - share)


RANDOM = [
    pytest.param(blobs(seed, sigma, share, shape), id=f"sigma{sigma}-share{share}-{shape[0]}x{shape[1]}")
    for seed, (sigma, share, shape) in enumerate(
        itertools.product((0.0, 0.7, 1.5, 4.0), (0.3, 0.5, 0.7), ((61, 47), (23, 90)))
    )
]


def corners_of(region: np.ndarray) -> np.ndarray:
    """Corners of the region's pixels, (n, 2) row and column."""
    row, col = np.nonzero(region)
    return np.unique(np.concatenate([np.stack([row + a, col + b], 1) for a in (0, 1) for b in (0, 1)]), axis=0)


def least_width(points: np.ndarray) -> float:
    """Least extent over the directions perpendicular to the sides of the hull, from scipy's hull."""
    hull = points[ConvexHull(points).vertices].astype(float)
    sides = np.roll(hull, -1, axis=0) - hull
    normals = np.stack([-sides[:, 1], sides[:, 0]], 1) / np.hypot(*sides.T)[:, None]
    return float(np.ptp(hull @ normals.T, axis=0).min())


def longest(points: np.ndarray) -> tuple[float, float]:
    """Largest distance between two points, and the least extent perpendicular to a pair that has it."""
    difference = points[:, None, :] - points[None, :, :]
    squared = (difference**2).sum(-1)
    pairs = np.argwhere(squared >= squared.max() * (1 - 1e-12))
    directions = np.array([difference[i, j] for i, j in pairs if i < j]) / math.sqrt(squared.max())
    normals = np.stack([-directions[:, 1], directions[:, 0]], 1)
    return math.sqrt(squared.max()), float(np.ptp(points @ normals.T, axis=0).min())


def assert_same_as_scikit_image(mask: np.ndarray, analysis) -> None:
    height, width = mask.shape
    labels = skm.label(mask, connectivity=2)
    np.testing.assert_array_equal(analysis.runs.labels(0, 0, height, width), labels)
    levels = (np.arange(mask.size).reshape(mask.shape) * 37 % 128 + 128).astype(float)
    regions, columns = analysis.regions, region_columns(analysis)
    theirs = skm.regionprops(labels, intensity_image=levels)
    assert len(regions) == len(theirs) == analysis.totals.region_count
    geometry = geometry_of(regions, 1.0, 1.0)
    for i, their in enumerate(theirs):
        assert columns["region"][i] == their.label
        assert columns["area_px"][i] == their.area
        box = [columns[f"bbox_{side}_px"][i] for side in ("row_min", "col_min", "row_max", "col_max")]
        assert tuple(box) == their.bbox
        assert (columns["centroid_row_px"][i], columns["centroid_col_px"][i]) == pytest.approx(
            their.centroid, rel=1e-12
        )
        assert columns["value_mean"][i] == pytest.approx(their.intensity_mean, rel=1e-12)
        assert (columns["value_min"][i], columns["value_max"][i]) == (their.intensity_min, their.intensity_max)
        assert columns["hole_count"][i] == 1 - their.euler_number
        padded = np.pad(their.image, 1)
        assert columns["filled_area_px"][i] == ndimage.binary_fill_holes(padded).sum()
        assert geometry.perimeter[i] == pytest.approx(skm.perimeter_crofton(padded, 4), abs=1e-9)
        r0, c0, r1, c1 = their.bbox
        assert columns["touches_border"][i] == (r0 == 0 or c0 == 0 or r1 == height or c1 == width)
        points = corners_of(labels == their.label)
        hull = ConvexHull(points)
        part = slice(regions.hull_start[i], regions.hull_start[i + 1])
        ours = list(zip(regions.hull_row[part].tolist(), regions.hull_col[part].tolist(), strict=True))
        assert sorted(ours) == sorted(map(tuple, points[hull.vertices].tolist()))
        assert geometry.hull_area[i] == pytest.approx(hull.volume, rel=1e-12)
        feret, width_across = longest(points.astype(float))
        assert geometry.feret_max[i] == pytest.approx(feret, rel=1e-12)
        assert geometry.width[i] == pytest.approx(width_across, rel=1e-9)
        assert geometry.feret_min[i] == pytest.approx(least_width(points), rel=1e-9)
        assert columns["solidity"][i] == pytest.approx(their.area / hull.volume, rel=1e-12)


@pytest.mark.parametrize("mask", RANDOM)
def test_random_masks_measure_as_with_scikit_image(mask, measure_mask):
    assert_same_as_scikit_image(mask, measure_mask(mask))


@settings(max_examples=60, deadline=None)
@given(mask=MASKS)
def test_any_mask_measures_as_with_scikit_image(mask, measure_mask):
    assert_same_as_scikit_image(mask, measure_mask(mask))


def ring(size: int, *parts: tuple[slice, slice, bool]) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    for rows, cols, value in parts:
        mask[rows, cols] = value
    return mask


ODD = {
    "full": np.ones((7, 9), bool),
    "1x1": np.ones((1, 1), bool),
    "1xN": np.array([[1, 1, 0, 1, 0, 0, 1, 1, 1]], bool),
    "Nx1": np.array([[1, 1, 0, 1, 0, 0, 1, 1, 1]], bool).T,
    "single pixels": (np.indices((9, 9)) % 3 == 1).all(axis=0),
    "falling diagonal": np.eye(6, dtype=bool),
    "rising diagonal": np.eye(6, dtype=bool)[::-1],
    "chequers": np.indices((8, 8)).sum(0) % 2 == 0,
    "island in a hole": ring(
        15,
        (slice(1, 14), slice(1, 14), True),
        (slice(3, 12), slice(3, 12), False),
        (slice(5, 10), slice(5, 10), True),
        (slice(6, 9), slice(6, 9), False),
        (slice(7, 8), slice(7, 8), True),
    ),
    "hole open at a corner": ring(6, (slice(1, 5), slice(1, 5), True), (slice(2, 4), slice(2, 4), False))
    & ~np.eye(6, dtype=bool),
    "hole at the border": ring(6, (slice(0, 6), slice(0, 6), True), (slice(0, 2), slice(2, 4), False)),
}  # fmt: skip


@pytest.mark.parametrize("mask", ODD.values(), ids=ODD.keys())
def test_odd_masks_measure_as_with_scikit_image(mask, measure_mask):
    assert_same_as_scikit_image(mask, measure_mask(mask))


def test_an_empty_mask_has_no_region_and_no_extent(measure_mask):
    analysis = measure_mask(np.zeros((6, 8), bool))
    totals = analysis.totals
    assert (len(analysis.regions), totals.region_count, totals.calcified_area_px) == (0, 0, 0)
    assert totals.largest_area_px is None
    assert totals.extent_length_px is None
    assert totals.calcified_fraction == 0
    assert all(len(column) == 0 for column in region_columns(analysis).values())


@settings(max_examples=40, deadline=None)
@given(mask=MASKS, sizes=st.tuples(st.floats(0.5, 4), st.floats(0.5, 4)))
def test_pixels_that_are_not_square_measure_as_scaled_corners(mask, sizes, measure_mask):
    row_um, col_um = sizes
    analysis = measure_mask(mask, Calibration(row_um, col_um, CalibrationSource.USER))
    columns = region_columns(analysis)
    labels = skm.label(mask, connectivity=2)
    for i in range(labels.max()):
        region = labels == i + 1
        points = corners_of(region) * np.array([row_um, col_um])
        feret, across = longest(points)
        assert columns["area_um2"][i] == pytest.approx(region.sum() * row_um * col_um, rel=1e-12)
        assert columns["feret_max_um"][i] == pytest.approx(feret, rel=1e-12)
        assert columns["width_um"][i] == pytest.approx(across, rel=1e-6)
        assert columns["feret_min_um"][i] == pytest.approx(least_width(points), rel=1e-9)
        assert columns["hull_area_um2"][i] == pytest.approx(ConvexHull(points).volume, rel=1e-9)


@pytest.mark.parametrize("mask", RANDOM[::5])
def test_angle_is_that_of_a_longest_diameter(mask, measure_mask):
    analysis = measure_mask(mask)
    labels = skm.label(mask, connectivity=2)
    geometry = geometry_of(analysis.regions, 1.0, 1.0)
    for i in range(len(analysis.regions)):
        points = corners_of(labels == i + 1).astype(float)
        angle = math.radians(geometry.feret_max_angle_deg[i])
        assert 0 <= geometry.feret_max_angle_deg[i] < 180
        # Counter-clockwise as seen: rows grow downwards.
        along = points @ np.array([-math.sin(angle), math.cos(angle)])
        assert np.ptp(along) == pytest.approx(geometry.feret_max[i], rel=1e-9)


def test_extent_is_that_of_all_regions_together(measure_mask):
    mask = blobs(3, 1.5, 0.1, (50, 70))
    totals = measure_mask(mask).totals
    length, across = longest(corners_of(mask).astype(float))
    assert totals.extent_length_px == pytest.approx(length, rel=1e-12)
    assert totals.extent_width_px == pytest.approx(across, rel=1e-9)
