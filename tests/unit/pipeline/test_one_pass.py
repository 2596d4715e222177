"""Deciding pixels that were kept gives what decoding them twice gives; and tiles are decoded once."""

from __future__ import annotations

from collections import Counter

import imagecodecs
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from calcannot import ArraySource, Recipe, analyse, region_columns
from calcannot.io import open_image
from calcannot.io.jpeg_planes import load_library
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.pipeline import one_pass
from calcannot.pipeline.drawn_boxes import DrawnBoxes
from calcannot.pipeline.expected_levels import SAMPLE

SIZE = (700, 1100)
LOOK_AT_TILES = one_pass.ByteCounter.look_at_tiles


@pytest.fixture(scope="module")
def section() -> np.ndarray:
    """Noisy glass, pink tissue, dark grains of all sizes; cut by every seam."""
    rng = np.random.default_rng(11)
    pixels = np.empty((*SIZE, 3))
    pixels[:] = (243, 241, 244)
    pixels[100:600, 130:900] = (236, 190, 205)
    grains = ndimage.gaussian_filter(rng.normal(size=SIZE), 3)
    pixels[100:600, 130:900][(grains > 0.16)[100:600, 130:900]] = (30, 28, 31)
    pixels = ndimage.gaussian_filter(pixels, (1, 1, 0)) + rng.normal(0, 2, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


class Counted(ArraySource):
    def _read(self, row, col, height, width, level=0):
        self.__dict__.setdefault("reads", Counter())[row, col] += 1
        return super()._read(row, col, height, width, level)


def histology(**fields) -> Recipe:
    return Recipe.model_validate({"name": "x", "kind": "histology", "reference": "tissue"} | fields)


RULES = {
    "valley": {"channel": "value", "threshold": "valley", "core": 0.67, "gate": {"contrast": 0.5}},
    "otsu of red": {"channel": "red", "threshold": "otsu", "cleanup": {"minimum_area": {"px": 8}}},
    "bright otsu": {"channel": "green", "threshold": "otsu", "mineral": "bright", "reference": "image"},
    "a number": {"channel": "minimum", "threshold": 100.0},
    "a range": {"channel": "blue", "threshold": {"low": 60, "high": 120}},
    "none": {"channel": "value", "threshold": "valley", "gate": {"contrast": 0.99}},
    "bright, of tissue": {"channel": "minimum", "threshold": 190.0, "mineral": "bright"},
}


def all_of(analysis):
    columns = region_columns(analysis)
    rows = [np.asarray(each).tobytes() for each in columns.values()]
    runs = analysis.runs
    return rows, runs.start.tobytes(), runs.stop.tobytes(), runs.region.tobytes(), analysis.totals, analysis.resolved


def ellipse(kind: StrokeKind, number: int, x: float, y: float, across: float, down: float) -> Stroke:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return Stroke(f"s{number}", kind, (np.stack([x + across * np.cos(turn), y + down * np.sin(turn)], axis=1),))


CORRECTIONS = (
    ellipse(StrokeKind.ADD, 1, 300, 250, 40, 30),
    ellipse(StrokeKind.ERASE, 2, 480, 260, 60, 25),
    ellipse(StrokeKind.REJECT, 3, 610, 420, 12, 12),
    ellipse(StrokeKind.ADD, 4, 1000, 50, 9, 9),
)
DRAWN = {
    "nothing": (),
    "corrections": CORRECTIONS,
    "a region": (ellipse(StrokeKind.REGION, 5, 500, 350, 290, 210),),
    "regions, exclusions and corrections": (
        ellipse(StrokeKind.REGION, 5, 450, 350, 260, 190),
        ellipse(StrokeKind.REGION, 6, 820, 480, 50, 60),
        ellipse(StrokeKind.EXCLUDE, 7, 400, 350, 90, 80),
        *CORRECTIONS,
    ),
}


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("tile", [(64, 64), (61, 200), (700, 1100)])
@pytest.mark.parametrize("name", RULES)
def test_one_pass_gives_what_two_give(name, tile, drawn, section, monkeypatch):
    recipe, strokes = histology(**RULES[name]), Annotations(DRAWN[drawn])
    once = analyse(ArraySource(section, name="x", tile=tile), recipe, strokes, workers=2)
    monkeypatch.setattr("calcannot.pipeline.analyse.look_once", lambda *_: None)
    twice = analyse(ArraySource(section, name="x", tile=tile), recipe, strokes, workers=2)
    assert all_of(once) == all_of(twice)
    assert once.warnings == twice.warnings
    added = any(stroke.kind is StrokeKind.ADD for stroke in strokes.strokes)
    assert (once.totals.region_count > 0) == (name != "none" or added)


def test_only_tiles_that_strokes_part_are_decoded_again(section):
    source = Counted(section, name="x", tile=(20, 25))
    region = ellipse(StrokeKind.REGION, 5, 500, 350, 290, 210)
    strokes = Annotations((region, *CORRECTIONS))
    analyse(source, histology(**RULES["valley"]), strokes, workers=2)
    drawn_on = DrawnBoxes(source.info, strokes).drawn_on
    again = {place for place, count in source.reads.items() if count > 1}
    assert len(source.reads) < 0.4 * 35 * 44
    assert 0 < len(drawn_on) < len(source.reads) / 3 and drawn_on <= again
    assert len(again - drawn_on) < 2 * SAMPLE


def test_a_tile_is_decoded_once_but_for_the_sample(section):
    source = Counted(section, name="x", tile=(20, 25))
    analyse(source, histology(**RULES["valley"]), workers=2)
    tiles = 35 * 44
    assert len(source.reads) == tiles
    assert source.reads.total() <= tiles + 2 * SAMPLE


def test_pixels_that_find_no_memory_are_decoded_again_and_the_others_are_not(section, monkeypatch):
    recipe = histology(**RULES["valley"])
    whole = analyse(ArraySource(section, name="x", tile=(100, 100)), recipe)
    monkeypatch.setattr(one_pass, "KEPT_BYTES", 20_000)
    source = Counted(section, name="x", tile=(100, 100))
    assert all_of(analyse(source, recipe)) == all_of(whole)
    again = [place for place, count in source.reads.items() if count > 1]
    glass = [(row, col) for row, col in source.reads if row >= 600 or col >= 900]
    assert len(again) > SAMPLE
    assert sum(place in again for place in glass) <= SAMPLE


def test_a_threshold_outside_of_what_was_expected_is_applied_all_the_same(section, monkeypatch):
    recipe = histology(**RULES["valley"])
    whole = analyse(ArraySource(section, name="x", tile=(100, 100)), recipe)
    monkeypatch.setattr(one_pass, "expected_levels", lambda *_: (0, 40))
    source = Counted(section, name="x", tile=(100, 100))
    assert all_of(analyse(source, recipe)) == all_of(whole)
    assert min(source.reads.values()) == 2


def test_mineral_in_a_corner_that_no_sample_sees_is_found(monkeypatch):
    pixels = np.full((1000, 1000, 3), 244, np.uint8)
    pixels[200:400, 200:400] = (230, 150, 170)
    pixels[980:, 960:] = 20
    recipe = histology(channel="value", threshold="valley")
    source = Counted(pixels, name="x", tile=(20, 20))
    analysis = analyse(source, recipe)
    assert analysis.totals.calcified_area_px == 800
    assert source.reads.total() <= 2500 + SAMPLE + 40


def as_slide(path, pixels, tile, *, spoilt=()):
    """JPEG tiles with halved chroma; spoilt ones have bytes after their end of scan, which decoders remark upon."""
    streams = []
    for row in range(0, pixels.shape[0], tile):
        for col in range(0, pixels.shape[1], tile):
            part = pixels[row : row + tile, col : col + tile]
            whole = np.pad(part, ((0, tile - part.shape[0]), (0, tile - part.shape[1]), (0, 0)), "edge")
            stream = imagecodecs.jpeg8_encode(whole, level=85, subsampling="420")
            streams.append(stream[:-2] + bytes(9) + stream[-2:] if len(streams) in spoilt else stream)
    tifffile.imwrite(
        path, iter(streams), shape=pixels.shape, dtype="uint8", tile=(tile, tile), compression="jpeg",
        photometric="ycbcr", subsampling=(2, 2), metadata=None,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("tile", [64, 112, 256])
@pytest.mark.parametrize("name", RULES)
def test_tiles_looked_at_as_they_are_stored_give_what_their_pixels_give(name, tile, section, tmp_path, monkeypatch):
    recipe, strokes = histology(**RULES[name]), Annotations(DRAWN["regions, exclusions and corrections"])
    path = as_slide(tmp_path / "a.tif", section, tile, spoilt=(0, 7, 11))
    looked = Counter()

    def look_at_tiles(self, tiles, *, keep):
        found, kept = LOOK_AT_TILES(self, tiles, keep=keep)
        looked.update(found)
        return found, kept

    monkeypatch.setattr(one_pass.ByteCounter, "look_at_tiles", look_at_tiles)

    def measured(strokes):
        with open_image(path) as source:
            return all_of(analyse(source, recipe, strokes, workers=2))

    stored = measured(None), measured(strokes)
    if load_library() is not None:
        assert looked[0] + looked[1] > looked[-1] > 0
    monkeypatch.setattr("calcannot.io.jpeg_planes.load_library", lambda: None)
    looked.clear()
    assert (measured(None), measured(strokes)) == stored
    assert not looked
    with open_image(path) as source:
        pixels = source.read(0, 0, *SIZE)
    assert all_of(analyse(ArraySource(pixels, name="a.tif", tile=(90, 70)), recipe))[:-1] == stored[0][:-1]
