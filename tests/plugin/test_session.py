"""Session: the same numbers as the command line, and what it knows of its own state."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from calcannot.batch.measure import measure
from calcannot.errors import CalibrationError, OutputError, RecipeError
from calcannot.model.annotation import Annotations
from calcannot.segment.shipped import load_recipe
from calcannot.store.geojson import read_annotations
from napari_calcannot.save_results import save_results
from napari_calcannot.session import Session

SAME = ("regions.csv", "images.csv")


def assert_same_tables(first: Path, second: Path) -> None:
    for name in SAME:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_section_as_the_command_line(sample_case, tmp_path, opened):
    session = opened(sample_case / "section.tif")
    session.measure()
    save_results([session], tmp_path / "window")
    measure(sample_case / "section.tif", output=tmp_path / "line")
    assert_same_tables(tmp_path / "window", tmp_path / "line")
    assert session.analysis.totals.region_count > 100


def test_radiograph_with_regions_as_the_command_line(sample_case, tmp_path, opened):
    drawn = sample_case / "annotations" / "radiograph.dcm.geojson"
    session = opened(sample_case / "radiograph.dcm", read_annotations(drawn))
    assert session.recipe.name == "radiograph-local"
    session.measure()
    save_results([session], tmp_path / "window")
    code = "import sys; from calcannot.cli.main import main; sys.exit(main())"
    arguments = ["measure", str(sample_case / "radiograph.dcm"), "-o", str(tmp_path / "line"), "--within", str(drawn)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    assert_same_tables(tmp_path / "window", tmp_path / "line")
    # And with the strokes that the window saved.
    saved = tmp_path / "window" / "annotations" / "radiograph.dcm.geojson"
    measure(sample_case / "radiograph.dcm", output=tmp_path / "again", within=saved)
    assert_same_tables(tmp_path / "window", tmp_path / "again")


def test_real_section_with_a_threshold_by_hand_and_a_pixel_size(shared_data, tmp_path, opened):
    image = shared_data / "histology" / "von_kossa_bone" / "bone.jpeg"
    session = opened(image)
    session.set_pixel_size("0.5um")
    session.set_threshold(101)
    session.measure()
    save_results([session], tmp_path / "window")
    recipe = load_recipe("von-kossa").with_threshold(101.0)
    measure(image, recipe, output=tmp_path / "line", pixel_size="0.5um")
    assert_same_tables(tmp_path / "window", tmp_path / "line")


def test_pixel_size_given_twice_is_recorded_as_given_once(sample_case, tmp_path, opened):
    session = opened(sample_case / "section.tif")
    session.set_pixel_size("3um")
    session.set_pixel_size("0.25umx0.5um")
    session.measure()
    save_results([session], tmp_path / "window")
    measure(sample_case / "section.tif", output=tmp_path / "line", pixel_size="0.25umx0.5um")
    assert_same_tables(tmp_path / "window", tmp_path / "line")


def test_a_pixel_size_that_cannot_be_true_changes_nothing(colour_source):
    session = Session(colour_source)
    with pytest.raises(CalibrationError):
        session.set_pixel_size("0.5")
    assert session.info.calibration is None


def test_a_change_makes_the_measurement_old_and_back_makes_it_current(colour_source):
    session = Session(colour_source)
    session.set_recipe("von-kossa")
    session.set_threshold(100)
    assert not session.is_current
    session.measure()
    assert session.is_current
    assert not session.is_saved
    session.set_threshold(120)
    assert not session.is_current
    session.set_threshold(100)
    assert session.is_current
    session.set_pixel_size("1um")
    assert not session.is_current
    session.measure()
    session.set_annotations(Annotations())
    assert session.is_current, "nothing was drawn and nothing is: the numbers stand"


def test_automatic_threshold_stays_known_beside_one_by_hand(sample_case, opened):
    session = opened(sample_case / "section.tif")
    automatic = session.resolve().threshold
    session.set_threshold(90)
    assert session.threshold == 90
    assert session.resolved.threshold == automatic
    session.set_threshold(None)
    assert session.threshold == automatic
    assert session.recipe == load_recipe("von-kossa")


def test_a_threshold_by_hand_is_refused_over_a_local_background(sample_case, opened):
    drawn = read_annotations(sample_case / "annotations" / "radiograph.dcm.geojson")
    session = opened(sample_case / "radiograph.dcm")
    session.set_threshold(2000)
    session.set_annotations(drawn)
    assert session.threshold_by_hand is None, "it belonged to the recipe for an image without regions"
    with pytest.raises(RecipeError, match="by itself"):
        session.set_threshold(2000)


def test_grey_image_of_unknown_kind_asks_for_a_recipe(grey_source):
    session = Session(grey_source)
    with pytest.raises(RecipeError, match="grey"):
        session.question()
    session.set_recipe("radiograph-global")
    assert session.measure().totals.calcified_area_px > 0


def test_saving_refuses_a_folder_with_results_of_another_image(sample_case, tmp_path, opened):
    first, second = opened(sample_case / "section.tif"), opened(sample_case / "radiograph.dcm")
    for session in (first, second):
        session.measure()
    save_results([first], tmp_path)
    assert first.is_saved
    with pytest.raises(OutputError, match=r"section\.tif"):
        save_results([second], tmp_path)
    save_results([first, second], tmp_path)
    images = json.loads((tmp_path / "run.json").read_text())["images"]
    assert [each["image"] for each in images] == ["section.tif", "radiograph.dcm"]


def test_saving_refuses_what_is_not_measured(sample_case, tmp_path, opened):
    with pytest.raises(OutputError, match="Measure first"):
        save_results([opened(sample_case / "section.tif")], tmp_path)


def test_session_and_converters_know_no_window():
    code = (
        "import sys, napari_calcannot.session, napari_calcannot.layers, napari_calcannot.reader, "
        "napari_calcannot.sample_data\n"
        "found = sorted({'napari', 'qtpy', 'PySide6', 'PyQt6', 'vispy', 'superqt'} & set(sys.modules))\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
