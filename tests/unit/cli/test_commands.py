"""The command line: exit codes, one line on stderr, never a traceback, nothing half-written."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import tifffile

import calcannot as package


@pytest.fixture
def slide(tmp_path):
    """White with a black square of 100 px; 0.5 µm a pixel."""
    return write_slide(tmp_path / "in" / "slide.tif")


def write_slide(path, um: float | None = 0.5):
    rgb = np.full((60, 80, 3), 240, np.uint8)
    rgb[10:20, 5:15] = 20
    size = {"PhysicalSizeX": um, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": um, "PhysicalSizeYUnit": "µm"}
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, rgb, photometric="rgb", ome=True, metadata={"axes": "YXS", **(size if um else {})})
    return path


@pytest.fixture
def dark(tmp_path):
    """A recipe in numbers: value at or below 100."""
    path = tmp_path / "dark.toml"
    path.write_text('name = "dark"\nkind = "histology"\nchannel = "value"\nthreshold = 100\n')
    return path


def rows_of(folder, name="images.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assert_one_line(ran, code: int) -> None:
    assert ran.code == code
    assert ran.err.startswith("calcannot: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.out + ran.err


def test_done_is_0(calcannot, slide, dark, tmp_path):
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark)
    assert (ran.code, ran.err) == (0, "")
    assert "slide.tif" in ran.out
    assert "25.0 µm²" in ran.out
    assert rows_of(tmp_path / "out")[0]["calcified_area_px"] == "100"


def test_done_but_an_image_failed_is_1(calcannot, slide, dark, tmp_path):
    (slide.parent / "broken.tif").write_bytes(slide.read_bytes()[:200])
    ran = calcannot("measure", slide.parent, "-o", tmp_path / "out", "--recipe", dark)
    assert_one_line(ran, 1)
    assert "broken.tif" in ran.err
    assert [bool(row["error"]) for row in rows_of(tmp_path / "out")] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["measure", "none.tif", "-o", "out"], "none.tif: there is no such file"),
        (["measure", "*.none", "-o", "out"], "no image fits this pattern"),
        (["measure", "in/slide.tif"], "Missing option"),
        (["measure", "in/slide.tif", "-o", "out", "--recipe", "nonesuch"], "there is no recipe named 'nonesuch'"),
        (["measure", "in/slide.tif", "-o", "out", "--pixel-size", "0.5"], "is not a number with a unit"),
        (["measure", "in/slide.tif", "-o", "out", "--pixel-size", "-1um"], "cannot be true"),
        (["measure", "in/slide.tif", "-o", "out", "--within", "none.geojson"], "none.geojson: cannot be read"),
        (["measure", "in/slide.tif", "-o", "out", "--within", "dark.toml"], "dark.toml: is not GeoJSON"),
        (["measure", "in/slide.tif", "-o", "out", "--jobs", "0"], "--jobs"),
        (["measure", "in/slide.tif", "-o", "out", "--nonesuch"], "No such option"),
        (["measure", "in/slide.tif", "-o", "dark.toml"], "dark.toml: is a file, not a folder"),
        (["measure", "dark.toml", "-o", "out"], "dark.toml: this is not an image"),
        (["measure", "in/slide.tif", "-o", "out", "--recipe", "radiograph-global"], "the image has colour"),
        (["measure", "in/slide.tif", "-o", "out", "--recipe", "radiograph-local"], "slide.tif: "),
        (["measure", "in/slide.tif", "-o", "out", "--recipe", "in/slide.tif"], "slide.tif: the recipe is not"),
        (["info", "none.tif"], "none.tif: the file cannot be read"),
        (["info", "in"], "this is a folder"),
        (["recipe", "show", "nonesuch"], "there is no recipe"),
        (["recipe", "check", "none.toml"], "none.toml: the recipe cannot be read"),
        (["phantom", "histology", "-o", "x.gif"], "x.gif: no phantom is written as .gif"),
        (["phantom", "histology", "-o", "no/x.png"], "no: the folder to write into does not exist"),
        (["phantom", "histology", "-o", "x.png", "--counterstain", "tea"], "there is no counterstain 'tea'"),
        (["phantom", "histology", "-o", "x.png", "--size", "9"], "--size"),
        (["open", "none.tif"], "there is no such file"),
        (["nonesuch"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_and_unreadable_input_are_2_and_leave_nothing(
    calcannot, slide, dark, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    ran = calcannot(*arguments)
    assert_one_line(ran, 2)
    assert message in ran.err
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("threshold", ["256", "-1", "1e9"])
def test_a_threshold_outside_the_range_is_refused(calcannot, slide, dark, tmp_path, threshold):
    dark.write_text(dark.read_text().replace("100", threshold))
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark)
    assert_one_line(ran, 2)
    assert "is outside the range of value, 0 to 255" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_refused(calcannot, slide, dark, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/images.csv").write_text("mine")
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark)
    assert_one_line(ran, 2)
    assert "out: holds images.csv and no run.json" in ran.err
    assert (tmp_path / "out/images.csv").read_text() == "mine"


def test_a_fault_of_ours_is_one_line_too(calcannot, slide, monkeypatch):
    def faulty(path):
        message = "index 7\nis out of bounds"
        raise IndexError(message)

    monkeypatch.setattr("calcannot.io.open_image", faulty)
    ran = calcannot("info", slide)
    assert_one_line(ran, 2)
    assert "a fault in calcannot (IndexError: index 7 is out of bounds). Please report it" in ran.err


def test_a_full_memory_is_one_line(calcannot, slide, monkeypatch):
    def fill(path):
        raise MemoryError

    monkeypatch.setattr("calcannot.io.open_image", fill)
    assert_one_line(calcannot("info", slide), 2)


def test_stopping_is_130_and_no_traceback(calcannot, slide, monkeypatch):
    def stop(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("calcannot.io.open_image", stop)
    ran = calcannot("info", slide)
    assert_one_line(ran, 130)
    assert ran.err == "calcannot: stopped\n"


def test_stopping_a_batch_says_how_to_go_on_and_resume_goes_on(calcannot, slide, dark, tmp_path, monkeypatch):
    from calcannot.batch import one

    write_slide(slide.parent / "zlast.tif")
    analyse = one.analyse

    def stop(source, *rest, **options):
        if source.info.name == "zlast.tif":
            raise KeyboardInterrupt
        return analyse(source, *rest, **options)

    command = ("measure", slide.parent, "-o", tmp_path / "out", "--recipe", dark, "--jobs", 1)
    with monkeypatch.context() as patch:
        patch.setattr(one, "analyse", stop)
        ran = calcannot(*command)
    assert_one_line(ran, 130)
    assert "stopped; 1 of 2 images are finished. The same command with --resume goes on" in ran.err
    ran = calcannot(*command, "--resume")
    assert (ran.code, ran.err) == (0, "")
    assert [row["calcified_area_px"] for row in rows_of(tmp_path / "out")] == ["100", "100"]
    assert "slide.tif" in ran.out


def test_stopping_before_anything_is_finished_leaves_nothing(calcannot, slide, dark, tmp_path, monkeypatch):
    def stop(*rest, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("calcannot.batch.one.analyse", stop)
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark)
    assert_one_line(ran, 130)
    assert ran.err == "calcannot: stopped; 0 of 1 images are finished.\n"
    assert not (tmp_path / "out").exists()


def test_json_of_measure(calcannot, slide, dark, tmp_path):
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark, "--json")
    (image,) = json.loads(ran.out)
    assert (image["image"], image["calcified_area_px"], image["region_count"]) == ("slide.tif", 100, 1)
    assert image["calcified_area_mm2"] == pytest.approx(25e-6)
    assert image["warnings"] == []


def test_json_of_a_batch_names_the_image_that_failed(calcannot, slide, dark, tmp_path):
    (slide.parent / "broken.tif").write_bytes(b"II*\0")
    ran = calcannot("measure", slide.parent, "-o", tmp_path / "out", "--recipe", dark, "--json")
    broken, sound = json.loads(ran.out)
    assert ran.code == 1
    assert set(broken) == {"image", "error"}
    assert sound["calcified_area_px"] == 100


def test_json_of_info(calcannot, slide):
    facts = json.loads(calcannot("info", slide, "--json").out)
    assert (facts["height_px"], facts["width_px"], facts["name"]) == (60, 80, "slide.tif")
    assert facts["calibration"]["um_per_px_row"] == 0.5
    assert facts["calibration"]["source"] == "ome_physical_size"


def test_info_says_where_the_scale_is_from_and_when_there_is_none(calcannot, slide, tmp_path):
    assert "0.5 x 0.5 µm (row x column)" in calcannot("info", slide).out
    assert "ome_physical_size" in calcannot("info", slide).out
    assert "not known" in calcannot("info", write_slide(tmp_path / "b.tif", None)).out


def test_pixel_size_of_the_user_is_recorded_as_his(calcannot, slide, dark, tmp_path):
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark, "--pixel-size", "1umx2um")
    assert ran.code == 0
    (row,) = rows_of(tmp_path / "out")
    assert (row["um_per_px_row"], row["um_per_px_col"], row["calibration_source"]) == ("1", "2", "user")
    assert float(row["calcified_area_mm2"]) == pytest.approx(200e-6)
    assert "given as 1umx2um" in ran.out


def test_without_calibration_the_ways_to_one_are_printed(calcannot, dark, tmp_path):
    write_slide(tmp_path / "a.tif", None)
    ran = calcannot("measure", tmp_path / "a.tif", "-o", tmp_path / "out", "--recipe", dark)
    assert ran.code == 0
    printed = " ".join(ran.out.split())
    assert "100 px" in printed
    assert "mm" not in printed.split("warning")[0]
    assert "Give one with --pixel-size" in printed


def test_within_counts_inside_alone(calcannot, slide, dark, tmp_path):
    roi = tmp_path / "roi.geojson"
    roi.write_text(json.dumps({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 60], [0, 60], [0, 0]]]}))
    ran = calcannot("measure", slide, "-o", tmp_path / "out", "--recipe", dark, "--within", roi)
    assert ran.code == 0, ran.err
    assert rows_of(tmp_path / "out")[0]["calcified_area_px"] == "50"
    assert rows_of(tmp_path / "out", "regions.csv")[0]["touches_border"] == "true"


@pytest.mark.parametrize("name", ["骨 切片.tif", "Größe µ.tif", "a [red]b[].tif", "кость.tif", "x 'y' \"z\".tif"])
def test_names_in_any_script_are_printed_and_written(calcannot, dark, tmp_path, name):
    write_slide(tmp_path / "in" / name)
    ran = calcannot("measure", tmp_path / "in" / name, "-o", tmp_path / "my results", "--recipe", dark)
    assert (ran.code, ran.err) == (0, "")
    assert name in ran.out
    assert rows_of(tmp_path / "my results")[0]["image"] == name


def test_many_images_are_one_table(calcannot, dark, tmp_path):
    for i in range(5):
        write_slide(tmp_path / f"in/[bold]{i}.tif")
    ran = calcannot("measure", tmp_path / "in", "-o", tmp_path / "out", "--recipe", dark)
    assert ran.code == 0
    assert all(f"[bold]{i}.tif" in ran.out for i in range(5))


def test_recipes_are_listed_shown_and_checked(calcannot, tmp_path):
    listed = calcannot("recipe", "list")
    for name in package.recipe_names():
        assert name in listed.out
        shown = calcannot("recipe", "show", name)
        file = tmp_path / f"{name}.json"
        file.write_text(shown.out, encoding="utf-8")
        checked = calcannot("recipe", "check", file)
        assert checked.code == 0
        assert package.load_recipe(name).fingerprint() in checked.out
    schema = json.loads(calcannot("recipe", "schema").out)
    assert {"kind", "channel", "threshold", "and", "or", "cleanup"} <= set(schema["properties"])


def test_a_phantom_is_measured_as_its_truth_says(calcannot, tmp_path):
    assert calcannot("phantom", "histology", "-o", tmp_path / "p.tif", "--size", "512", "--seed", "3").code == 0
    truth = json.loads((tmp_path / "p.tif.truth.json").read_text())
    assert calcannot("measure", tmp_path / "p.tif", "-o", tmp_path / "out").code == 0
    (row,) = rows_of(tmp_path / "out")
    assert row["recipe"] == "von-kossa"
    assert float(row["calcified_area_mm2"]) == pytest.approx(truth["area_mm2"], rel=0.03)
    assert int(row["region_count"]) == truth["count"]


def test_a_film_phantom_takes_the_local_recipe_within_its_regions(calcannot, tmp_path):
    assert calcannot("phantom", "radiograph", "-o", tmp_path / "f.dcm", "--spacing-mm", "0.4").code == 0
    ran = calcannot("measure", tmp_path / "f.dcm", "-o", tmp_path / "out", "--within", tmp_path / "f.dcm.roi.geojson")
    assert ran.code == 0, ran.err
    (row,) = rows_of(tmp_path / "out")
    assert (row["recipe"], row["region_count"]) == ("radiograph-local", "2")


def test_a_grey_picture_that_is_neither_is_not_guessed(calcannot, tmp_path):
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((20, 20), np.uint8))
    ran = calcannot("measure", tmp_path / "grey.tif", "-o", tmp_path / "out")
    assert_one_line(ran, 2)
    assert "does not say whether mineral is its dark or its bright side" in ran.err


def test_version_and_help(calcannot):
    assert calcannot("--version").out == f"calcannot {package.__version__}\n"
    for command in ("measure", "info", "demo", "open", "recipe", "phantom"):
        assert command in calcannot("--help").out
        assert calcannot(command, "--help").code == 0


def run(*arguments, **options):
    command = [sys.executable, "-c", "from calcannot.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **options)


def test_as_a_process(slide, dark, tmp_path):
    done = run("measure", slide, "-o", tmp_path / "out", "--recipe", dark)
    assert (done.returncode, done.stderr) == (0, b"")
    failed = run("measure", tmp_path / "none.tif", "-o", tmp_path / "out")
    assert failed.returncode == 2
    assert failed.stderr.decode() == "calcannot: none.tif: there is no such file. Check the path.\n"
    assert failed.stdout == b""


def test_a_terminal_that_cannot_print_micrometres_is_no_reason_to_fail(slide, dark, tmp_path):
    import os

    narrow = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("measure", slide, "-o", tmp_path / "out", "--recipe", dark, env=narrow)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"calcified area" in done.stdout


def test_a_closed_pipe_is_no_traceback(slide):
    command = f'"{sys.executable}" -c "from calcannot.cli.main import main; main()" recipe show von-kossa | head -c 1'
    done = subprocess.run(command, shell=True, capture_output=True, check=False, timeout=120)
    assert b"Traceback" not in done.stderr
