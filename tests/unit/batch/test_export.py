"""Every format from results and from cases: where files go, what is refused, and what a file says of its origin."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from pyarrow import csv, parquet

import calcannot
from calcannot.batch.export import FORMATS, export
from calcannot.errors import OutputError, ResultsError


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two measured pictures, one of them blank."""
    folder = tmp_path_factory.mktemp("export") / "Smith"
    folder.mkdir()
    pixels = np.full((60, 80, 3), 230, np.uint8)
    pixels[10:40, 10:50] = 20
    pixels[20:30, 20:30] = 230
    pixels[40, 50] = 20
    tifffile.imwrite(folder / "a.tif", pixels)
    tifffile.imwrite(folder / "blank.tif", np.full_like(pixels, 230))
    recipe = calcannot.Recipe(name="dark", kind="histology", channel="value", threshold=100.0)
    calcannot.measure([folder / "a.tif", folder / "blank.tif"], recipe, output=folder / "study", pixel_size="0.5um")
    return folder / "study"


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if not each.refers])
def test_every_format_is_written_and_names_no_folder(results, name, tmp_path):
    if name == "ome-zarr":
        pytest.importorskip("zarr")
    seen = []
    written = export(results, name, tmp_path / "out", progress=lambda *step: seen.append(step))
    assert written
    assert {image for image, _, _ in seen} <= {"a.tif", "blank.tif"}
    assert seen
    for path in written:
        assert path.name.endswith(FORMATS[name].ending)
        files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
        assert files
        assert not any(b"Smith" in each.read_bytes() for each in files)
    # Nothing half-written is left beside them.
    assert len(list((tmp_path / "out").iterdir())) == len(written)


def test_one_image_goes_into_the_file_that_is_named(results, tmp_path):
    assert export(results, "geojson", tmp_path / "mine.geojson", images=["a.tif"]) == [tmp_path / "mine.geojson"]
    assert len(json.loads((tmp_path / "mine.geojson").read_text("utf-8"))["features"]) == 1
    assert export(results, "ome-tiff", tmp_path / "mask.tif", images=["a.tif"]) == [tmp_path / "mask.tif"]
    assert export(results, "csv", tmp_path / "all.csv") == [tmp_path / "all.csv"]


def test_what_cannot_be_is_refused(results, tmp_path):
    with pytest.raises(OutputError, match="there is no format 'svg'"):
        export(results, "svg", tmp_path)
    with pytest.raises(OutputError, match="one file, and there are 2 images"):
        export(results, "geojson", tmp_path / "mine.geojson")
    with pytest.raises(ResultsError, match=r"no measured image c\.tif.*a\.tif, blank\.tif"):
        export(results, "geojson", tmp_path, images=["c.tif"])
    with pytest.raises(ResultsError, match="cannot be read"):
        export(tmp_path, "geojson", tmp_path)


def test_tables_hold_all_images_with_scale_and_rule(results, tmp_path):
    (path,) = export([results, results], "csv", tmp_path)
    table = csv.read_csv(path)
    assert table["image"].to_pylist() == ["a.tif", "a.tif"]
    assert table["um_per_px_row"].to_pylist() == [0.5, 0.5]
    assert table["area_um2"].to_pylist() == [(1200 - 100 + 1) * 0.25] * 2
    assert table["recipe"].to_pylist() == ["dark", "dark"]
    export(results, "parquet", tmp_path / "t.parquet")
    assert parquet.read_table(tmp_path / "t.parquet")["hole_count"].to_pylist() == [1]


def test_images_of_one_name_from_two_folders_do_not_meet(results, tmp_path):
    import shutil

    other = shutil.copytree(results, tmp_path / "second")
    written = export([results, other], "geojson", tmp_path / "out", images=["a.tif"])
    assert [path.name for path in written] == ["study__a.tif.geojson", "second__a.tif.geojson"]
    with pytest.raises(OutputError, match="same name"):
        export([results, results], "geojson", tmp_path / "out", images=["a.tif"])


def test_the_command_prints_what_it_wrote(results, tmp_path, calcannot):
    ran = calcannot("export", results, "--to", "coco", "-o", tmp_path / "c.json", "--licence", "CC0 1.0")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split() == [str(tmp_path / "c.json")]
    content = json.loads((tmp_path / "c.json").read_text("utf-8"))
    assert content["licenses"][0]["name"] == "CC0 1.0"
    assert [image["file_name"] for image in content["images"]] == ["a.tif", "blank.tif"]
    ran = calcannot("export", results, "--to", "svg", "-o", tmp_path)
    assert ran.code == 2
    assert "choose one of geojson" in ran.err.lower()


def test_a_case_gives_its_newest_runs_under_its_pseudonym(results, tmp_path):
    import shutil

    from calcannot.store.case_folder import CaseFolder

    case = CaseFolder.create(tmp_path / "case", id="patient-7")
    case.update(lambda record: record.model_copy(update={"licence": "CC BY 4.0"}))
    shutil.copytree(results, tmp_path / "case" / "runs" / "a.tif" / "1")
    (path,) = export(tmp_path / "case", "coco", tmp_path / "c.json")
    content = json.loads(path.read_text("utf-8"))
    assert content["images"][0]["case"] == "patient-7"
    assert content["licenses"] == [{"id": 1, "name": "CC BY 4.0", "url": ""}]
