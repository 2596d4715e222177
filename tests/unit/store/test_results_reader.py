"""What a run left is read back whole, and what does not belong together is refused by name."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tifffile
from PIL import Image

import calcannot
from calcannot.errors import ResultsError
from calcannot.store.mask_reader import read_mask
from calcannot.store.masks import write_mask
from calcannot.store.results_reader import read_newest, read_results


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three TIFFs with a pixel size: dark squares, one of them with a hole, blank, and unreadable."""
    folder = tmp_path_factory.mktemp("pictures")
    pixels = np.full((300, 400, 3), 230, np.uint8)
    pixels[20:60, 30:90] = 20
    pixels[30:50, 50:70] = 230
    pixels[60:70, 90:100] = 20  # touches the first at a corner
    pixels[200:220, 380:400] = 20
    for name, image in (("a.tif", pixels), ("b.tif", np.full_like(pixels, 230))):
        tifffile.imwrite(folder / name, image, ome=True, metadata={"axes": "YXS", "PhysicalSizeX": 0.5,
                         "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"})  # fmt: skip
    (folder / "c.tif").write_bytes(b"II*\0nothing")
    return folder


@pytest.fixture(scope="module")
def recipe():
    return calcannot.Recipe(name="dark", kind="histology", channel="value", threshold=100.0)


@pytest.fixture(scope="module")
def measured(pictures, recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    return folder, calcannot.measure(pictures, recipe, output=folder)


@pytest.fixture
def results(measured, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(measured[0], tmp_path / "results")


def change(results, **fields):
    record = json.loads((results / "run.json").read_text("utf-8"))
    record["images"][0] |= fields
    (results / "run.json").write_text(json.dumps(record), "utf-8")


def test_everything_that_was_measured_comes_back(measured, pictures, recipe):
    folder, _ = measured
    outcomes = calcannot.measure(pictures, recipe)  # not written, so kept in memory
    results = read_results(folder)
    assert [item.name for item in results.items] == ["a.tif", "b.tif"]
    assert list(results.failed) == ["c.tif"]
    for item, outcome in zip(results.items, outcomes, strict=False):
        analysis = outcome.analysis
        assert item.totals == analysis.totals
        assert item.resolved == analysis.resolved
        assert item.recipe == analysis.recipe
        assert item.calibration == analysis.info.calibration
        assert (item.height_px, item.width_px, item.modality) == (300, 400, "histology")
        assert item.software == calcannot.__version__
        np.testing.assert_array_equal(item.runs.labels(0, 0, 300, 400), analysis.runs.labels(0, 0, 300, 400))
        expected = calcannot.region_columns(analysis)
        for name, values in item.columns.items():
            np.testing.assert_allclose(values.astype(float), expected[name].astype(float), rtol=1e-9)
    assert list(results.items[0].columns) == list(calcannot.region_columns(outcomes[0].analysis))
    assert results.items[1].columns == {}


def test_region_numbers_of_pixels_and_table_agree(measured):
    item = read_results(measured[0]).items[0]
    labels = item.runs.labels(0, 0, 300, 400)
    assert item.columns["area_px"].tolist() == [np.count_nonzero(labels == n) for n in item.columns["region"]]
    assert item.columns["touches_border"].tolist() == [False, True]


def test_regions_are_found_in_parquet_too(pictures, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("calcannot.store.regions_writer.PARQUET_FROM_ROWS", 1)
    calcannot.measure([pictures / "a.tif", pictures / "b.tif"], recipe, output=tmp_path / "out")
    (tmp_path / "out" / "regions.csv").write_text("", "utf-8")
    assert read_results(tmp_path / "out").items[0].columns["region"].tolist() == [1, 2]


def test_an_image_without_a_scale_has_empty_fields(tmp_path, recipe):
    pixels = np.full((40, 50, 3), 230, np.uint8)
    pixels[5:15, 5:15] = 20
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    calcannot.measure(tmp_path / "plain.png", recipe, output=tmp_path / "out")
    item = read_results(tmp_path / "out").items[0]
    assert item.calibration is None
    assert np.isnan(item.columns["area_um2"]).all()
    assert item.columns["area_px"].tolist() == [100]


def test_a_case_gives_the_newest_run_of_each_image(pictures, recipe, tmp_path):
    case = tmp_path / "case"
    for run, level in (("1", 100.0), ("2", 120.0)):
        changed = recipe.model_copy(update={"threshold": level})
        calcannot.measure(pictures / "a.tif", changed, output=case / "runs" / "a" / run)
        record = case / "runs" / "a" / run / "run.json"
        content = json.loads(record.read_text("utf-8"))
        record.write_text(json.dumps(content | {"finished": f"2026-01-0{run}T00:00:00+00:00"}), "utf-8")
    found = read_newest(case)
    assert [(each.folder.name, each.items[0].recipe.threshold) for each in found] == [("2", 120.0)]
    assert read_newest(case / "runs" / "a" / "1")[0].items[0].recipe.threshold == 100.0


@pytest.mark.parametrize(
    ("damage", "file", "what"),
    [
        (lambda r: (r / "run.json").unlink(), "run.json", "cannot be read"),
        (lambda r: (r / "run.json").write_text("{", "utf-8"), "run.json", "not JSON"),
        (lambda r: (r / "run.json").write_text('{"a": 1}', "utf-8"), "run.json", "not the record"),
        (lambda r: (r / "run.json").write_text('{"calcannot": "9", "format": 99}', "utf-8"), "run.json", "format 99"),
        (lambda r: change(r, calibration={"um_per_px_row": -1}), "run.json", "a.tif"),
        (lambda r: change(r, totals={}), "run.json", "Totals"),
        (lambda r: change(r, mask="../elsewhere.ome.tif"), "run.json", "outside"),
    ],
)  # fmt: skip
def test_a_damaged_record_is_an_error_that_names_it(results, damage, file, what):
    damage(results)
    with pytest.raises(ResultsError, match=what) as caught:
        read_results(results)
    assert caught.value.file.name == file


@pytest.mark.parametrize("mask", [np.zeros((300, 400), bool), np.ones((300, 399), bool)])
def test_a_mask_of_another_run_is_refused(results, mask, measure_mask):
    write_mask(results / "masks" / "a.tif.ome.tif", measure_mask(mask).runs, None)
    with pytest.raises(ResultsError, match=r"regions\.csv|run\.json") as caught:
        _ = read_results(results).items[0].runs
    assert caught.value.file.name == "a.tif.ome.tif"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "image,region\na.tif,1\n",
        "image,region,area_px\na.tif,1,5\n",
        "image,region,area_px\na.tif,1,5\na.tif,2,9\n",
    ],
)
def test_a_table_of_another_run_is_refused(results, content):
    (results / "regions.csv").write_text(content, "utf-8")
    with pytest.raises(ResultsError) as caught:
        _ = read_results(results).items[0].columns
    assert caught.value.file.name == "regions.csv"


def test_a_mask_that_is_absent_cut_short_or_no_mask_is_refused(results):
    path = results / "masks" / "a.tif.ome.tif"
    whole = path.read_bytes()
    for content in (whole[:400], b"", b"II*\0"):
        path.write_bytes(content)
        with pytest.raises(ResultsError, match="damaged"):
            read_mask(path)
    tifffile.imwrite(path, np.full((300, 400), 2, np.uint8), tile=(256, 256))
    with pytest.raises(ResultsError, match="other values"):
        read_mask(path)
    tifffile.imwrite(path, np.zeros((300, 400), np.float32))
    with pytest.raises(ResultsError, match="not a tiled mask"):
        read_mask(path)
    path.unlink()
    with pytest.raises(ResultsError, match="not there"):
        read_mask(path)


def test_a_run_of_failures_only_has_no_items(tmp_path):
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).write_bytes(b"II*\0nothing")
    calcannot.measure([tmp_path / "a.tif", tmp_path / "b.tif"], output=tmp_path / "out")
    results = read_results(tmp_path / "out")
    assert results.items == ()
    assert list(results.failed) == ["a.tif", "b.tif"]
