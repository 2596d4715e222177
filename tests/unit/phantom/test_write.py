"""What stands beside a phantom on disk."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import numpy as np
import pytest
import tifffile
from PIL import Image

from calcannot.errors import OutputError
from calcannot.phantom.histology import render_histology
from calcannot.phantom.histology_spec import HistologySpec
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.phantom.shapes import disc
from calcannot.phantom.write import write_histology, write_radiograph


@pytest.fixture(scope="module")
def section():
    spec = HistologySpec(size_px=(64, 96), um_per_px=0.25, deposits=(disc(30.0, 40.0, 10.0),))
    return render_histology(spec, seed=9)


@pytest.fixture(scope="module")
def film():
    nodule = Nodule(0.0, 0.0, 8.0, 6.0, 5.0)
    return render_radiograph(RadiographSpec(size_mm=(60.0, 70.0), nodules=(nodule,)), seed=2)


def test_section_keeps_its_pixels_and_their_size(section, tmp_path):
    truth = write_histology(section, tmp_path / "section.ome.tif")
    with tifffile.TiffFile(tmp_path / "section.ome.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), section.rgb)
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
        assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeY"], pixels["PhysicalSizeXUnit"]) == (0.25, 0.25, "µm")
        ticks, per = tif.pages[0].tags["XResolution"].value
        assert ticks / per == pytest.approx(40_000)
    assert truth.name == "section.ome.tif.truth.json"
    content = json.loads(truth.read_text(encoding="utf-8"))
    assert content["area_um2"] == pytest.approx(np.pi * 100 / 16)
    assert (content["count"], content["seed"], content["spec"]["deposits"][0]["kind"]) == (1, 9, "Ellipse")
    assert "Not an image of a patient" in content["rendered"]
    assert list(content) == sorted(content)


def test_a_section_is_written_twice_alike(section, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_histology(section, tmp_path / name / "s.tif")
    assert (tmp_path / "a" / "s.tif").read_bytes() == (tmp_path / "b" / "s.tif").read_bytes()


@pytest.mark.parametrize("name", ["s.png", "s.jpg"])
def test_pictures_carry_no_pixel_size(section, tmp_path, name):
    write_histology(section, tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert picture.size == (96, 64)
        assert "dpi" not in picture.info


@pytest.mark.parametrize("name", ["f.dcm", "f.tif", "f.png"])
def test_film_has_its_truth_and_regions_beside_it(film, tmp_path, name):
    truth = json.loads(write_radiograph(film, tmp_path / name).read_text(encoding="utf-8"))
    assert truth["lesions"][0]["object_area_mm2"] == pytest.approx(np.pi * 48)
    rois = json.loads((tmp_path / f"{name}.roi.geojson").read_text(encoding="utf-8"))
    (feature,) = rois["features"]
    top, left, bottom, right = film.lesions[0].roi_px
    xs, ys = zip(*feature["geometry"]["coordinates"][0], strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == (left, right, top, bottom)
    assert feature["properties"]["classification"]["name"] == "Region"
    assert feature["properties"]["objectType"] == "annotation"
    assert uuid.UUID(feature["id"]).version == 5


@pytest.mark.parametrize("name", ["f.tif", "f.png"])
def test_sixteen_bit_pictures_keep_the_pixels(film, tmp_path, name):
    write_radiograph(film, tmp_path / name)
    read = tifffile.imread(tmp_path / name) if name.endswith("tif") else np.array(Image.open(tmp_path / name))
    np.testing.assert_array_equal(read, film.pixels)


def test_unknown_suffixes_are_refused(section, film, tmp_path):
    with pytest.raises(OutputError, match=r"\.bmp"):
        write_histology(section, tmp_path / "s.bmp")
    with pytest.raises(OutputError, match="without a suffix"):
        write_radiograph(film, tmp_path / "film")


def test_a_missing_folder_is_an_error_in_one_line(section, tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        write_histology(section, tmp_path / "absent" / "s.tif")


def test_importing_the_package_is_light():
    code = "import sys, calcannot.phantom; print({'numpy', 'scipy', 'pydicom', 'tifffile', 'PIL'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
