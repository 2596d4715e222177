"""A tile that does not decode: it is named and fails the image, or is left out as if somebody had excluded it."""

import csv
import json

import numpy as np
import pytest
import tifffile

from calcannot import Annotations, analyse, load_recipe, measure, region_columns
from calcannot.errors import ImageReadError, TileError
from calcannot.io import open_image
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.recipe import Recipe

TILE = 64
RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=100.0, reference="tissue")


def picture(seed=5):
    """Noisy glass with tissue and dark squares, some of which lie across the seams of tiles."""
    rng = np.random.default_rng(seed)
    pixels = np.full((200, 330, 3), 238.0)
    pixels[20:180, 20:300] = (225, 150, 180)
    for row in range(25, 170, 24):
        for col in range(25, 290, 24):
            pixels[row : row + 12, col : col + 12] = (30, 28, 31)
    return np.clip(pixels + rng.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


def damage(path, *places):
    """Overwrite the bytes of tiles, given by row and column of the grid."""
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        across = -(-page.imagewidth // page.tilewidth)
        spans = [(page.dataoffsets[r * across + c], page.databytecounts[r * across + c]) for r, c in places]
    with path.open("r+b") as file:
        for start, count in spans:
            file.seek(start)
            file.write(b"\xa5" * count)


def excluded(*places):
    """What a person would draw over the same tiles."""
    strokes = []
    for r, c in places:
        top, left, bottom, right = r * TILE, c * TILE, min((r + 1) * TILE, 200), min((c + 1) * TILE, 330)
        ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
        strokes.append(Stroke(id=f"{r}-{c}", kind=StrokeKind.EXCLUDE, rings=(ring,), reason="other"))
    return Annotations(tuple(strokes))


@pytest.mark.parametrize("compression", ["jpeg", "zlib", "lzw", "jpeg2000"])
@pytest.mark.parametrize("recipe", [RECIPE, load_recipe("von-kossa")], ids=lambda each: each.name)
def test_left_out_tiles_are_like_those_that_a_person_excludes(tmp_path, compression, recipe):
    path, bad = tmp_path / "a.tif", [(1, 2), (3, 5)]
    tifffile.imwrite(path, picture(), tile=(TILE, TILE), photometric="rgb", compression=compression)
    with open_image(path) as source:
        truth = analyse(source, recipe, excluded(*bad))
    damage(path, *bad)
    with pytest.raises(TileError, match=r"the tile at row 64, column 128 (cannot|is cut)"), open_image(path) as source:
        analyse(source, recipe)
    (outcome,) = measure(path, recipe, skip_bad_tiles=True, workers=2)
    found = outcome.analysis
    assert truth.totals.region_count > 20
    assert found.totals == truth.totals
    assert found.resolved == truth.resolved
    for name, column in region_columns(truth).items():
        np.testing.assert_array_equal(region_columns(found)[name], column, err_msg=name)
    assert "2 of 24 tiles do not decode and are left out: row 64, column 128; row 192, column 320" in found.warnings


def test_the_slide_fails_alone_and_with_the_flag_lists_what_is_left_out(tmp_path, calcannot):
    (tmp_path / "in").mkdir()
    for name in ("good", "bad"):
        path = tmp_path / f"in/{name}.tif"
        tifffile.imwrite(path, picture(), tile=(TILE, TILE), photometric="rgb", compression="zlib")
    damage(tmp_path / "in/bad.tif", (0, 0), (1, 1))
    (tmp_path / "dark.json").write_text(json.dumps(RECIPE.to_dict()), encoding="utf-8")
    command = ("measure", tmp_path / "in", "-o", tmp_path / "out", "--recipe", tmp_path / "dark.json", "--resume")
    ran = calcannot(*command)
    assert ran.code == 1
    assert ran.err.startswith("calcannot: bad.tif: the tile at row 0, column 0 cannot be decoded")
    good = (tmp_path / "out/masks/good.tif.ome.tif").stat().st_mtime_ns
    ran = calcannot(*command, "--skip-bad-tiles")
    assert (ran.code, ran.err) == (0, "")
    assert "2 of 24 tiles do not decode and are left out: row 0, column 0; row 64, column 64" in " ".join(
        ran.out.split()
    )
    # What needs no tile left out is not measured again.
    assert (tmp_path / "out/masks/good.tif.ome.tif").stat().st_mtime_ns == good
    bad = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))["images"][0]
    assert [(each["reason"], each["box_px"]) for each in bad["excluded_by_image"]] == [
        ("bad tile", [0, 0, 64, 64]),
        ("bad tile", [64, 64, 128, 128]),
    ]
    # And a run without the flag does not take a result that lacks tiles.
    assert calcannot(*command).code == 1
    with (tmp_path / "out/images.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["calcified_area_px"]) for row in rows] == [False, True]


def test_the_reference_lacks_the_area_of_bad_tiles(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", picture(), tile=(TILE, TILE), photometric="rgb", compression="zlib")
    damage(tmp_path / "a.tif", (0, 5), (3, 5))
    whole = RECIPE.model_copy(update={"reference": "image"})
    (outcome,) = measure(tmp_path / "a.tif", whole, skip_bad_tiles=True)
    assert outcome.totals.reference_area_px == 200 * 330 - 64 * 10 - 8 * 10


def test_where_nothing_decodes_the_image_fails(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", picture(), tile=(256, 256), photometric="rgb", compression="zlib")
    damage(tmp_path / "a.tif", (0, 0), (0, 1))
    (outcome,) = measure(tmp_path / "a.tif", RECIPE, skip_bad_tiles=True)
    assert isinstance(outcome.error, ImageReadError)
    assert "none of its tiles decodes" in str(outcome.error)


def test_a_drive_that_goes_away_is_no_bad_tile(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", picture(), tile=(TILE, TILE), photometric="rgb", compression="zlib")

    def gone(self, offset, count):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("calcannot.io.byte_file.ByteFile.read_at", gone)
    (outcome,) = measure(tmp_path / "a.tif", RECIPE, skip_bad_tiles=True)
    assert not isinstance(outcome.error, TileError)
    assert "input/output error" in str(outcome.error)


def test_a_bad_strip_of_a_turned_picture_takes_no_more_than_its_rows(tmp_path):
    """Orientation 6: stored rows are columns from the right; strips of 8 rows, of which the third is damaged."""
    stored = np.full((40, 30, 3), 20, np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="rgb", compression="zlib", rowsperstrip=8,
        extratags=[(274, "H", 1, 6, True)],
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        start, count = tif.pages[0].dataoffsets[2], tif.pages[0].databytecounts[2]
    with (tmp_path / "a.tif").open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * count)
    (outcome,) = measure(tmp_path / "a.tif", RECIPE, skip_bad_tiles=True)
    assert outcome.totals.calcified_area_px == 30 * 32
    assert outcome.analysis.info.excluded[0].bounds() == (16, 0, 24, 30)
