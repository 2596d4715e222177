"""``calcannot demo``: the numbers of the sample case against the truth that it was drawn from."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "sample_images"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Rows of images.csv by image, and the record of the run."""
    import contextlib
    import io
    import sys

    from calcannot.cli.main import main

    folder = tmp_path_factory.mktemp("demo") / "results"
    printed, arguments = io.StringIO(), sys.argv
    sys.argv = ["calcannot", "demo", "--no-window", "-o", str(folder)]
    try:
        with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as left:
            main()
    finally:
        sys.argv = arguments
    assert not left.value.code
    with (folder / "images.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    return rows, json.loads((folder / "run.json").read_text(encoding="utf-8")), printed.getvalue(), folder


def truth(name):
    return json.loads((SAMPLE / f"{name}.truth.json").read_text(encoding="utf-8"))


def test_section_within_3_per_cent(results):
    rows, *_ = results
    row, expected = rows["section.tif"], truth("section.tif")
    assert row["recipe"] == "von-kossa"
    assert float(row["calcified_area_mm2"]) == pytest.approx(expected["mineral_area_mm2"], rel=0.03)
    assert float(row["largest_area_mm2"]) == pytest.approx(expected["largest_area_mm2"], rel=0.03)
    assert float(row["um_per_px_row"]) == expected["um_per_px"]


def test_film_within_5_per_cent(results):
    """The septa and clefts left out, in the plane of the lesions: the file says how far they are from the detector."""
    rows, record, *_ = results
    row, lesions = rows["radiograph.dcm"], truth("radiograph.dcm")["lesions"]
    assert row["recipe"] == "radiograph-local"
    expected = sum(lesion["mineral_area_mm2"] for lesion in lesions)
    assert float(row["calcified_area_mm2"]) == pytest.approx(expected, rel=0.05)
    image = next(each for each in record["images"] if each["image"] == "radiograph.dcm")
    fractions = [surface["peak_fraction"] for surface in image["resolved"]["surfaces"]]
    assert len(fractions) == 2
    assert all(0 < fraction <= 0.2 for fraction in fractions)


def test_each_lesion_is_measured_within_its_region():
    """Septa are cut half-way, so the area is that of the mineral and not of the outline."""
    from calcannot import Annotations, analyse, load_recipe, open_image, read_annotations

    drawn = read_annotations(SAMPLE / "annotations" / "radiograph.dcm.geojson")
    with open_image(SAMPLE / "radiograph.dcm") as source:
        for stroke, lesion in zip(drawn.strokes, truth("radiograph.dcm")["lesions"], strict=True):
            totals = analyse(source, load_recipe("radiograph-local"), Annotations((stroke,))).totals
            assert totals.calcified_area_mm2 == pytest.approx(lesion["mineral_area_mm2"], rel=0.08)
            assert totals.calcified_area_mm2 < lesion["object_area_mm2"]


def test_what_is_printed_says_that_the_images_are_rendered_and_where_the_results_are(results):
    _, record, printed, folder = results
    assert "Both images are rendered, not the patient's." in printed
    assert "calcified area" in printed
    for output in record["outputs"]:
        assert (folder / output).is_file()
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == set(record["outputs"])
