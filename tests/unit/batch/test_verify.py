"""Verify finds what was changed, names that and nothing else, and agrees where nothing was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calcannot.batch.case_images import add_image, set_pixel_size
from calcannot.batch.case_run import run_case
from calcannot.batch.results import ResultsFolder
from calcannot.batch.verify import find_cases, verify
from calcannot.errors import CaseError
from calcannot.io import open_image
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.pipeline.analyse import analyse, resolve_for
from calcannot.store.case_folder import CaseFolder

SAMPLE = Path(__file__).parents[3] / "sample_images"


def square(name, at, side, kind=StrokeKind.REGION):
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], float) + at
    return Stroke(name, kind, (corners,), name=name)


def picture(path, seed=0):
    """A grey-pink field with a few black squares, so that the valley is found."""
    noise = np.random.default_rng(seed)
    pixels = np.full((96, 128, 3), (230, 170, 200), np.int16) + noise.integers(-6, 7, (96, 128, 3))
    pixels[20:40, 30:60] = noise.integers(15, 30, (20, 30, 3))
    pixels[60:70, 80:100] = noise.integers(15, 30, (10, 20, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "case-1"
    case = CaseFolder.create(folder, author="Ada")
    picture(folder / "field.png")
    add_image(case, folder / "field.png", role="histology", id="field", pixel_size="0.5um")
    with case.stroke_log("field", author="Ada") as log:
        log.add([square("whole", 5, 85)])
    (run,) = run_case(case)
    assert run.outcome.error is None
    return folder


@pytest.fixture
def case(measured, tmp_path):
    return CaseFolder.open(shutil.copytree(measured, tmp_path / "case-1"))


def run_folder(case):
    (folder,) = [each for each in case.run_folder("field").iterdir() if each.is_dir()]
    return folder


def change_record(case, change):
    path = run_folder(case) / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def causes(case):
    return [str(each.cause) for each in verify([case.path]).differences]


def test_a_run_agrees_with_itself_and_nothing_is_written(case):
    before = {each: each.read_bytes() for each in case.path.rglob("*") if each.is_file()}
    verdict = verify([case.path])
    assert (verdict.cases, verdict.runs, verdict.differences, verdict.notes) == (1, 1, (), ())
    assert {each: each.read_bytes() for each in case.path.rglob("*") if each.is_file()} == before


def test_running_again_gives_the_same_folder_and_the_same_tables(case):
    folder = run_folder(case)
    before = {name: (folder / name).read_bytes() for name in ("images.csv", "regions.csv", "strokes.geojson")}
    (run,) = run_case(case)
    assert run.folder == folder
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert [each.name for each in case.run_folder("field").iterdir()] == [folder.name]


def test_one_pixel_of_the_image(case):
    pixels = np.asarray(Image.open(case.path / "field.png")).copy()
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(case.path / "field.png")
    (found,) = verify([case.path]).differences
    assert (found.case, found.image, found.cause) == ("case-1", "field", "image")
    assert "changed since it was measured" in found.what


def test_an_image_that_is_gone(case):
    (case.path / "field.png").unlink()
    assert causes(case) == ["image"]


def test_one_stroke(case):
    with case.stroke_log("field", author="Bea") as log:
        log.add([square("ink", 90, 5, StrokeKind.EXCLUDE)])
    (found,) = verify([case.path]).differences
    assert (found.cause, found.what) == ("strokes", "the exclude ink was drawn since")


def test_a_stroke_moved_and_one_removed(case):
    with case.stroke_log("field", author="Ada") as log:
        log.add([square("whole", 6, 85)])
    assert [each.what for each in verify([case.path]).differences] == ["the region whole was changed since"]
    with case.stroke_log("field", author="Ada") as log:
        log.remove(["whole"])
    assert [each.what for each in verify([case.path]).differences] == ["the region whole was removed since"]


def test_a_side_given_to_a_stroke(case):
    with case.stroke_log("field", author="Ada") as log:
        log.add([replace(log.annotations.strokes[0], side="left")])
    assert [each.what for each in verify([case.path]).differences] == ["the region whole was changed since"]


def test_one_threshold_in_the_record(case):
    def change(record):
        record["images"][0]["resolved"]["rules"][0]["at_most"] += 1

    change_record(case, change)
    (found,) = verify([case.path]).differences
    assert found.cause == "threshold"
    assert found.what.startswith("rules.0.at_most is ")


def test_a_recipe_changed_in_the_record(case):
    change_record(case, lambda record: record["images"][0]["recipe"].update(threshold=90.0, core=None))
    assert causes(case) == ["recipe"]


def test_another_version_that_gives_the_same_is_told_and_is_no_difference(case):
    change_record(case, lambda record: record.update(calcannot="0.0.1"))
    verdict = verify([case.path])
    assert verdict.differences == ()
    (note,) = verdict.notes
    assert "measured by calcannot 0.0.1, the same with" in note


def test_an_older_version_with_another_threshold_agrees_by_its_recorded_numbers(case):
    """As if the valley had been looked for differently: tables and mask follow from the recorded threshold."""
    folder = run_folder(case)
    strokes = case.annotations("field")
    entry = case.record.image("field")
    with open_image(case.path / "field.png", calibration=entry.calibration.to_calibration()) as source:
        before = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        from calcannot.segment.shipped import load_recipe

        recipe = load_recipe("von-kossa")
        resolved, _ = resolve_for(source, recipe, strokes)
        from dataclasses import replace

        other = replace(resolved, rules=(replace(resolved.rules[0], at_most=27.0),))
        analysis = analyse(source, recipe, strokes, recorded=other)
        fresh = folder.with_name("again")
        results = ResultsFolder(fresh)
        results.add("field", "field", entry.sha256, source, analysis)
        results.finish()
    assert json.loads((fresh / "run.json").read_text("utf-8"))["images"][0]["totals"] != before["images"][0]["totals"]
    shutil.copy(folder / "strokes.geojson", fresh)
    shutil.rmtree(folder)
    assert "threshold" in causes(case)  # of this version it would be a fault
    change_record(case, lambda record: record.update(calcannot="0.0.1"))
    verdict = verify([case.path])
    assert verdict.differences == ()
    (note,) = verdict.notes
    assert "would choose other numbers" in note
    change_record(case, lambda record: record["images"][0]["totals"].update(region_count=77))
    assert [(each.cause, each.what[:30]) for each in verify([case.path]).differences] == [
        ("version", "measured by calcannot 0.0.1; 0"),
        ("record", "run.json: region_count is 77, "),
    ]


def test_one_digit_of_a_table(case):
    path = run_folder(case) / "regions.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    fields = first.split(",")
    place = head.split(",").index("feret_max_um")
    fields[place] = fields[place][:-1] + str((int(fields[place][-1]) + 1) % 10)
    path.write_text("\n".join([head, ",".join(fields), *rest]) + "\n", encoding="utf-8")
    (found,) = verify([case.path]).differences
    assert found.cause == "table"
    assert found.what.startswith("regions.csv: feret_max_um in row 1 is ")


def test_a_table_that_is_gone(case):
    (run_folder(case) / "regions.csv").unlink()
    assert [each.what for each in verify([case.path]).differences] == ["regions.csv: is not there"]


def test_one_number_of_the_parquet_table(case):
    from pyarrow import csv, parquet

    path = run_folder(case) / "regions.parquet"
    table = csv.read_csv(path.with_suffix(".csv"))
    parquet.write_table(table, path)
    assert verify([case.path]).differences == ()
    place = table.column_names.index("area_px")
    parquet.write_table(table.set_column(place, "area_px", [[601, *table["area_px"].to_pylist()[1:]]]), path)
    (found,) = verify([case.path]).differences
    assert (found.cause, found.what) == ("table", "regions.parquet: does not hold the rows of regions.csv")


def test_what_the_record_says_of_the_image(case):
    change_record(case, lambda record: record["images"][0].update(polarity="dark_is_dense", regions_of_interest=7))
    assert [(each.cause, each.what.partition(" is ")[0]) for each in verify([case.path]).differences] == [
        ("record", "run.json: polarity"),
        ("record", "run.json: regions_of_interest"),
    ]


def test_one_pixel_of_the_mask(case):
    import tifffile

    (path,) = run_folder(case).glob("masks/*")
    mask = tifffile.imread(path)
    mask[7, 9] ^= 1
    tifffile.imwrite(path, mask, tile=(256, 256), compression="zlib", photometric="minisblack")
    (found,) = verify([case.path]).differences
    assert (found.cause, found.what) == ("mask", "1 pixel(s) differ, the first at row 7, column 9")


def test_another_pixel_size(case):
    set_pixel_size(case, "field", "0.6um")
    (found,) = verify([case.path]).differences
    assert found.cause == "pixel size"
    assert "0.6 x 0.6 µm" in found.what
    set_pixel_size(case, "field", None)
    (found,) = verify([case.path]).differences
    assert found.what.startswith("the pixel size is not known today")


def test_a_damaged_record_of_a_run_or_a_case_is_a_difference_and_not_the_end(case, tmp_path):
    other = shutil.copytree(case.path, tmp_path / "case-2")
    (run_folder(case) / "run.json").write_text("{", encoding="utf-8")
    (other / "case.json").write_text("{", encoding="utf-8")
    found = verify([tmp_path]).differences
    assert [(each.case, str(each.cause)) for each in found] == [("case-1", "record"), ("case-2", "record")]


def test_a_case_without_a_run_does_not_pass(case):
    shutil.rmtree(case.path / "runs")
    assert causes(case) == ["nothing measured"]


def test_the_newest_run_counts_unless_all_are_asked_for(case):
    with case.stroke_log("field", author="Ada") as log:
        log.add([square("dust", 90, 5, StrokeKind.EXCLUDE)])
    (run,) = run_case(case)
    change = run.folder / "run.json"
    record = json.loads(change.read_text(encoding="utf-8"))
    record["finished"] = "2999-01-01T00:00:00+00:00"
    change.write_text(json.dumps(record), encoding="utf-8")
    assert verify([case.path]).differences == ()
    assert [each.what for each in verify([case.path], every_run=True).differences] == [
        "the exclude dust was drawn since"
    ]


def test_cases_are_found_below_a_folder(case, tmp_path):
    assert find_cases([tmp_path]) == [case.path]
    with pytest.raises(CaseError, match="is not a case and holds none"):
        find_cases([case.path / "runs"])


def test_an_image_that_changed_after_it_was_added_is_not_measured(case):
    picture(case.path / "field.png", seed=1)
    (run,) = run_case(case)
    assert "not the one that was added" in str(run.outcome.error)


def test_a_run_that_fails_leaves_the_one_before(case, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    before = sorted(each.relative_to(case.path) for each in case.path.rglob("*"))
    monkeypatch.setattr("calcannot.batch.case_run.write_text", fail)
    with pytest.raises(OSError, match="No space"):
        run_case(case)
    assert sorted(each.relative_to(case.path) for each in case.path.rglob("*")) == before


@pytest.mark.slow
def test_the_sample_study_is_clean_and_each_change_of_it_is_named(tmp_path):
    folder = shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    case = CaseFolder.open(folder)
    runs = run_case(case)
    assert verify([folder]).differences == ()
    section = folder / "section.tif"
    whole = section.read_bytes()
    section.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with case.stroke_log("radiograph.dcm", author="Ada") as log:
        log.add([square("dust", 10, 5, StrokeKind.EXCLUDE)])
    (foci,) = (folder / "runs" / "radiograph.dcm").glob("*/foci.csv")
    head, first, *rest = foci.read_text(encoding="utf-8").splitlines()
    fields = first.split(",")
    fields[head.split(",").index("area_px")] += "0"
    foci.write_text("\n".join([head, ",".join(fields), *rest]) + "\n", encoding="utf-8")
    found = verify([folder]).differences
    assert [(each.image, str(each.cause)) for each in found] == [
        ("radiograph.dcm", "strokes"),
        ("radiograph.dcm", "table"),
        ("section.tif", "image"),
    ]
    assert found[1].what.startswith("foci.csv: area_px in row 1 is ")
    assert len(runs) == 2
