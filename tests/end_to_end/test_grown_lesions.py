"""A lesion that is grown from a click is the same one from the command line, from a case, and from GeoJSON."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from calcannot import load_recipe, open_image, read_annotations
from calcannot.batch.case_images import add_image
from calcannot.batch.lesion_extents import extents_in_regions
from calcannot.model.annotation import Annotations
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.write import write_radiograph
from calcannot.pipeline.grow import grow
from calcannot.store.case_folder import CaseFolder
from calcannot.store.geojson import to_geojson
from calcannot.store.mask_reader import read_mask
from calcannot.store.results_reader import read_newest

LOCAL = load_recipe("radiograph-local")
NODULE = Nodule(row_mm=0, col_mm=0, a_mm=6, b_mm=5, c_mm=4)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    phantom = render_radiograph(RadiographSpec(nodules=(NODULE,), size_mm=(60, 60), spacing_mm=0.3), 1)
    path = tmp_path_factory.mktemp("film") / "film.dcm"
    write_radiograph(phantom, path)
    return path, phantom.lesions[0]


def row_of(folder):
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))


def test_from_the_command_line(film, tmp_path, calcannot):
    path, lesion = film
    place = f"{lesion.col_px:.0f},{lesion.row_px:.0f}"
    ran = calcannot("measure", path, "--seed", place, "-o", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    assert "of the peak above the local background" in ran.out
    with open_image(path) as source:
        growth = grow(source, LOCAL, round(lesion.row_px), round(lesion.col_px))
    row = row_of(tmp_path / "out")
    assert row["calcified_area_px"] == str(growth.area_px)
    assert row["peak_fraction_low"] == row["peak_fraction_high"] == f"{growth.surface.peak_fraction:.10g}"
    calcannot("measure", path, "--seed", f"{place},0.5", "-o", tmp_path / "half")
    half = row_of(tmp_path / "half")
    assert half["peak_fraction_low"] == "0.5" and "because that was chosen" in half["warnings"]
    assert int(half["calcified_area_px"]) < growth.area_px


def test_a_place_on_a_lesion_that_is_grown_already_takes_the_place_of_the_one_before(film, tmp_path, calcannot):
    path, lesion = film
    first, second = (f"{lesion.col_px + k:.0f},{lesion.row_px:.0f}" for k in (0, 2))
    rows = []
    for name, places in (("same", (second, second)), ("near", (first, second)), ("one", (second,))):
        calcannot("measure", path, *(f"--seed={place}" for place in places), "-o", tmp_path / name)
        rows.append(row_of(tmp_path / name))
    assert rows[0] == rows[1] == rows[2]
    assert rows[0]["threshold"]


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ("5", "'5' is not a place to grow from. Write it as x,y"),
        ("a,b", "'a,b' is not a place"),
        ("1,2,3,4", "is not a place"),
        ("3,3", "nothing at x 3, y 3 rises above its surroundings"),
        ("-30,3", "lies beside the image"),
        ("100,100,1.5", "a share of 1.5 of the peak is none"),
    ],
)
def test_what_cannot_be_grown_from_is_one_line(film, tmp_path, calcannot, seed, said):
    ran = calcannot("measure", film[0], f"--seed={seed}", "-o", tmp_path / "out")
    assert ran.code == 2 and said in ran.err and ran.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_on_a_section_is_refused_with_a_way_on_that_leads_somewhere(tmp_path, calcannot):
    Image.fromarray(np.full((40, 60, 3), 220, np.uint8)).save(tmp_path / "section.png")
    ran = calcannot("measure", tmp_path / "section.png", "--seed", "3,3", "-o", tmp_path / "out")
    assert ran.code == 2 and "lesions are grown on grey films only. Draw a region instead" in ran.err


def test_a_place_for_many_images_is_refused(film, tmp_path, calcannot):
    other = shutil.copy(film[0], tmp_path / "other.dcm")
    ran = calcannot("measure", film[0], other, "--seed", "3,3", "-o", tmp_path / "out")
    assert ran.code == 2 and "for 2 images" in ran.err


def test_from_a_case_that_was_saved(film, tmp_path, calcannot):
    path, lesion = film
    with open_image(path) as source:
        growths = [grow(source, LOCAL, lesion.row_px, lesion.col_px, share=share) for share in (None, 0.4)]
    case = CaseFolder.create(tmp_path / "case", id="case-1", author="Ada")
    add_image(case, path, role="radiograph", id="film")
    for growth in growths:
        with case.stroke_log("film", author="Ada") as log:
            log.add([growth.stroke])  # of the same place: the later takes the earlier one's place
        assert calcannot("run", tmp_path / "case").code == 0
        (results,) = read_newest(tmp_path / "case")
        runs = read_mask(results.items[0].mask_path)
        np.testing.assert_array_equal(runs.mask(growth.row, growth.col, *growth.mask.shape), growth.mask)
        assert results.items[0].totals.calcified_area_px == growth.area_px
        (extent,) = extents_in_regions(results.items[0], case, "film")
        assert extent.area_px == growth.area_px
    assert calcannot("verify", tmp_path / "case").code == 0


def test_through_geojson(film, tmp_path):
    path, lesion = film
    with open_image(path) as source:
        stroke = grow(source, LOCAL, lesion.row_px, lesion.col_px, share=0.4).stroke
    (tmp_path / "a.geojson").write_text(json.dumps(to_geojson(Annotations((stroke,)))), encoding="utf-8")
    (again,) = read_annotations(tmp_path / "a.geojson").strokes
    assert (again.reach_px, again.peak_fraction, again.id) == (stroke.reach_px, 0.4, stroke.id)
    np.testing.assert_array_equal(again.rings[0], stroke.rings[0])
