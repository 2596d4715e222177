"""Tables: names and order of columns frozen, a missing field empty and never 0, any name of an image."""

from __future__ import annotations

import csv
import math
import shutil
from dataclasses import replace

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from calcannot import Calibration, region_columns
from calcannot.errors import OutputError
from calcannot.model.calibration import CalibrationSource
from calcannot.model.regions import REGION_COLUMNS
from calcannot.morphometry.columns import region_blocks
from calcannot.store.regions_writer import PARQUET_FROM_ROWS, merge_regions, write_regions
from calcannot.store.tables import IMAGE_COLUMNS, failed_row, image_row, write_images_table

# As in the design. A change here breaks everybody's scripts: it needs a note in the changelog.
IMAGES = """image, sha256, modality, width_px, height_px, um_per_px_row, um_per_px_col, calibration_source, recipe,
recipe_fingerprint, threshold, region_count, calcified_area_px, calcified_area_mm2, reference_area_px,
reference_area_mm2, calcified_fraction, largest_area_mm2, extent_length_mm, extent_width_mm, area_low_mm2,
area_high_mm2, area_low_px, area_high_px, warnings"""
REGIONS = """image, region, area_px, area_um2, centroid_row_px, centroid_col_px, bbox_row_min_px, bbox_col_min_px,
bbox_row_max_px, bbox_col_max_px, perimeter_um, feret_max_um, feret_max_angle_deg, width_um, feret_min_um,
filled_area_um2, hull_area_um2, solidity, circularity, touches_border, value_mean, value_min, value_max"""
SIZE = Calibration(0.5, 0.25, CalibrationSource.USER)


def names(text: str) -> list[str]:
    return text.replace("\n", " ").replace(",", " ").split()


@pytest.fixture
def grid(measure_mask):
    """Analysis of n single pixels."""

    def grid(n: int, calibration=SIZE):
        mask = np.zeros((2 * math.ceil(n / 100) + 1, 200), bool)
        mask[2 * (np.arange(n) // 100), 2 * (np.arange(n) % 100)] = True
        return measure_mask(mask, calibration)

    return grid


def written(path, *parts) -> list[list[str]]:
    files = [path.parent / "parts" / f"{number}.csv" for number in range(len(parts))]
    for file, (name, columns) in zip(files, parts, strict=True):
        write_regions(file, name, [columns])
    merge_regions(files, path)
    shutil.rmtree(path.parent / "parts", ignore_errors=True)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_columns_of_images_csv_are_those_of_the_design_in_that_order():
    assert list(IMAGE_COLUMNS[:25]) == names(IMAGES)
    assert IMAGE_COLUMNS[25:] == (
        "largest_area_px", "extent_length_px", "extent_width_px", "error", "calibration_relative_uncertainty",
        "area_ci95_low_px", "area_ci95_high_px", "area_ci95_low_mm2", "area_ci95_high_mm2",
        "focus_count", "focus_joining_mm", "focus_joining_px", "left_area_px", "right_area_px", "left_area_mm2",
        "right_area_mm2", "side_asymmetry", "peak_fraction_low", "peak_fraction_high",
    )  # fmt: skip


def test_columns_of_regions_csv_are_those_of_the_design_in_that_order(grid, tmp_path):
    header = written(tmp_path / "regions.csv", ("x", region_columns(grid(3))))[0]
    assert header[:23] == names(REGIONS)
    assert header[23:] == [
        "perimeter_px", "feret_max_px", "width_px", "feret_min_px", "filled_area_px", "hull_area_px", "hole_count",
        "peak_fraction",
    ]  # fmt: skip


def test_a_row_of_images_csv_has_every_column_and_no_other(grid):
    row = image_row("x", "0" * 64, grid(3))
    assert set(row) <= set(IMAGE_COLUMNS)
    assert set(IMAGE_COLUMNS) - set(row) == {"error"}


def test_what_is_missing_is_empty_and_never_0(grid, tmp_path):
    rows = [
        image_row("scaled", "a" * 64, grid(3)),
        image_row("unscaled", "b" * 64, grid(3, None)),
        image_row("empty", "c" * 64, grid(0)),
        failed_row("broken", "broken: no image."),
    ]
    write_images_table(tmp_path / "images.csv", rows)
    with (tmp_path / "images.csv").open(newline="", encoding="utf-8") as file:
        scaled, unscaled, empty, broken = csv.DictReader(file)
    physical = [name for name in names(IMAGES) if name.endswith("_mm2") or name.endswith("_mm") or "um_per" in name]
    assert all(float(scaled[name]) >= 0 for name in physical)
    assert all(unscaled[name] == "" for name in physical)
    assert unscaled["calibration_source"] == "none"
    assert (scaled["extent_length_px"], float(unscaled["extent_length_px"]) > 0) == ("", True)
    assert (empty["region_count"], empty["calcified_area_mm2"], empty["largest_area_mm2"]) == ("0", "0", "")
    assert (empty["extent_length_mm"], empty["calcified_fraction"]) == ("", "0")
    assert {name for name, text in broken.items() if text} == {"image", "error"}


def test_numbers_have_ten_digits_and_lines_end_in_line_feeds(grid, tmp_path):
    row = image_row("x", "0" * 64, grid(3)) | {"calcified_fraction": 1 / 3, "calcified_area_mm2": 123456.789012345}
    write_images_table(tmp_path / "images.csv", [row])
    content = (tmp_path / "images.csv").read_bytes()
    assert b"0.3333333333," in content
    assert b"123456.789," in content
    assert b"\r" not in content
    assert content.endswith(b"\n")


NAMES = [
    "plain.tif", "with space.tif", "comma, comma.tif", 'quote".tif', "Ünïcode µ.tif", "日本語.tif", "切片/一.svs",
    "'.tif", "semi;colon.tif", "=1+1.tif", "مقطع.tif", "🦴.tif", "0123", "true", "", " ", "a\tb.tif", "line\nfeed.tif",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_comes_back(name, grid, tmp_path):
    columns = region_columns(grid(2))
    rows = written(tmp_path / "regions.csv", (name, columns), ("other.tif", columns))
    assert [row[0] for row in rows[1:]] == [name, name, "other.tif", "other.tif"]
    assert {len(row) for row in rows} == {len(columns) + 1}
    write_images_table(tmp_path / "images.csv", [failed_row(name, "no, image")])
    with (tmp_path / "images.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["image"], row["error"]) == (name, "no, image")


def test_images_are_appended_one_after_another(grid, tmp_path):
    rows = written(tmp_path / "r.csv", *((f"{n}.tif", region_columns(grid(n))) for n in (2, 0, 3)))
    assert [row[:2] for row in rows[1:]] == [
        ["2.tif", "1"],
        ["2.tif", "2"],
        ["3.tif", "1"],
        ["3.tif", "2"],
        ["3.tif", "3"],
    ]


@pytest.mark.parametrize("at_once", [1, 4, 7, 50])
def test_regions_in_blocks_are_the_same_bytes(at_once, measure_mask, tmp_path, monkeypatch):
    mask = np.random.default_rng(5).random((60, 70)) < 0.2
    analysis = measure_mask(mask, SIZE)
    count = len(analysis.regions)
    assert count > 50
    analysis = replace(analysis, peak_fraction=np.linspace(0.2, 0.8, count))
    write_regions(tmp_path / "whole.csv", "x", [region_columns(analysis)])
    monkeypatch.setattr("calcannot.morphometry.columns._AT_ONCE", at_once)
    write_regions(tmp_path / "blocks.csv", "x", region_blocks(analysis))
    assert (tmp_path / "blocks.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_nothing_stands_under_the_real_name_before_the_end(grid, tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text("of an earlier run")
    write_regions(tmp_path / "x", "x", [region_columns(grid(2))])
    (tmp_path / "y").write_text("other,columns\n")
    with pytest.raises(OutputError, match="y: the region table of a finished image has other columns"):
        merge_regions([tmp_path / "x", tmp_path / "y"], path)
    assert path.read_text() == "of an earlier run"
    assert {each.name for each in tmp_path.iterdir()} == {"regions.csv", "x", "y"}


def test_the_columns_are_those_that_regions_have(grid, tmp_path):
    for calibration in (SIZE, None):
        columns = region_columns(grid(2, calibration))
        assert {name: np.dtype(kind).kind for name, kind in REGION_COLUMNS.items()} == {
            name: values.dtype.kind for name, values in columns.items()
        }
        assert list(REGION_COLUMNS) == list(columns)


def test_no_image_is_a_header(tmp_path):
    assert written(tmp_path / "regions.csv") == [["image", *REGION_COLUMNS]]


def test_parquet_lies_beside_from_10_000_rows_with_the_same_content(grid, tmp_path):
    half = region_columns(grid(PARQUET_FROM_ROWS // 2))
    written(tmp_path / "regions.csv", ("a, b.tif", half), ("c.tif", half))
    table = pyarrow.parquet.read_table(tmp_path / "regions.parquet")
    assert table.num_rows == PARQUET_FROM_ROWS
    again = pyarrow.csv.read_csv(
        tmp_path / "regions.csv", convert_options=pyarrow.csv.ConvertOptions(column_types=table.schema)
    )
    assert again.equals(table)
    assert table["area_um2"].to_pylist()[:3] == [0.125] * 3
    # A smaller run into the same folder leaves no stale one.
    written(tmp_path / "regions.csv", ("c.tif", region_columns(grid(3))))
    assert not (tmp_path / "regions.parquet").exists()


def test_fewer_rows_have_no_parquet(grid, tmp_path):
    written(tmp_path / "regions.csv", ("x", region_columns(grid(PARQUET_FROM_ROWS - 1))))
    assert [each.name for each in tmp_path.iterdir()] == ["regions.csv"]
