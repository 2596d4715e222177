"""``calcannot calibrate``: a file that measure takes, and one line of advice where what is given does not do."""

import csv
import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def picture(tmp_path):
    pixels = np.full((200, 300, 3), 240, np.uint8)
    pixels[50:60, 50:70] = 20
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_line_becomes_a_pixel_size_that_measure_takes(calcannot, picture, tmp_path):
    made = tmp_path / "c.json"
    ran = calcannot("calibrate", picture, "--line", "10,20,210,20", "--size", "100um", "--by", "AR", "-o", made)
    assert (ran.code, ran.err) == (0, "")
    assert "0.5 x 0.5 µm a pixel" in ran.out and "lengths ± 1.4 %, areas ± 2.8 % (95 %)" in ran.out
    evidence = json.loads(made.read_text(encoding="utf-8"))["calibration"]["evidence"]
    assert (evidence["user"], evidence["image"], evidence["points"]) == ("AR", "a.png", [[10, 20], [210, 20]])
    assert len(evidence["image_sha256"]) == 64 and evidence["time"]
    recipe = tmp_path / "r.toml"
    recipe.write_text('kind = "histology"\nname = "dark"\nchannel = "value"\nthreshold = 100\n', encoding="utf-8")
    ran = calcannot("measure", picture, "--recipe", recipe, "--calibration", made, "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    with (tmp_path / "out/images.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["calibration_source"], row["calcified_area_px"]) == ("object_line", "200")
    assert float(row["calcified_area_mm2"]) == pytest.approx(200 * 0.25e-6)
    assert float(row["calibration_relative_uncertainty"]) == pytest.approx(1.96 * 2**0.5 / 200)
    record = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert record["images"][0]["calibration"]["evidence"] == evidence


def test_on_another_image_it_says_where_it_was_measured(calcannot, picture, tmp_path):
    made = tmp_path / "c.json"
    calcannot("calibrate", picture, "--line", "10,20,210,20", "--size", "100um", "-o", made)
    other = picture.rename(tmp_path / "b.png")
    ran = calcannot("measure", other, "--calibration", made, "-o", tmp_path / "out", "--json")
    assert any("measured on a.png" in each for each in json.loads(ran.out)[0]["warnings"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give one of --line"),
        (("--line", "1,2,3,4", "--height", "75mm"), "--line and --height"),
        (("--line", "1,2,3,4"), "--size"),
        (("--line", "1,2,3", "--size", "10mm"), "not a list of points"),
        (("--line", "1,2,3,4,5,6", "--size", "10mm"), "not two points"),
        (("--line", "1,2,3,4", "--size", "10"), "with a unit"),
        (("--line", "1,2,3,4", "--size", "-1mm"), "with a unit"),
        (("--line", "1,2,3,4", "--size", "10mm"), "too near"),
        (("--coin", "1,2", "--size", "10mm"), "no dense round object"),
        (("--coin", "1,2,3,4", "--size", "10mm"), "do not tell an ellipse"),
        (("--height", "75mm"), "ImagerPixelSpacing"),
    ],
)
def test_what_does_not_do_is_told_in_one_line(calcannot, picture, tmp_path, arguments, said):
    ran = calcannot("calibrate", picture, *arguments, "-o", tmp_path / "c.json")
    assert ran.code == 2 and said in ran.err and ran.err.count("\n") == 1
    assert not (tmp_path / "c.json").exists()


def test_a_pixel_size_is_given_once(calcannot, picture, tmp_path):
    arguments = ("--pixel-size", "1um", "--calibration", tmp_path / "c.json")
    ran = calcannot("measure", picture, *arguments, "-o", tmp_path / "out")
    assert ran.code == 2 and "both given" in ran.err
