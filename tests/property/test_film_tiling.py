"""Films: tiles and workers change no byte of what rises above a local background, and it is that of the whole film.

The reference is written with numpy, scipy, scikit-image and shapely over the whole film; of the measurement it takes
the numbers of the background only (``tests/unit/segment/test_background.py`` holds those).
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import ndimage
from skimage import measure as skm
from skimage import morphology

from calcannot import Annotations, ArraySource, Recipe, analyse
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.image import Modality
from calcannot.morphometry.columns import region_blocks
from calcannot.store.regions_writer import write_regions

SHAPE = (700, 661)
TILES = [(1024, 1024), (64, 64), (100, 97), (333, 240)]
CENTRES = ((250, 200), (500, 450))
BACKGROUND = {"rim": {"px": 14}, "k_sigma": 4.0, "peak_fraction": 0.2}
CLEANUP = {"fill_holes_up_to": {"px": 25}, "open_radius": {"px": 2}, "minimum_area": {"px": 30}}


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """Two lesions with septa, holes and single grains on a bent background, on both sides of all seams."""
    rng = np.random.default_rng(8)
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    level = 9000 + 4 * rows - 3 * cols + 0.01 * (rows - 350) ** 2 + 0.004 * rows * cols
    texture = ndimage.gaussian_filter(rng.normal(size=SHAPE), 4)
    for row, col in CENTRES:
        away = np.hypot(rows - row, cols - col)
        level += 900 * ((away < 75) & (texture > -0.4 * texture.std())) * (1 - away / 150)
    blurred = ndimage.gaussian_filter(level, 1.2)
    return np.clip(blurred + rng.normal(0, 40, SHAPE), 0, 65535).astype(np.uint16)


def ring(row: float, col: float, radius: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 23, endpoint=False)
    reach = radius * rng.uniform(0.85, 1, angle.size)
    return np.stack([col + reach * np.cos(angle), row + reach * np.sin(angle)], axis=1) + 0.123


def stroke(kind: StrokeKind, row: float, col: float, radius: float) -> Stroke:
    return Stroke(id=f"{kind}-{row}-{col}", kind=kind, rings=(ring(row, col, radius, int(row)),))


LESIONS = tuple(stroke(StrokeKind.REGION, row, col, 130) for row, col in CENTRES)
CLICKS = tuple(stroke(StrokeKind.REGION, row, col, 12) for row, col in CENTRES)
CORRECTIONS = (
    stroke(StrokeKind.EXCLUDE, 256, 310, 30),
    stroke(StrokeKind.EXCLUDE, 520, 512, 20),
    stroke(StrokeKind.ADD, 192, 128, 14),
    stroke(StrokeKind.ERASE, 256, 195, 16),
    stroke(StrokeKind.REJECT, 512, 430, 9),
)
CASES = {
    "local background": ({"background": BACKGROUND}, LESIONS),
    "smoothed": ({"background": BACKGROUND, "smoothing": {"px": 2.3}}, LESIONS),
    "smoothed, cleaned": (
        {"background": BACKGROUND, "smoothing": {"px": 1.1}, "cleanup": CLEANUP},
        LESIONS,
    ),
    "smoothed, cleaned, corrected": (
        {"background": BACKGROUND, "smoothing": {"px": 1.4}, "cleanup": CLEANUP},
        LESIONS + CORRECTIONS,
    ),
    "its own edge": ({"background": BACKGROUND | {"edge_blur": {"px": 1.5}}, "smoothing": {"px": 2}}, LESIONS),
    "clefts": (
        {"background": BACKGROUND | {"cleft_width": {"px": 12}, "edge_blur": {"px": 1.5}}, "smoothing": {"px": 2}},
        LESIONS,
    ),
    "clicked": ({"background": BACKGROUND | {"seed_reach": {"px": 120}}, "smoothing": {"px": 2}}, CLICKS),
    "less the other side": (
        {"background": BACKGROUND | {"mirror": {"px": 15}}, "smoothing": {"px": 2}, "cleanup": CLEANUP},
        LESIONS,
    ),
    "top-hat": (
        {
            "threshold": "yen", "smoothing": {"px": 1}, "cleanup": CLEANUP,
            "local_contrast": {"method": "top-hat", "width": {"px": 31}, "grow_to": 0.6},
        },
        LESIONS + CORRECTIONS,
    ),
    "adaptive": (
        {"threshold": 90.0, "cleanup": CLEANUP, "local_contrast": {"method": "adaptive", "width": {"px": 61}}},
        LESIONS,
    ),
}  # fmt: skip


def raster(stroke: Stroke) -> np.ndarray:
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return shapely.contains_xy(shapely.Polygon(stroke.rings[0]), cols, rows)


def whole_film(film: np.ndarray, recipe: Recipe, strokes: tuple[Stroke, ...], surfaces, widen: float) -> np.ndarray:
    """Mask of the measurement, step by step over the whole film."""
    mineral, core = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    inside = {each.id: raster(each) for each in strokes}
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    for surface in surfaces:
        region = inside[surface.region]
        smooth = ndimage.gaussian_filter(film.astype(float), surface.smoothing_sigma_px, mode="nearest")
        y, x = (rows - surface.centre_row) / surface.scale, (cols - surface.centre_col) / surface.scale
        terms = (np.ones(SHAPE), y, x, y * y, x * y, x * x)
        risen = smooth - sum(c * term for c, term in zip(surface.coefficients, terms, strict=True))
        mineral |= region & (risen > surface.threshold - widen * surface.sigma)
        deep = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1] > recipe.background.rim.px
        core |= region & deep & (risen > surface.core)
    if recipe.cleanup.fill_holes_up_to:
        gaps = skm.label(np.pad(~mineral, 1, constant_values=True), connectivity=1)
        mineral |= (np.bincount(gaps.ravel()) <= recipe.cleanup.fill_holes_up_to.px)[gaps][1:-1, 1:-1]
    if recipe.cleanup.open_radius:
        mineral = ndimage.binary_opening(mineral, morphology.disk(int(recipe.cleanup.open_radius.px)))
    added = np.zeros(SHAPE, bool)
    for each in strokes:
        if each.kind is StrokeKind.ADD:
            mineral |= inside[each.id]
            added |= inside[each.id]
        elif each.kind is StrokeKind.ERASE:
            mineral &= ~inside[each.id]
            added &= ~inside[each.id]
    mineral &= np.any([inside[each.id] for each in strokes if each.kind is StrokeKind.REGION], axis=0)
    for each in strokes:
        if each.kind is StrokeKind.EXCLUDE:
            mineral &= ~inside[each.id]
    labels = skm.label(mineral, connectivity=2)
    least = recipe.cleanup.minimum_area.px if recipe.cleanup.minimum_area else 0
    keep = np.bincount(labels.ravel()) >= least
    keep &= np.isin(np.arange(keep.size), labels[core & mineral])
    keep[np.unique(labels[added & mineral])] = True
    for each in strokes:
        if each.kind is StrokeKind.REJECT:
            keep[np.unique(labels[inside[each.id]])] = False
    keep[0] = False
    return keep[labels]


def recipe_of(name: str) -> Recipe:
    given = {"name": "x", "kind": "radiograph", "channel": "intensity", "mineral": "bright", "reference": "roi"}
    return Recipe.model_validate(given | CASES[name][0])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_tiles_and_workers_change_no_byte_above_a_local_background(name, film, tmp_path):
    recipe, strokes = recipe_of(name), CASES[name][1]
    found = set()
    for number, tile in enumerate(TILES):
        source = ArraySource(film, name="x", modality=Modality.RADIOGRAPH, tile=tile)
        analysis = analyse(source, recipe, Annotations(strokes), workers=1 + number % 4)
        write_regions(tmp_path / "regions.csv", "x", region_blocks(analysis))
        found.add(((tmp_path / "regions.csv").read_bytes(), repr(analysis.totals), repr(analysis.resolved)))
    assert len(found) == 1
    assert analysis.totals.region_count > 1
    background = recipe.background
    if background is None or background.seed_reach or background.mirror or background.cleft_width:
        return
    surfaces = analysis.resolved.surfaces
    assert len(surfaces) == 2
    mask = whole_film(film, recipe, strokes, surfaces, 0)
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, *SHAPE), mask)
    assert analysis.totals.calcified_area_px == mask.sum()
    low, high = (int(whole_film(film, recipe, strokes, surfaces, widen).sum()) for widen in (-1, 1))
    assert (analysis.totals.area_low_px, analysis.totals.area_high_px) == (low, high)
