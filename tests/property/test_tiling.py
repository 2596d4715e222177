"""Tiles, workers and their order change no byte, and the result is that of the whole image at once.

The reference below is written with numpy, scipy, scikit-image and shapely over the whole image.
"""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
import shapely
from scipy import ndimage
from skimage import color, filters, morphology
from skimage import measure as skm

from calcannot import Annotations, ArraySource, Recipe, analyse, region_columns
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.image import Modality
from calcannot.segment.allowed import AllowedArea, Corrections
from calcannot.segment.window import WindowClassifier
from calcannot.store.regions_writer import write_regions

SHAPE = (1150, 1111)
TILES = [(256, 256), (16, 16), (300, 300), (64, 240), (97, 131), (1150, 1111)]


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Grains and masses of many sizes with holes, across every seam."""
    rng = np.random.default_rng(42)
    fine, coarse = (ndimage.gaussian_filter(rng.normal(size=SHAPE), sigma) for sigma in (2, 9))
    mixed = fine / fine.std() + coarse / coarse.std()
    return np.clip(100 + 35 * mixed + rng.normal(0, 4, SHAPE), 0, 255).astype(np.uint8)


def blob(number: int, row: float, col: float, radius: float) -> np.ndarray:
    rng = np.random.default_rng(number)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 17))
    reach = radius * rng.uniform(0.6, 1, angle.size)
    return np.stack([col + reach * np.cos(angle), row + reach * np.sin(angle)], axis=1) + 0.123


def stroke(kind: StrokeKind, number: int, row: float, col: float, radius: float, hole: float = 0) -> Stroke:
    rings = [blob(number, row, col, radius)]
    if hole:
        rings.append(blob(number + 1000, row, col, hole))
    return Stroke(id=f"{kind}-{number}", kind=kind, rings=tuple(rings))


DRAWN = Annotations(
    (
        stroke(StrokeKind.REGION, 1, 500, 560, 520, hole=60),
        stroke(StrokeKind.REGION, 2, 1020, 900, 200),
        stroke(StrokeKind.EXCLUDE, 3, 512, 1020, 90),
        stroke(StrokeKind.EXCLUDE, 4, 300, 300, 60),
        stroke(StrokeKind.ADD, 5, 511, 600, 70),
        stroke(StrokeKind.ERASE, 6, 530, 620, 40),
        stroke(StrokeKind.ADD, 7, 535, 615, 12),
        stroke(StrokeKind.ADD, 8, 300, 320, 45),
        stroke(StrokeKind.ERASE, 9, 800, 400, 60),
        stroke(StrokeKind.REJECT, 10, 700, 800, 15),
        stroke(StrokeKind.REJECT, 11, 512, 400, 30),
    )
)
CASES = {
    "number": ({"threshold": 132.0}, None),
    "otsu": ({"threshold": "otsu"}, None),
    "smoothed": ({"threshold": "otsu", "smoothing": {"px": 2.3}}, None),
    "dark, holes filled": (
        {"threshold": 72.0, "mineral": "dark", "cleanup": {"fill_holes_up_to": {"px": 45}}},
        None,
    ),
    "cleaned": (
        {
            "threshold": 120.0,
            "smoothing": {"px": 1.1},
            "cleanup": {"fill_holes_up_to": {"px": 30}, "open_radius": {"px": 3}, "minimum_area": {"px": 60}},
        },
        None,
    ),
    "drawn": ({"threshold": 128.0, "cleanup": {"minimum_area": {"px": 20}}}, DRAWN),
    "drawn and cleaned": (
        {
            "threshold": "li",
            "smoothing": {"px": 0.8},
            "reference": "roi",
            "cleanup": {"fill_holes_up_to": {"px": 25}, "open_radius": {"px": 2}, "minimum_area": {"px": 40}},
        },
        DRAWN,
    ),
}


def recipe_of(name: str) -> Recipe:
    given = {"name": "x", "kind": "radiograph", "channel": "intensity", "mineral": "bright"} | CASES[name][0]
    return Recipe.model_validate(given)


def raster(stroke: Stroke) -> np.ndarray:
    polygon = shapely.Polygon(stroke.rings[0], list(stroke.rings[1:]))
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return shapely.contains_xy(polygon, cols, rows)


def whole_image(pixels: np.ndarray, recipe: Recipe, drawn: Annotations | None) -> dict[str, object]:
    """The same measurement, step by step over the whole image."""
    strokes = drawn.strokes if drawn else ()
    regions = [raster(each) for each in strokes if each.kind is StrokeKind.REGION]
    allowed = np.any(regions, axis=0) if regions else np.ones(SHAPE, bool)
    for each in strokes:
        if each.kind is StrokeKind.EXCLUDE:
            allowed &= ~raster(each)
    if recipe.smoothing:
        smooth = ndimage.gaussian_filter(pixels.astype(float), recipe.smoothing.px, mode="nearest")
        pixels = np.rint(smooth).astype(np.uint8)
    threshold = recipe.threshold
    if isinstance(threshold, str):
        threshold = {"otsu": filters.threshold_otsu, "li": filters.threshold_li}[threshold](pixels[allowed])
    added, touched = np.zeros(SHAPE, bool), {id(each): raster(each) for each in strokes}

    def decided(level: float) -> np.ndarray:
        mask = pixels <= level if recipe.mineral == "dark" else pixels > level
        cleanup = recipe.cleanup
        if cleanup.fill_holes_up_to:
            gaps = skm.label(~mask, connectivity=1)
            for gap in skm.regionprops(gaps):
                r0, c0, r1, c1 = gap.bbox
                at_border = r0 == 0 or c0 == 0 or r1 == SHAPE[0] or c1 == SHAPE[1]
                if gap.area <= cleanup.fill_holes_up_to.px and not at_border:
                    mask[gaps == gap.label] = True
        if cleanup.open_radius:
            radius = int(cleanup.open_radius.px)
            wide = np.pad(mask, 2 * radius, mode="edge")
            mask = ndimage.binary_opening(wide, morphology.disk(radius))[
                2 * radius : -2 * radius, 2 * radius : -2 * radius
            ]
        for each in strokes:
            if each.kind is StrokeKind.ADD:
                mask = mask | touched[id(each)]
                added[touched[id(each)]] = True
            elif each.kind is StrokeKind.ERASE:
                mask = mask & ~touched[id(each)]
                added[touched[id(each)]] = False
        mask = mask & allowed
        labels = skm.label(mask, connectivity=2)
        areas = np.bincount(labels.ravel())
        keep = areas >= (cleanup.minimum_area.px if cleanup.minimum_area else 0)
        keep[np.unique(labels[added & mask])] = True
        for each in strokes:
            if each.kind is StrokeKind.REJECT:
                keep[np.unique(labels[touched[id(each)]])] = False
        keep[0] = False
        return keep[labels]

    mask = decided(threshold)
    step = -10 if recipe.mineral == "bright" else 10
    return {
        "mask": mask,
        "low": int(decided(threshold - step).sum()),
        "high": int(decided(threshold + step).sum()),
        "reference": int(allowed.sum()) if recipe.reference == "roi" else mask.size,
        "threshold": float(threshold),
        "allowed": allowed,
    }


def table(analysis, folder) -> bytes:
    write_regions(folder / "regions.csv", "x", [region_columns(analysis)])
    return (folder / "regions.csv").read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_tiles_and_workers_change_no_byte_and_the_result_is_the_whole_image_s(name, pixels, tmp_path):
    recipe, drawn = recipe_of(name), CASES[name][1]
    expected = whole_image(pixels, recipe, drawn)
    tables = set()
    for number, tile in enumerate(TILES):
        source = ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH, tile=tile)
        analysis = analyse(source, recipe, drawn, workers=1 + number % 4)
        tables.add((table(analysis, tmp_path), repr(analysis.totals), repr(analysis.resolved)))
    assert len(tables) == 1
    mask = expected["mask"]
    assert 0.01 < mask.mean() < 0.7
    assert analysis.resolved.threshold == pytest.approx(expected["threshold"], rel=1e-12)
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, *SHAPE), mask)
    totals = analysis.totals
    assert totals.calcified_area_px == mask.sum()
    assert (totals.area_low_px, totals.area_high_px) == (expected["low"], expected["high"])
    assert totals.reference_area_px == expected["reference"]
    labels = skm.label(mask, connectivity=2)
    assert totals.region_count == labels.max()
    # Touching the border: of the image, or of what was drawn.
    outside = ~np.pad(expected["allowed"], 1)
    near = ndimage.binary_dilation(outside, np.ones((3, 3), bool))[1:-1, 1:-1]
    flagged = np.unique(labels[near & mask])
    assert (np.flatnonzero(analysis.regions.touches_border) + 1).tolist() == flagged[flagged > 0].tolist()


def test_tiles_that_arrive_out_of_order_change_no_byte(pixels, tmp_path):
    class Late(ArraySource):
        def _read(self, *box):
            time.sleep(random.random() / 200)
            return super()._read(*box)

    recipe = recipe_of("cleaned")
    plain = analyse(ArraySource(pixels, name="x", modality=Modality.RADIOGRAPH), recipe, workers=1)
    late = analyse(Late(pixels, name="x", modality=Modality.RADIOGRAPH, tile=(128, 100)), recipe, workers=4)
    assert table(late, tmp_path) == table(plain, tmp_path)
    assert late.totals == plain.totals


@pytest.mark.parametrize("workers", [1, 3])
def test_colour_is_tiled_alike(workers, tmp_path):
    from calcannot import load_recipe
    from calcannot.phantom.histology import render_histology
    from calcannot.phantom.histology_spec import HistologySpec

    rgb = render_histology(HistologySpec(size_px=(560, 1100)), 3).rgb
    tables = {
        table(analyse(ArraySource(rgb, name="x", tile=tile), load_recipe("von-kossa"), workers=workers), tmp_path)
        for tile in ((256, 256), (48, 80), (560, 1100))
    }
    assert len(tables) == 1
    assert tables.pop().count(b"\n") > 5


COLOUR_RULES = {
    "dark": {"channel": "value", "threshold": 90.0},
    "bright": {"channel": "minimum", "mineral": "bright", "threshold": 150.0},
    "range": {"channel": "green", "threshold": {"low": 90, "high": 110}},
    "both ends": {
        "channel": "value",
        "threshold": 80.0,
        "or": [{"channel": "red", "mineral": "bright", "threshold": 180}],
    },
    "nothing": {"channel": "value", "threshold": 0.0},
    "everything": {"channel": "value", "threshold": 255.0},
    "grey, otsu": {"channel": "grey", "threshold": "otsu"},
    "cleaned": {
        "channel": "red",
        "threshold": 95.0,
        "cleanup": {"fill_holes_up_to": {"px": 20}, "open_radius": {"px": 1}},
    },
}


@pytest.fixture(scope="module")
def colours() -> np.ndarray:
    rng = np.random.default_rng(7)
    planes = [ndimage.gaussian_filter(rng.normal(size=(620, 1090)), sigma) for sigma in (1, 3, 6)]
    mixed = np.stack([planes[0] / planes[0].std() + each / each.std() for each in planes], -1)
    return np.clip(120 + 22 * mixed, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("drawn", [False, True], ids=["alone", "drawn"])
@pytest.mark.parametrize("name", COLOUR_RULES)
def test_colour_of_any_tiling_is_the_whole_image_s(name, drawn, colours, tmp_path):
    rule = COLOUR_RULES[name]
    recipe = Recipe.model_validate({"name": "x", "kind": "histology"} | rule)
    ring = blob(5, 310, 500, 330)
    strokes = Annotations((Stroke("r", StrokeKind.REGION, (ring,)),) if drawn else ())
    tables = set()
    for number, tile in enumerate([(256, 256), (33, 71), (620, 1090), (1, 1090)]):
        analysis = analyse(ArraySource(colours, name="x", tile=tile), recipe, strokes, workers=1 + number)
        tables.add((table(analysis, tmp_path), repr(analysis.totals)))
    assert len(tables) == 1
    rows, cols = np.mgrid[:620, :1090] + 0.5
    allowed = shapely.contains_xy(shapely.Polygon(ring), cols, rows) if drawn else np.ones(rows.shape, bool)
    red, green = (colours[..., i].astype(int) for i in range(2))
    grey = color.rgb2gray(colours) * 255
    expected = {
        "dark": lambda: colours.max(-1) <= 90,
        "bright": lambda: colours.min(-1) > 150,
        "range": lambda: (green >= 90) & (green <= 110),
        "both ends": lambda: (colours.max(-1) <= 80) | (red > 180),
        "nothing": lambda: colours.max(-1) <= 0,
        "everything": lambda: np.ones(red.shape, bool),
        "grey, otsu": lambda: grey <= filters.threshold_otsu(grey[allowed]),
        "cleaned": lambda: opened(filled(red <= 95, 20)),
    }[name]()
    np.testing.assert_array_equal(analysis.runs.mask(0, 0, 620, 1090), expected & allowed)
    labels = skm.label(expected & allowed, connectivity=2)
    assert analysis.totals.region_count == labels.max()
    channel = {"dark": colours.max(-1), "both ends": colours.max(-1), "bright": colours.min(-1), "range": green}.get(
        name
    )
    if channel is not None:
        columns = region_columns(analysis)
        numbers = np.arange(1, labels.max() + 1)
        np.testing.assert_array_equal(columns["value_min"], ndimage.minimum(channel, labels, numbers))
        np.testing.assert_array_equal(columns["value_max"], ndimage.maximum(channel, labels, numbers))
        np.testing.assert_allclose(columns["value_mean"], ndimage.mean(channel, labels, numbers), rtol=1e-12)


def filled(mask: np.ndarray, largest: int) -> np.ndarray:
    """Without the small holes; those that reach the border are no holes."""
    gaps = skm.label(np.pad(~mask, 1, constant_values=True), connectivity=1)
    return (np.bincount(gaps.ravel()) <= largest)[gaps][1:-1, 1:-1] | mask


def opened(mask: np.ndarray) -> np.ndarray:
    wide = np.pad(mask, 2, mode="edge")
    return ndimage.binary_opening(wide, morphology.disk(1))[2:-2, 2:-2]


@pytest.mark.parametrize("channel", ["value", "lightness"])
def test_boxes_without_strokes_are_decided_by_colour_as_with_them(pixels, channel, monkeypatch):
    rgb = np.repeat(pixels[:700, :700, None], 3, axis=2) // np.array([1, 2, 1], np.uint8)
    drawn = Annotations(
        (
            stroke(StrokeKind.ADD, 1, 255, 300, 40),
            stroke(StrokeKind.ERASE, 2, 300, 310, 30),
            stroke(StrokeKind.EXCLUDE, 3, 128, 128, 62),  # ends within a pixel of its tile
            stroke(StrokeKind.REJECT, 4, 600, 100, 20),
        )
    )
    recipe = Recipe(name="x", kind="histology", channel=channel, mineral="dark", threshold=45.0, reference="tissue")
    source = ArraySource(rgb, name="x", tile=(64, 64))
    corrected = []

    def spy(self, *box):
        corrected.append(touch(self, *box))
        return corrected[-1]

    touch = Corrections.touch
    monkeypatch.setattr(WindowClassifier, "_needs_tables", True)
    monkeypatch.setattr(Corrections, "touch", spy)
    monkeypatch.setattr("calcannot.pipeline.analyse.look_once", lambda *_: None)
    fast = analyse(source, recipe, drawn)
    assert 0 < sum(corrected) < len(corrected) / 2
    monkeypatch.setattr(Corrections, "touch", lambda *_: True)
    monkeypatch.setattr(AllowedArea, "covers", lambda *_: None)
    slow = analyse(source, recipe, drawn)
    assert fast.totals == slow.totals and fast.totals.region_count > 20
    for name, column in region_columns(slow).items():
        np.testing.assert_array_equal(region_columns(fast)[name], column)


@pytest.mark.parametrize(("channel", "threshold"), [("value", "otsu"), ("lightness", 45.0), ("smoothed", 60.0)])
def test_only_tiles_of_a_region_of_interest_are_read(pixels, channel, threshold, monkeypatch):
    rgb = np.repeat(pixels[:700, :700, None], 3, axis=2) // np.array([1, 2, 1], np.uint8)
    drawn = Annotations(
        (
            stroke(StrokeKind.REGION, 1, 250, 300, 160),
            stroke(StrokeKind.REGION, 2, 520, 520, 60),
            stroke(StrokeKind.EXCLUDE, 3, 250, 300, 70),
        )
    )
    smoothing = {"px": 1.0} if channel == "smoothed" else None
    recipe = Recipe(
        name="x", kind="histology", channel="value" if smoothing else channel, mineral="dark", threshold=threshold,
        reference="tissue", smoothing=smoothing,
    )  # fmt: skip
    source = ArraySource(rgb, name="x", tile=(32, 32))
    read = []

    def spy(row, col, height, width, level=0):
        read.append(height * width)
        return read_box(row, col, height, width, level)

    read_box = source.read
    monkeypatch.setattr(WindowClassifier, "_needs_tables", True)
    monkeypatch.setattr(source, "read", spy)
    few = analyse(source, recipe, drawn)
    of_region, _ = sum(read), read.clear()
    monkeypatch.setattr(AllowedArea, "covers", lambda *_: None)
    whole = analyse(source, recipe, drawn)
    # Of 490,000 pixels 91,700 are in the regions; boxes whose surroundings are read are too large to leave one out.
    assert of_region <= (sum(read) if smoothing else 0.4 * sum(read))
    assert few.totals == whole.totals and few.totals.region_count > 5
    for name, column in region_columns(whole).items():
        np.testing.assert_array_equal(region_columns(few)[name], column)
