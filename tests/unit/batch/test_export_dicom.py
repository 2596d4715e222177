"""Measured images as DICOM objects: masks, values, codes and units that highdicom reads back are ours."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset

import calcannot
from calcannot.batch.export import export
from calcannot.errors import ImageReadError, OutputError
from calcannot.store.results_reader import read_results

SAMPLES = Path(__file__).parents[3] / "sample_images"
OBJECTS = "annotations/dicom_seg_sr_highdicom"
DARK = calcannot.Recipe(name="dark", kind="histology", channel="value", threshold=200.0)
BRIGHT = calcannot.Recipe(name="bright", kind="radiograph", channel="intensity", mineral="bright", threshold=128.0)


def measured(image, recipe, folder, **options):
    calcannot.measure(image, recipe, output=folder, **options)
    (item,) = read_results(folder).items
    return item


def values_of(path):
    (group,) = hd.sr.srread(path).content.get_planar_roi_measurement_groups()
    return {(m.name.value, m.name.scheme_designator): (float(m.value), m.unit.value) for m in group.get_measurements()}


def header_of_a_twin(path, height, width, um_per_px):
    """Header of a tiled slide of this size: what an object refers to."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
    header.FrameOfReferenceUID, header.Modality, header.ImageType = "1.2.3.4", "SM", ["ORIGINAL", "PRIMARY", "VOLUME"]
    header.Rows, header.Columns, header.SamplesPerPixel = 256, 256, 3
    header.NumberOfFrames = -(-height // 256) * -(-width // 256)
    header.PhotometricInterpretation, header.DimensionOrganizationType = "RGB", "TILED_FULL"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 8, 8, 7, 0
    header.TotalPixelMatrixRows, header.TotalPixelMatrixColumns = height, width
    header.TotalPixelMatrixFocalPlanes, header.NumberOfOpticalPaths = 1, 1
    header.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 20, 40
    header.TotalPixelMatrixOriginSequence = [origin]
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [um_per_px / 1000] * 2, 0.004
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    header.SharedFunctionalGroupsSequence = [shared]
    header.save_as(path, enforce_file_format=True)
    return path


def test_the_film_of_the_sample_case(tmp_path):
    image = SAMPLES / "radiograph.dcm"
    within = SAMPLES / "annotations" / "radiograph.dcm.geojson"
    item = measured(image, "radiograph-local", tmp_path / "results", within=within)
    (seg,) = export(tmp_path / "results", "dicom-seg", tmp_path / "out.seg.dcm", image_folder=SAMPLES)
    (sr,) = export(tmp_path / "results", "dicom-sr", tmp_path / "out.sr.dcm", image_folder=SAMPLES)
    uid = pydicom.dcmread(image, stop_before_pixels=True).SOPInstanceUID
    pixels = hd.seg.segread(seg).get_pixels_by_source_instance([uid])[0, ..., 0]
    assert np.array_equal(pixels > 0, item.runs.mask(0, 0, item.height_px, item.width_px))
    totals = item.totals
    assert values_of(sr) == {
        ("42798000", "SCT"): (pytest.approx(totals.calcified_area_mm2, rel=1e-9), "mm2"),
        ("103339001", "SCT"): (pytest.approx(totals.extent_length_mm, rel=1e-9), "mm"),
        ("103340004", "SCT"): (pytest.approx(totals.extent_width_mm, rel=1e-9), "mm"),
        ("111038", "DCM"): (totals.region_count, "{counts}"),
    }
    referred = pydicom.dcmread(sr).CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    named = {item.ReferencedSOPInstanceUID for series in referred for item in series.ReferencedSOPSequence}
    assert named == {uid, pydicom.dcmread(seg).SOPInstanceUID}


def test_the_section_of_the_sample_case_by_its_twin(tmp_path):
    item = measured(SAMPLES / "section.tif", "von-kossa", tmp_path / "results")
    twin = header_of_a_twin(tmp_path / "twin.dcm", item.height_px, item.width_px, 1.0)
    paths = {}
    for kind in ("dicom-seg", "dicom-ann", "dicom-sr"):
        (paths[kind],) = export(tmp_path / "results", kind, tmp_path / "out", dicom_source=twin)
    matrix = hd.seg.segread(paths["dicom-seg"]).get_total_pixel_matrix(combine_segments=True)
    assert np.array_equal(matrix > 0, item.runs.mask(0, 0, item.height_px, item.width_px))
    assert values_of(paths["dicom-sr"])["42798000", "SCT"][0] == pytest.approx(item.totals.calcified_area_mm2, rel=1e-9)
    (group,) = hd.ann.annread(paths["dicom-ann"]).get_annotation_groups()
    _, values, _ = group.get_measurements()
    by_region = np.bincount(values[:, 1].astype(int), weights=values[:, 0])[1:]
    assert by_region == pytest.approx(item.columns["area_um2"] / 1e6, rel=1e-5)


def test_a_hole_and_parts_that_touch_at_a_corner(tmp_path):
    import tifffile

    pixels = np.full((30, 30, 3), 230, np.uint8)
    pixels[5:15, 5:15] = 20
    pixels[8:10, 8:10] = 230
    pixels[15:20, 15:18] = 20
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    item = measured(tmp_path / "a.tif", DARK, tmp_path / "results", pixel_size="1um")
    assert item.totals.region_count == 1
    twin = header_of_a_twin(tmp_path / "twin.dcm", 30, 30, 1.0)
    (path,) = export(tmp_path / "results", "dicom-ann", tmp_path / "out.ann.dcm", dicom_source=twin)
    (group,) = hd.ann.annread(path).get_annotation_groups()
    _, values, _ = group.get_measurements()
    assert sorted(map(tuple, values.tolist())) == [
        (pytest.approx(15e-6), 1.0),
        (pytest.approx(96e-6), 1.0),
    ]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "recipe"), [("sm_image", DARK), ("dx_image", BRIGHT)])
def test_images_of_others(tmp_path, shared_data, name, recipe):
    image = shared_data / OBJECTS / f"{name}.dcm"
    with calcannot.open_image(image) as source:
        pixels = source.read(0, 0, source.info.height_px, source.info.width_px)
    level = np.median(pixels.max(axis=2) if pixels.ndim == 3 else pixels)
    item = measured(image, recipe.with_threshold(float(level)), tmp_path / "results")
    assert 0 < item.totals.calcified_area_px < item.height_px * item.width_px
    (path,) = export(tmp_path / "results", "dicom-seg", tmp_path / "out", image_folder=image.parent)
    found = hd.seg.segread(path)
    if name == "sm_image":
        mask = found.get_total_pixel_matrix(combine_segments=True)
    else:
        uid = pydicom.dcmread(image, stop_before_pixels=True).SOPInstanceUID
        mask = found.get_pixels_by_source_instance([uid])[0, ..., 0]
    assert np.array_equal(mask > 0, item.runs.mask(0, 0, item.height_px, item.width_px))
    data = path.read_bytes()
    for secret in (b"AVeryGood", b"Test^Patient", b"S19-1_A", b"123456", b"Veterinarian", b"20140422", b"17890505"):
        assert secret not in data


def test_what_is_not_dicom_is_told_how(tmp_path, calcannot):
    measured(SAMPLES / "section.tif", "von-kossa", tmp_path / "results")
    with pytest.raises(ImageReadError, match="--dicom-source"):
        export(tmp_path / "results", "dicom-seg", tmp_path / "out", image_folder=SAMPLES)
    with pytest.raises(ImageReadError, match="--images"):
        export(tmp_path / "results", "dicom-seg", tmp_path / "out")
    with pytest.raises(OutputError, match="several images"):
        export([tmp_path / "results"] * 2, "dicom-seg", tmp_path / "out", dicom_source=SAMPLES / "radiograph.dcm")
    ran = calcannot(
        "export", tmp_path / "results", "--to", "dicom-seg", "-o", tmp_path / "x.seg.dcm",
        "--dicom-source", SAMPLES / "radiograph.dcm",
    )  # fmt: skip
    assert ran.code == 2
    assert "px were measured" in ran.err
    assert not (tmp_path / "x.seg.dcm").exists()
