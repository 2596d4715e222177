"""What batches meet in the field: slides that are still being copied, folders without one sound image, leftovers."""

import csv
import json
import os
import sys

import numpy as np
import pytest
import tifffile

from calcannot import measure
from calcannot.batch import one
from calcannot.model.recipe import Recipe

RECIPE = Recipe(name="dark", kind="histology", channel="value", threshold=100.0)


@pytest.fixture
def images(tmp_path):
    rgb = np.full((60, 80, 3), 240, np.uint8)
    rgb[10:20, 5:15] = 20
    (tmp_path / "in").mkdir()
    for name in "abc":
        tifffile.imwrite(tmp_path / f"in/{name}.tif", rgb, photometric="rgb")
    return tmp_path / "in"


def errors_in(folder) -> list[str]:
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        return [row["error"] for row in csv.DictReader(file)]


def append(path):
    with path.open("ab") as file:
        file.write(b"more")


def replace(path):
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


@pytest.mark.parametrize("change", [append, replace, os.remove], ids=lambda each: each.__name__)
@pytest.mark.parametrize("when", ["before it is measured", "after it is measured"])
@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_a_slide_that_changes_while_it_is_read_fails_alone(images, tmp_path, monkeypatch, change, when):
    analyse = one.analyse

    def copied_meanwhile(source, *rest, **options):
        mine = source.info.name == "b.tif"
        if mine and when.startswith("before"):
            change(images / "b.tif")
        found = analyse(source, *rest, **options)
        if mine and when.startswith("after"):
            change(images / "b.tif")
        return found

    monkeypatch.setattr(one, "analyse", copied_meanwhile)
    measure(images, RECIPE, output=tmp_path / "out", jobs=1)
    first, second, third = errors_in(tmp_path / "out")
    assert (first, third) == ("", "")
    assert second == (
        "b.tif: the file is not where it was when it was opened. Connect its drive again, or put it back."
        if change is os.remove
        else "b.tif: the file was changed while it was read. Wait until it is copied whole, then measure it again."
    )
    assert not (tmp_path / "out/masks/b.tif.ome.tif").exists()


def test_a_batch_of_nothing_but_bad_images_still_writes_its_tables(images, tmp_path, calcannot):
    for path in images.iterdir():
        path.write_bytes(path.read_bytes()[:200])
    ran = calcannot("measure", images, "-o", tmp_path / "out")
    assert ran.code == 1
    assert [line.split(": ")[1] for line in ran.err.splitlines()] == ["a.tif", "b.tif", "c.tif"]
    assert [each.split(":")[0] for each in errors_in(tmp_path / "out")] == ["a.tif", "b.tif", "c.tif"]
    record = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert [set(each) for each in record["images"]] == [{"image", "error"}] * 3
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"images.csv", "regions.csv", "run.json"}
    assert (tmp_path / "out/regions.csv").read_text(encoding="utf-8").count("\n") == 1


def test_half_written_files_of_a_killed_run_block_nothing_and_are_swept(images, tmp_path):
    left = [
        tmp_path / "out" / each for each in ("unfinished/.calcannot-a1.json", "unfinished/a.tif-x/.calcannot-b2.png")
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    (tmp_path / "out/unfinished/state.json").write_text('{"old_outputs": [], "run": "of yesterday"}', encoding="utf-8")
    for resume in (True, False):
        measure(images, RECIPE, output=tmp_path / "out", resume=resume)
        assert errors_in(tmp_path / "out") == ["", "", ""]
        assert not (tmp_path / "out/unfinished").exists()
        assert not list((tmp_path / "out").rglob(".calcannot-*"))
