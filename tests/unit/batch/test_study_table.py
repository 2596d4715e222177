"""A study as tables: which rows there are, and that a fact nobody reported is neither empty nor a value."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from calcannot import load_recipe, measure
from calcannot.batch.study_columns import CASE_ROWS, IMAGE_ROWS, LESION_ROWS
from calcannot.batch.study_table import write_table
from calcannot.errors import CaseError, OutputError, ResultsError
from calcannot.io import sha256_of
from calcannot.model.case import case_from_dict
from calcannot.store.case_folder import CaseFolder

SQUARE = [[[5, 5], [35, 5], [35, 35], [5, 35], [5, 5]]]


def leaf(value=None, unit=None, status="reported"):
    return {"value": value, "unit": unit, "status": status, "source": "letter", "date": "2015"}


@pytest.fixture
def study(tmp_path):
    """Two cases, one with a section that is measured and a photograph that is not, and a folder of results."""
    pixels = np.full((60, 60, 3), 240, np.uint8)
    pixels[10:30, 10:30] = 20
    place = tmp_path / "study"
    case = CaseFolder.create(place / "one", id="one")
    Image.fromarray(pixels).save(place / "one" / "a.png")
    Image.fromarray(pixels).save(place / "one" / "b.png")
    entries = [
        {"id": name, "role": role, "path": name, "sha256": sha256_of(place / "one" / name), "lesions": lesions}
        for name, role, lesions in (("a.png", "histology", ["left-hip"]), ("b.png", "photograph", []))
    ]
    facts = {
        "images": entries,
        "subject": {"age": leaf(58, "a")},
        "labs": {"calcium": leaf("normal"), "phosphate": leaf(status="not_reported"), "albumin": leaf(4.1, "g/dL")},
        "lesions": [{"id": "left-hip", "length": leaf(5, "cm"), "side": leaf(status="unknown")}, {"id": "other"}],
    }
    case.update(lambda record: case_from_dict({**record.to_dict(), **facts}))
    feature = {"type": "Feature", "id": "s1", "geometry": {"type": "Polygon", "coordinates": SQUARE},
               "properties": {"classification": {"name": "region"}, "name": "left-hip"}}  # fmt: skip
    drawn = place / "one" / "annotations" / "a.png.geojson"
    drawn.parent.mkdir(exist_ok=True)
    drawn.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    runs = place / "one" / "runs" / "a.png"
    measure(place / "one" / "a.png", output=runs / "1", pixel_size="100um", within=drawn)
    CaseFolder.create(place / "two", id="two")
    (tmp_path / "loose").mkdir()
    shutil.copy(place / "one" / "a.png", tmp_path / "loose" / "c.png")
    (tmp_path / "loose" / "d.png").write_bytes(b"no image")
    measure(tmp_path / "loose", output=place / "more" / "results")
    return place


def table(study, rows: str) -> list[dict[str, str]]:
    write_table(study, study / f"{rows}.csv", rows)
    with (study / f"{rows}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_image_has_a_row_measured_or_not(study):
    found = {row["image"]: row for row in table(study, "image")}
    assert {name: row["measurement_status"] for name, row in found.items()} == {
        "a.png": "measured", "b.png": "not_measured", "c.png": "measured", "d.png": "failed",
    }  # fmt: skip
    assert (found["a.png"]["case"], found["a.png"]["role"], found["a.png"]["lesions"]) == (
        "one",
        "histology",
        "left-hip",
    )
    assert (found["c.png"]["case"], found["c.png"]["role"]) == ("more/results", "")
    assert found["a.png"]["calcified_area_px"] == "400"
    assert float(found["a.png"]["calcified_area_mm2"]) == 4.0
    assert found["c.png"]["calcified_area_mm2"] == ""
    assert found["b.png"]["calcified_area_px"] == ""
    assert found["d.png"]["error"].startswith("d.png")


@pytest.mark.parametrize(("recipe", "pixel_size"), [("radiograph-global", "0.5mm"), ("radiograph-global", None)])
def test_a_row_says_what_the_images_table_of_its_run_says(tmp_path, recipe, pixel_size):
    grey = np.full((60, 60), 60, np.uint8)
    grey[8:20, 8:20], grey[40:50, 30:45] = 200, 210
    Image.fromarray(grey).save(tmp_path / "film.png")
    left = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": SQUARE},
            "properties": {"calcannot": {"class": "region", "side": "left"}}}  # fmt: skip
    (tmp_path / "left.geojson").write_text(json.dumps(left), encoding="utf-8")
    rule = load_recipe(recipe).with_threshold(120.0)
    measure(
        tmp_path / "film.png", rule, output=tmp_path / "out", pixel_size=pixel_size, within=tmp_path / "left.geojson"
    )
    write_table(tmp_path / "out", tmp_path / "table.csv")
    (of_run,), (of_study,) = rows_of(tmp_path / "out" / "images.csv"), rows_of(tmp_path / "table.csv")
    assert of_run["focus_count"] == "1"
    assert of_run["left_area_px"] == "144"
    assert {name: of_study[name] for name in of_run} == of_run


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_two_cases_of_one_id_are_refused(study):
    shutil.copytree(study / "one", study / "one copy")
    with pytest.raises(CaseError, match="one copy: has the id one, and so has one"):
        write_table(study, study / "t.csv")
    assert not (study / "t.csv").exists()


def test_not_reported_is_neither_empty_nor_a_value(study):
    one, two = table(study, "case")
    assert (one["labs_phosphate_value"], one["labs_phosphate_status"]) == ("", "not_reported")
    assert (one["labs_calcium_value"], one["labs_calcium_number"], one["labs_calcium_status"]) == (
        "normal",
        "",
        "reported",
    )
    assert (one["labs_albumin_number"], one["labs_albumin_unit"]) == ("4.1", "g/dL")
    assert (one["subject_age_number"], one["subject_age_unit"]) == ("58", "a")
    assert (two["case"], two["labs_phosphate_status"]) == ("two", "")
    assert (one["lesions"], one["images"], one["histology_images_measured"]) == ("2", "2", "1")


def test_a_lesion_has_its_clinical_size_and_what_was_measured_in_the_region_of_its_name(study):
    hip, other = table(study, "lesion")
    assert (hip["lesion"], hip["length_value"], hip["length_number"], hip["length_unit"]) == (
        "left-hip",
        "5",
        "5",
        "cm",
    )
    assert (hip["side_value"], hip["side_status"], hip["images"]) == ("", "unknown", "a.png")
    assert (hip["measured_image"], hip["measured_region"], hip["measured_area_px"]) == ("a.png", "left-hip", "400")
    # 20 x 20 px of 0.1 mm: the diagonal, and the width across it.
    assert float(hip["measured_length_mm"]) == pytest.approx(2 * 2**0.5)
    assert float(hip["measured_area_mm2"]) == 4.0
    assert (other["lesion"], other["measured_area_px"]) == ("other", "")


def test_of_two_runs_the_newest_counts(study):
    runs = study / "one" / "runs" / "a.png"
    record = json.loads((runs / "1" / "run.json").read_text(encoding="utf-8"))
    shutil.copytree(runs / "1", runs / "2")
    (runs / "2" / "run.json").write_text(
        json.dumps({**record, "finished": "2099-01-01T00:00:00+00:00"}), encoding="utf-8"
    )
    assert {row["image"]: row["run"] for row in table(study, "image")}["a.png"] == "2"


@pytest.mark.parametrize(("rows", "columns"), [("image", IMAGE_ROWS), ("lesion", LESION_ROWS), ("case", CASE_ROWS)])
def test_parquet_holds_the_same_with_kinds(study, rows, columns):
    as_text = table(study, rows)
    write_table(study, study / "t.parquet", rows)
    held = pyarrow.parquet.read_table(study / "t.parquet")
    kinds = {"text": "string", "whole": "int64", "number": "double"}
    assert [(field.name, str(field.type)) for field in held.schema] == [(c.name, kinds[c.kind]) for c in columns]
    for got, shown in zip(held.to_pylist(), as_text, strict=True):
        assert {name for name, value in got.items() if value is None} == {
            n for n, value in shown.items() if value == ""
        }
        for column in columns:
            if got[column.name] is not None and column.kind != "text":
                assert float(shown[column.name]) == pytest.approx(got[column.name], rel=1e-9)


def test_one_case_alone_is_a_study(study):
    assert len(table(study / "one", "image")) == 2


def test_a_damaged_record_stops_the_table_and_leaves_none(study):
    (study / "two" / "case.json").write_text("{", encoding="utf-8")
    with pytest.raises(CaseError, match=r"case\.json"):
        write_table(study, study / "t.csv")
    assert not (study / "t.csv").exists()


@pytest.mark.parametrize(("name", "error"), [("t.xlsx", OutputError), ("t", OutputError)])
def test_another_ending_is_refused(study, name, error):
    with pytest.raises(error, match=r"neither \.csv nor \.parquet"):
        write_table(study, study / name)


def test_a_folder_without_anything_is_refused(tmp_path, calcannot):
    with pytest.raises(ResultsError, match="neither a case nor results"):
        write_table(tmp_path, tmp_path / "t.csv")
    ran = calcannot("table", tmp_path / "nowhere", "-o", tmp_path / "t.csv")
    assert ran.code == 2 and ran.err.count("\n") == 1


def test_the_command_counts_rows(study, calcannot):
    ran = calcannot("table", study, "-o", study / "lesions.csv", "--rows", "lesion")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("2 rows in ")
