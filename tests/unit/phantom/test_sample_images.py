"""The sample case: files as listed, truth as the formulas have it, a record that invents nothing."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile

from calcannot.model.case import case_from_dict
from calcannot.store.case_record import record_text

SAMPLE = Path(__file__).parents[3] / "sample_images"
MANIFEST = list(csv.DictReader((SAMPLE / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"))
RECORD = json.loads((SAMPLE / "case.json").read_text(encoding="utf-8"))


def truth_of(name):
    return json.loads((SAMPLE / f"{name}.truth.json").read_text(encoding="utf-8"))


def leaves(node):
    if isinstance(node, dict) and "status" in node:
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from leaves(child)


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(SAMPLE))
    yield runpy.run_path(str(SAMPLE / "generate.py"))
    for name in ("pelvis", "record", "skin", "skin_cells", "skin_field", "skin_mineral"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("row", MANIFEST, ids=lambda row: row["file"])
def test_files_are_as_the_manifest_lists_them(row):
    content = (SAMPLE / row["file"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (int(row["bytes"]), row["sha256"])
    assert row["licence"] == "CC0-1.0"


def test_every_file_of_the_case_is_listed():
    listed = {row["file"] for row in MANIFEST} | {"MANIFEST.tsv", "README.md"}
    data = {p.relative_to(SAMPLE).as_posix() for p in SAMPLE.rglob("*.*") if p.suffix not in {".py", ".pyc"}}
    assert data == listed


def test_record_and_truth_come_out_of_the_generator_again(generator):
    record = case_from_dict(generator["record"].case_record(generator["images"](SAMPLE)))
    assert record_text(record) == (SAMPLE / "case.json").read_text(encoding="utf-8")
    masses = generator["pelvis"].MASSES
    for mass, lesion in zip(masses, truth_of("radiograph.dcm")["lesions"], strict=True):
        assert lesion["object_area_mm2"] == mass.outline_area_mm2
        assert lesion["magnification"] == pytest.approx(1150 / 1075, rel=1e-12)


def test_masses_have_the_reported_diameters():
    lesions = truth_of("radiograph.dcm")["lesions"]
    assert [(lesion["length_mm"], lesion["width_mm"]) for lesion in lesions] == [(50, 40), (30, 20)]
    for lesion, ellipse_mm2 in zip(lesions, (500 * math.pi, 150 * math.pi), strict=True):
        assert lesion["object_area_mm2"] == pytest.approx(ellipse_mm2, rel=0.003)
        assert 0.7 < lesion["mineral_area_mm2"] / lesion["object_area_mm2"] < 0.95


def test_film_tells_its_scale_and_names_nobody():
    film = pydicom.dcmread(SAMPLE / "radiograph.dcm")
    assert [float(side) for side in film.ImagerPixelSpacing] == [0.25, 0.25]
    assert (film.DistanceSourceToDetector, film.DistanceSourceToPatient) == (1150, 1075)
    assert (str(film.PatientName), film.PatientIdentityRemoved) == ("PHANTOM", "YES")
    assert "Not an image of the patient" in film.ImageComments
    assert film.pixel_array.shape == (1400, 1720)


def test_regions_hold_one_mass_each():
    features = json.loads((SAMPLE / "annotations/radiograph.dcm.geojson").read_text(encoding="utf-8"))["features"]
    film = pydicom.dcmread(SAMPLE / "radiograph.dcm").pixel_array.astype(float)
    for feature, lesion in zip(features, truth_of("radiograph.dcm")["lesions"], strict=True):
        xs, ys = zip(*feature["geometry"]["coordinates"][0], strict=True)
        assert min(xs) < lesion["col_px"] < max(xs)
        assert min(ys) < lesion["row_px"] < max(ys)
        part = film[min(ys) : max(ys), min(xs) : max(xs)]
        centre = film[round(lesion["row_px"]) - 9 : round(lesion["row_px"]) + 10, round(lesion["col_px"]) - 9 :][:, :19]
        assert np.median(centre) > np.percentile(part, 75)


def test_section_shows_its_area_at_half_height():
    truth = truth_of("section.tif")
    with tifffile.TiffFile(SAMPLE / "section.tif") as tif:
        value = tif.asarray().max(axis=2)
        assert "Not an image of the patient" in tif.ome_metadata
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == (1.0, "µm")
    assert np.count_nonzero(value < 120) / 1e6 == pytest.approx(truth["mineral_area_mm2"], rel=0.02)


def test_record_reports_only_what_the_letter_does():
    statuses = {leaf["status"] for leaf in leaves(RECORD)}
    assert statuses == {"reported", "not_reported"}
    for leaf in leaves(RECORD):
        assert {"value", "unit", "status", "source", "date"} <= leaf.keys()
        assert (leaf["value"] is None) == (leaf["status"] == "not_reported")
    silent = ("phosphate", "parathyroid_hormone", "vitamin_d_25_oh", "vitamin_d_1_25_oh", "fgf23")
    assert {RECORD["labs"][name]["status"] for name in silent} == {"not_reported"}
    assert {lesion["side"]["status"] for lesion in RECORD["lesions"]} == {"not_reported"}
    assert (RECORD["schema_version"], RECORD["revision"]) == (2, 1)


def test_record_says_that_its_images_are_rendered():
    for image in RECORD["images"]:
        assert image["rendered"] is True
        assert "Not an image of the patient" in image["note"]
        assert hashlib.sha256((SAMPLE / image["path"]).read_bytes()).hexdigest() == image["sha256"]
