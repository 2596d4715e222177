"""What other programs drew comes in as the same pixels, and what cannot belong to the image does not."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from pycocotools import mask as coco_mask

from calcannot import ArraySource, Calibration
from calcannot.errors import AnnotationError
from calcannot.export.coco import write_coco
from calcannot.export.geojson import write_geojson
from calcannot.export.imagej import write_roi, write_roi_set
from calcannot.export.label_tiff import write_label_tiff
from calcannot.export.subject import Subject
from calcannot.export.zarr_labels import write_zarr_labels
from calcannot.model.annotation import StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.runs.from_mask import runs_of_mask
from calcannot.store.annotation_file import read_annotation_file, write_annotation_file
from calcannot.store.annotation_import import read_any
from calcannot.store.geojson import to_geojson

SCALE = Calibration(0.5, 0.5, CalibrationSource.USER)


def info_of(height, width, name="section.tif", calibration=SCALE):
    return ArraySource(np.zeros((height, width), np.uint8), name=name, calibration=calibration).info


def pixels_of(annotations, shape):
    """Pixels inside any stroke, by the even-odd rule, with shapely."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    result = np.zeros(shape, bool)
    for stroke in annotations.strokes:
        inside = np.zeros(shape, bool)
        for ring in stroke.rings:
            inside ^= shapely.contains_xy(shapely.Polygon(ring), x, y)
        result |= inside
    return result


def subject_of(mask):
    return Subject("section.tif", "0" * 64, "c", runs_of_mask(mask), {}, SCALE, "r", "f", "histology")


def as_geojson(mask, path):
    write_geojson(path, subject_of(mask))


def as_geojson_gz(mask, path):
    write_geojson(path.with_suffix(".gz"), subject_of(mask))
    path.with_suffix(".gz").replace(path)


def as_roi_set(mask, path):
    write_roi_set(path, subject_of(mask))


def as_roi(mask, path):
    write_roi(path, subject_of(mask))


def as_coco(mask, path):
    write_coco(path, [subject_of(mask)])


def as_label_tiff(mask, path):
    write_label_tiff(path, subject_of(mask))


def as_png(mask, path):
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(path, "png")


def as_numpy(mask, path):
    with path.open("wb") as file:
        np.save(file, mask)


def as_npz(mask, path):
    with path.open("wb") as file:
        np.savez_compressed(file, mask=mask)


WAYS = [as_geojson, as_geojson_gz, as_roi_set, as_roi, as_coco, as_label_tiff, as_png, as_numpy, as_npz]


def section():
    mask = np.zeros((30, 40), bool)
    mask[3:20, 4:30] = True
    mask[6:15, 8:20] = False
    mask[8:11, 10:14] = True
    mask[20, 30] = mask[29, 39] = mask[0, 0] = True
    return mask


@pytest.mark.parametrize("way", WAYS)
def test_what_went_out_comes_in(way, tmp_path):
    for mask in (section(), np.ones((4, 5), bool)):
        way(mask, tmp_path / "file")
        found = read_any(tmp_path / "file", info_of(*mask.shape), author="B")
        np.testing.assert_array_equal(pixels_of(found, mask.shape), mask)
        assert {(stroke.kind, stroke.author) for stroke in found.strokes} == {(StrokeKind.ADD, "B")}
        assert len({stroke.id for stroke in found.strokes}) == len(found.strokes)


def test_labels_of_ome_zarr_come_in(tmp_path):
    pytest.importorskip("zarr")
    write_zarr_labels(tmp_path / "m.zarr", subject_of(section()))
    np.testing.assert_array_equal(pixels_of(read_any(tmp_path / "m.zarr", info_of(30, 40)), (30, 40)), section())


@pytest.mark.parametrize("way", [as_roi_set, as_coco, as_png])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.booleans()))
def test_any_mask_comes_in(way, tmp_path_factory, mask):
    path = tmp_path_factory.mktemp("any") / "file"
    way(mask, path)
    np.testing.assert_array_equal(pixels_of(read_any(path, info_of(*mask.shape)), mask.shape), mask)


def test_nothing_found_is_a_finding(tmp_path):
    as_png(np.zeros((5, 5), bool), tmp_path / "m")
    assert read_any(tmp_path / "m", info_of(5, 5)).strokes == ()


def test_what_came_in_can_be_saved_and_read_as_strokes(tmp_path):
    from calcannot import read_annotations

    as_png(section(), tmp_path / "m")
    found = read_any(tmp_path / "m", info_of(30, 40))
    (tmp_path / "saved.geojson").write_text(json.dumps(to_geojson(found)), "utf-8")
    again = read_annotations(tmp_path / "saved.geojson")
    np.testing.assert_array_equal(pixels_of(again, (30, 40)), section())


def test_a_mask_of_half_the_resolution_is_enlarged(tmp_path):
    as_png(section(), tmp_path / "m")
    found = read_any(tmp_path / "m", info_of(61, 80))
    np.testing.assert_array_equal(pixels_of(found, (60, 80)), np.kron(section(), np.ones((2, 2), bool)))
    with pytest.raises(AnnotationError, match=r"is 40 x 30 px, and section\.tif is 45 x 33"):
        read_any(tmp_path / "m", info_of(33, 45))
    with pytest.raises(AnnotationError, match="another image, or is a part of one"):
        read_any(tmp_path / "m", info_of(30, 400))
    with pytest.raises(AnnotationError, match="another image"):
        read_any(tmp_path / "m", info_of(15, 20))


def test_a_mask_of_another_scale_is_refused(tmp_path):
    write_label_tiff(tmp_path / "m.ome.tif", subject_of(section()))
    assert read_any(tmp_path / "m.ome.tif", info_of(30, 40)).strokes
    other = info_of(30, 40, calibration=Calibration(0.25, 0.25, CalibrationSource.USER))
    with pytest.raises(AnnotationError, match=r"0\.5 µm a pixel, where section\.tif with 0\.25"):
        read_any(tmp_path / "m.ome.tif", other)


def test_a_picture_in_colour_is_no_mask(tmp_path):
    Image.fromarray(np.full((5, 5, 3), (10, 20, 30), np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(AnnotationError, match="5 x 5 x 3"):
        read_any(tmp_path / "m.png", info_of(5, 5))


@pytest.mark.parametrize(
    "ring",
    [
        [[100, 100], [120, 100], [120, 120]],  # outside
        [[30, 20], [90, 20], [90, 60], [30, 60]],  # drawn at twice the resolution
    ],
)
def test_shapes_that_lie_elsewhere_are_refused(ring, tmp_path):
    content = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    (tmp_path / "m.geojson").write_text(json.dumps(content), "utf-8")
    with pytest.raises(AnnotationError, match="shape 1 reaches from"):
        read_any(tmp_path / "m.geojson", info_of(30, 40))


def test_an_outline_drawn_over_the_border_is_taken(tmp_path):
    ring = [[-3, -2], [20, -2], [20, 20], [-3, 20], [-3, -2]]
    (tmp_path / "m.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), "utf-8")
    assert pixels_of(read_any(tmp_path / "m.geojson", info_of(30, 40)), (30, 40)).sum() == 400


def test_our_own_export_of_another_image_is_refused(tmp_path):
    as_geojson(section(), tmp_path / "m")
    with pytest.raises(AnnotationError, match=r"is of section\.tif, 40 x 30 px"):
        read_any(tmp_path / "m", info_of(60, 80))


def features(*classes):
    square = [[2, 2], [9, 2], [9, 9], [2, 9], [2, 2]]
    made = [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [square]},
             "properties": {"classification": {"name": name}} if name else {}} for name in classes]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": made})


def test_one_class_is_taken_and_several_are_asked_for(tmp_path):
    path = tmp_path / "m.geojson"
    path.write_text(features("Tissue", "Bone", "Bone"), "utf-8")
    with pytest.raises(AnnotationError, match="2 classes: Bone, Tissue"):
        read_any(path, info_of(30, 40))
    assert len(read_any(path, info_of(30, 40), only="bone").strokes) == 2
    with pytest.raises(AnnotationError, match="no class 'Vessel'"):
        read_any(path, info_of(30, 40), only="Vessel")
    path.write_text(features("Tissue", "Calcified", "Ignore*"), "utf-8")
    assert [s.kind for s in read_any(path, info_of(30, 40)).strokes] == [StrokeKind.ADD, StrokeKind.EXCLUDE]


ASAP = """<?xml version="1.0"?>
<ASAP_Annotations><Annotations>
<Annotation Name="one" Type="Polygon" PartOfGroup="{}" Color="#F4FA58"><Coordinates>
<Coordinate Order="1" X="10,0" Y="2.0" /><Coordinate Order="0" X="2.0" Y="2.0" />
<Coordinate Order="2" X="10.0" Y="8.0" /><Coordinate Order="3" X="2.0" Y="8.0" />
</Coordinates></Annotation>
<Annotation Name="dot" Type="Dot" PartOfGroup="None">
<Coordinates><Coordinate Order="0" X="1" Y="1" /></Coordinates></Annotation>
</Annotations><AnnotationGroups/></ASAP_Annotations>"""


def test_asap_comes_in_with_its_groups(tmp_path):
    (tmp_path / "a.xml").write_text(ASAP.format("mineral"), "utf-8")
    found = read_any(tmp_path / "a.xml", info_of(30, 40), StrokeKind.EXCLUDE, reason="ink")
    (stroke,) = found.strokes
    assert (stroke.name, stroke.kind, stroke.reason) == ("one", StrokeKind.EXCLUDE, "ink")
    expected = np.zeros((30, 40), bool)
    expected[2:8, 2:10] = True
    np.testing.assert_array_equal(pixels_of(found, (30, 40)), expected)
    (tmp_path / "a.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><ASAP_Annotations/>', "utf-8")
    with pytest.raises(AnnotationError, match="declarations"):
        read_any(tmp_path / "a.xml", info_of(30, 40))
    (tmp_path / "a.xml").write_text("<html/>", "utf-8")
    with pytest.raises(AnnotationError, match="another program"):
        read_any(tmp_path / "a.xml", info_of(30, 40))


def test_coco_of_other_programs_comes_in(tmp_path):
    mask = section()
    packed = coco_mask.encode(np.asfortranarray(mask))
    loose = {"size": [30, 40], "counts": [0, 1, 1199]}
    image = {"id": 7, "file_name": "folder/section.png", "height": 30, "width": 40}
    other = image | {"id": 8, "file_name": "other.png"}
    entry = {"image_id": 7, "category_id": 1, "iscrowd": 0}
    content = {
        "images": [other, image],
        "categories": [{"id": 1, "name": "mineral"}],
        "annotations": [
            entry | {"id": 1, "segmentation": {"size": [30, 40], "counts": packed["counts"].decode()}},
            entry | {"id": 2, "segmentation": loose},
            entry | {"id": 3, "segmentation": [[34, 2, 38, 2, 38, 6, 34, 6], [34, 10, 36, 10, 36, 12]]},
            entry | {"id": 4, "image_id": 8, "segmentation": [[0, 0, 9, 0, 9, 9]]},
        ],
    }
    (tmp_path / "c.json").write_text(json.dumps(content), "utf-8")
    found = read_any(tmp_path / "c.json", info_of(30, 40))
    expected = mask.copy()
    expected[0, 0] = True
    expected[2:6, 34:38] = True
    expected[10, 34:36] = True
    expected[11, 35] = True
    difference = pixels_of(found, (30, 40)) ^ expected
    assert difference[12:].sum() == difference[:10].sum() == 0  # a slanted edge may go either way on its centre
    with pytest.raises(AnnotationError, match="says 40 x 30 px"):
        read_any(tmp_path / "c.json", info_of(60, 80))
    with pytest.raises(AnnotationError, match="names no image"):
        read_any(tmp_path / "c.json", info_of(30, 40, name="third.tif"))
    content["annotations"][0]["segmentation"]["counts"] = [3, 4]
    (tmp_path / "c.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(AnnotationError, match="do not fill the image"):
        read_any(tmp_path / "c.json", info_of(30, 40))


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\nxx", b"II*\0xxxxxxxx", b"Ioutxx", b"PK\x03\x04xx",
                                  b"\x93NUMPYxx", b"\x1f\x8bxx", b"{}", b"[1]", b"<a>"])  # fmt: skip
def test_damaged_files_are_errors_of_one_line(data, tmp_path):
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(AnnotationError) as caught:
        read_any(tmp_path / "m", info_of(30, 40))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("m: ")


def test_a_pickle_is_not_opened(tmp_path):
    with (tmp_path / "m").open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(AnnotationError, match="damaged or of a kind"):
        read_any(tmp_path / "m", info_of(30, 40))


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("calcannot.store.annotation_import.LARGEST_FILE_BYTES", 1000)
    (tmp_path / "m.gz").write_bytes(gzip.compress(b" " * 5000))
    with pytest.raises(AnnotationError, match="when it is unpacked"):
        read_any(tmp_path / "m.gz", info_of(30, 40))
    monkeypatch.setattr("calcannot.store.foreign_shapes._LARGEST_ROI_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.roi", b"Iout" + b" " * 5000)
    with pytest.raises(AnnotationError, match="too large"):
        read_any(tmp_path / "m.zip", info_of(30, 40))


@pytest.mark.shared
def test_rois_of_imagej_have_the_places_that_another_reader_finds(shared_data, tmp_path):
    folder = shared_data / "annotations" / "imagej_roi_read-roi"
    info = info_of(300, 300)
    Drawn, StrokeLike = namedtuple("Drawn", "strokes"), namedtuple("StrokeLike", "rings")
    expected_area = {"rectangle": 43 * 36, "oval": np.pi * 34 * 37 / 4}
    for name in ("polygon", "rectangle", "oval", "freehand"):
        (stroke,) = read_any(folder / f"{name}.roi", info).strokes
        content = json.loads((folder / f"{name}.json").read_text("utf-8"))[name]
        assert stroke.name == content["name"]
        area = shapely.Polygon(stroke.rings[0]).area
        if "x" in content:
            ring = np.column_stack([content["x"], content["y"]]).astype(float)
            before = StrokeLike((ring,))
            # The freehand outline touches itself, and is made valid without a change of pixels.
            np.testing.assert_array_equal(
                pixels_of(Drawn((stroke,)), (300, 300)), pixels_of(Drawn((before,)), (300, 300))
            )
        else:
            left, top = content["left"], content["top"]
            assert stroke.bounds() == (left, top, left + content["width"], top + content["height"])
            assert area == pytest.approx(expected_area[name], rel=0.01)
    for name in ("line1", "freeline", "polyline", "point", "multipoint"):
        assert read_any(folder / f"{name}.roi", info).strokes == ()


@pytest.mark.shared
def test_exports_of_qupath_are_read_and_written_again_without_loss(shared_data, tmp_path):
    folder = shared_data / "annotations" / "wsidicom" / "qupath_geojson"
    info = replace(info_of(1, 1), width_px=40_000, height_px=40_000)
    files = sorted(folder.glob("*.json"))
    assert len(files) == 9
    for path in files:
        before = json.loads(path.read_text("utf-8"))
        drawn = before["geometry"]["type"] == "Polygon"
        found = read_any(path, info)
        assert len(found.strokes) == drawn
        if drawn:
            assert found.strokes[0].name == before["properties"]["name"]
            rings = [np.vstack([ring, ring[:1]]).tolist() for ring in found.strokes[0].rings]
            assert rings == before["geometry"]["coordinates"]
        # As the strokes of a case, the whole feature stays as QuPath wrote it.
        write_annotation_file(tmp_path / "case.geojson", read_annotation_file(path))
        (after,) = json.loads((tmp_path / "case.geojson").read_text("utf-8"))["features"]
        assert after == before
