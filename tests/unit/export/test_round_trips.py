"""Mask to format to mask is the identity, read by libraries that are not ours."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import roifile
import shapely
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from calcannot.export.coco import write_coco
from calcannot.export.geojson import write_geojson
from calcannot.export.imagej import write_roi, write_roi_set
from calcannot.export.label_tiff import write_label_tiff
from calcannot.export.zarr_labels import write_zarr_labels
from calcannot.store.masks import write_mask


def drawn(*rows):
    return np.array([[character == "#" for character in row] for row in rows])


MASKS = {
    "empty": np.zeros((4, 5), bool),
    "full": np.ones((3, 4), bool),
    "two pixels": drawn("# ", "  "),
    "one pixel wide": drawn("#", " ", "#"),
    "island in a hole": drawn("#######", "#     #", "# ### #", "# # # #", "# ### #", "#     #", "#######"),
    "touching corners": drawn("# # ", " # #", "## #", "  # "),
    "holes that touch": drawn("#####", "## ##", "# ###", "#####"),
    "ring closed by a corner": drawn("####", "#  #", "#  #", "### "),
    "at every border": drawn("# ##", "    ", "#  #", "## #"),
    "columns that join": drawn("## ", "## ", "## "),
}  # fmt: skip
any_mask = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans())


def features(path):
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)["features"]


def from_geojson(subject, folder, filled, shape):
    path = folder / "m.geojson"
    write_geojson(path, subject)
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features(path)]
    assert all(each.is_valid for each in shapes)
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    labels = np.zeros(shape, np.int64)
    for number, each in enumerate(shapes, start=1):
        labels[shapely.contains_xy(each, x, y)] = number
    return labels


def from_roi_set(subject, folder, filled, shape):
    write_roi_set(folder / "m.zip", subject)
    labels = np.zeros(shape, np.int64)
    for roi in roifile.ImagejRoi.fromfile(folder / "m.zip") if subject.region_count else []:
        labels[filled(roi.coordinates(multi=True), shape)] = int(roi.name)
    return labels


def from_roi(subject, folder, filled, shape):
    write_roi(folder / "m.roi", subject)
    roi = roifile.ImagejRoi.fromfile(folder / "m.roi")
    return filled(roi.coordinates(multi=True) if subject.region_count else [], shape)


def from_coco(subject, folder, filled, shape):
    write_coco(folder / "m.json", [subject])
    content = json.loads((folder / "m.json").read_text("utf-8"))
    labels = np.zeros(shape, np.int64)
    for entry in content["annotations"]:
        pixels = coco_mask.decode(entry["segmentation"]).astype(bool)
        assert entry["area"] == pixels.sum() == coco_mask.area(entry["segmentation"])
        assert entry["bbox"] == coco_mask.toBbox(entry["segmentation"]).tolist()
        assert entry["segmentation"]["counts"] == coco_mask.encode(np.asfortranarray(pixels))["counts"].decode()
        labels[pixels] = entry["region"]
    return labels


def from_label_tiff(subject, folder, filled, shape):
    write_label_tiff(folder / "m.ome.tif", subject)
    return tifffile.imread(folder / "m.ome.tif")


def from_mask_tiff(subject, folder, filled, shape):
    write_mask(folder / "m.ome.tif", subject.runs, subject.calibration)
    return tifffile.imread(folder / "m.ome.tif") > 0


def from_zarr(subject, folder, filled, shape):
    zarr = pytest.importorskip("zarr")
    write_zarr_labels(folder / "m.zarr", subject)
    return zarr.open_array(folder / "m.zarr" / "0", mode="r")[:]


WAYS = [from_geojson, from_roi_set, from_roi, from_coco, from_label_tiff, from_mask_tiff]


def check(way, mask, subject_of, filled, folder):
    subject = subject_of(mask)
    found = way(subject, folder, filled, mask.shape)
    expected = subject.runs.labels(0, 0, *mask.shape)
    np.testing.assert_array_equal(found, expected if found.dtype != bool else expected > 0)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
@pytest.mark.parametrize("way", [*WAYS, from_zarr])
def test_shapes_that_are_easily_lost(way, mask, subject_of, filled, tmp_path):
    check(way, mask, subject_of, filled, tmp_path)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_mask)
def test_any_mask(way, subject_of, filled, tmp_path_factory, mask):
    check(way, mask, subject_of, filled, tmp_path_factory.mktemp("any"))


@pytest.mark.shared
def test_a_real_section(subject_of, filled, shared_data, tmp_path):
    import calcannot

    with calcannot.open_image(shared_data / "histology" / "von_kossa_bone" / "bone.jpeg") as source:
        runs = calcannot.analyse(source, calcannot.load_recipe("von-kossa")).runs
    mask = runs.mask(0, 0, runs.height_px, runs.width_px)
    assert mask.any()
    for way in (from_geojson, from_coco, from_label_tiff, from_mask_tiff):
        check(way, mask, subject_of, filled, tmp_path)
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    middle = mask[rows[0] : rows[0] + 200, cols[0] : cols[0] + 200]
    for way in (from_roi_set, from_roi, from_zarr):
        check(way, middle, subject_of, filled, tmp_path)


def test_coco_is_read_by_its_own_library(subject_of, tmp_path, capsys):
    masks = [MASKS["island in a hole"], MASKS["empty"], MASKS["touching corners"]]
    subjects = [subject_of(m, name=f"{i}.tif", licence="CC0 1.0") for i, m in enumerate(masks)]
    write_coco(tmp_path / "all.json", subjects)
    coco = COCO(str(tmp_path / "all.json"))
    assert [each["file_name"] for each in coco.loadImgs(coco.getImgIds())] == ["0.tif", "1.tif", "2.tif"]
    assert [(each["license"], each["um_per_px_row"]) for each in coco.loadImgs(coco.getImgIds())] == [(1, 0.5)] * 3
    assert coco.dataset["licenses"] == [{"id": 1, "name": "CC0 1.0", "url": ""}]
    assert sorted(coco.getAnnIds()) == list(range(1, len(coco.anns) + 1))
    for number, mask in enumerate(masks, start=1):
        union = np.zeros(mask.shape, bool)
        for entry in coco.loadAnns(coco.getAnnIds(imgIds=number)):
            union |= coco.annToMask(entry).astype(bool)
        np.testing.assert_array_equal(union, mask)


def test_coco_polygons_lose_holes_and_nothing_else(subject_of, tmp_path):
    mask = np.zeros((40, 50), bool)
    mask[4:30, 6:45] = True
    mask[10:20, 10:20] = False
    mask[33:38, 2:9] = True
    write_coco(tmp_path / "m.json", [subject_of(mask)], polygons=True)
    union = np.zeros(mask.shape, bool)
    for entry in json.loads((tmp_path / "m.json").read_text("utf-8"))["annotations"]:
        lengths = coco_mask.frPyObjects(entry["segmentation"], *mask.shape)
        union |= coco_mask.decode(lengths).any(axis=2)
    np.testing.assert_array_equal(union & ~mask, np.pad(np.ones((10, 10), bool), ((10, 20), (10, 30))))
    assert union[mask].all()


def test_a_slide_too_large_for_coco_is_refused(subject_of, tmp_path):
    from dataclasses import replace

    from calcannot.errors import OutputError

    subject = subject_of(MASKS["empty"])
    large = replace(subject, runs=replace(subject.runs, width_px=2**30))
    with pytest.raises(OutputError, match="4294967296 pixels"):
        write_coco(tmp_path / "m.json", [large])


def test_geojson_is_in_the_dialect_of_qupath(subject_of, tmp_path):
    subject = subject_of(MASKS["island in a hole"])
    write_geojson(tmp_path / "m.geojson", subject)
    content = json.loads((tmp_path / "m.geojson").read_text("utf-8"))
    first = content["features"][0]
    assert first["properties"]["objectType"] == "detection"
    assert first["properties"]["classification"] == {"name": "Calcified", "color": [0, 200, 83]}
    assert first["properties"]["measurements"] == [
        {"name": "Region", "value": 1}, {"name": "Area px^2", "value": 24}, {"name": "Area µm^2", "value": 3.0}
    ]  # fmt: skip
    assert len({feature["id"] for feature in content["features"]}) == 2
    assert content["calcannot"]["width_px"] == 7
    ring = first["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]


def test_the_same_regions_are_the_same_bytes(subject_of, tmp_path):
    subject = subject_of(MASKS["touching corners"])
    for name in ("a.geojson.gz", "b.geojson.gz"):
        write_geojson(tmp_path / name, subject)
    assert (tmp_path / "a.geojson.gz").read_bytes() == (tmp_path / "b.geojson.gz").read_bytes()
    for name in ("a.zip", "b.zip"):
        write_roi_set(tmp_path / name, subject)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_many_regions_are_written_in_pieces(subject_of, tmp_path, monkeypatch):
    monkeypatch.setattr("calcannot.export.geojson._AT_ONCE", 3)
    monkeypatch.setattr("calcannot.export.coco._AT_ONCE", 3)
    mask = np.zeros((9, 21), bool)
    mask[::2, ::2] = True
    subject = subject_of(mask)
    seen = []
    write_geojson(tmp_path / "m.geojson", subject, lambda done, total: seen.append((done, total)))
    assert len(features(tmp_path / "m.geojson")) == 55
    assert seen[0] == (3, 55)
    assert seen[-1] == (55, 55)
    write_coco(tmp_path / "m.json", [subject, subject])
    assert len(json.loads((tmp_path / "m.json").read_text("utf-8"))["annotations"]) == 110


def test_places_far_from_the_corner_stay_exact_in_imagej(subject_of, tmp_path):
    mask = np.zeros((3, 70_000), bool)
    mask[1, 69_998] = mask[0, 40_000] = mask[2, 5] = True
    write_roi_set(tmp_path / "m.zip", subject_of(mask))
    low = [
        roi.coordinates(multi=True)[0].min(axis=0).tolist() for roi in roifile.ImagejRoi.fromfile(tmp_path / "m.zip")
    ]
    assert low == [[40_000, 0], [69_998, 1], [5, 2]]


def test_an_overview_of_labels_keeps_single_pixels(subject_of, tmp_path):
    mask = np.zeros((700, 1101), bool)
    mask[3, 5] = mask[699, 1100] = True
    write_label_tiff(tmp_path / "m.ome.tif", subject_of(mask))
    with tifffile.TiffFile(tmp_path / "m.ome.tif") as tiff:
        levels = [level.asarray() for level in tiff.series[0].levels]
        assert 'PhysicalSizeX="0.25"' in tiff.ome_metadata
    assert [level.shape for level in levels] == [(700, 1101), (350, 551), (175, 276)]
    assert [sorted(np.unique(level)) for level in levels] == [[0, 1, 2]] * 3
    assert levels[2][0, 1] == 1
    assert levels[2][174, 275] == 2
