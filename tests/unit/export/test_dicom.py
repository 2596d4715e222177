"""DICOM objects: read back by highdicom, checked by dciodvfy, and holding nothing of the patient."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom.dataset import Dataset, FileMetaDataset

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.export.dicom_ann import bulk_annotations
from calcannot.export.dicom_facts import RunFacts
from calcannot.export.dicom_reference import is_slide, read_headers, reference_image
from calcannot.export.dicom_seg import segmentation_of
from calcannot.export.dicom_sr import ReportedValues, structured_report
from calcannot.model.calibration import Calibration, CalibrationSource
from calcannot.model.regions import LabelledRuns

SECRET = "SECRET^NOBODY"
FACTS = RunFacts(
    image_sha256="ab" * 32,
    recipe="von-kossa",
    fingerprint="cd" * 32,
    threshold=132.0,
    calibration=Calibration(500.0, 250.0, CalibrationSource.USER),
    made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def runs_of(mask):
    starts, stops, row_start = [], [], [0]
    for row in mask:
        change = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        starts += list(change[::2])
        stops += list(change[1::2])
        row_start.append(len(starts))
    one = np.ones(len(starts), np.int32)
    edges = np.array(starts, np.int32), np.array(stops, np.int32)
    return LabelledRuns(mask.shape[0], mask.shape[1], np.array(row_start), *edges, one)


def film(height, width):
    """Header of a radiograph, with a secret in everything that could name somebody."""
    header = Dataset()
    header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
    header.Modality, header.Rows, header.Columns = "DX", height, width
    for keyword in ("PatientName", "ReferringPhysicianName", "OperatorsName"):
        setattr(header, keyword, SECRET)
    for keyword in ("PatientID", "AccessionNumber", "StudyID", "InstitutionName", "StudyDescription", "ProtocolName"):
        setattr(header, keyword, SECRET[:16])
    header.PatientBirthDate, header.PatientSex, header.StudyDate, header.StudyTime = "19570102", "F", "20150424", "1111"
    return header


def written(dataset, path):
    dataset.save_as(path)
    return path


def errors_of(path):
    """Complaints of another program about a DICOM file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays(np.bool_, st.tuples(st.integers(2, 12), st.integers(2, 12))))
def test_a_film_comes_back_to_the_pixel(tmp_path, mask):
    reference = reference_image([film(*mask.shape)], runs_of(mask), path=tmp_path, with_patient=False)
    path = written(segmentation_of(reference, runs_of(mask), FACTS), tmp_path / "seg.dcm")
    again = hd.seg.segread(path)
    pixels = again.get_pixels_by_source_instance(["1.2.3.1"], assert_missing_frames_are_empty=True)
    assert np.array_equal(pixels[0, ..., 0] > 0, mask)


@pytest.mark.shared
@pytest.mark.parametrize("filled", [True, False])
def test_a_slide_comes_back_to_the_pixel(tmp_path, shared_data, filled):
    headers = read_headers(shared_data / "annotations/dicom_seg_sr_highdicom/sm_image.dcm")
    mask = np.random.default_rng(3).random((50, 50)) > 0.6
    mask &= filled
    reference = reference_image(headers, runs_of(mask), path=tmp_path, with_patient=False)
    assert is_slide(reference)
    path = written(segmentation_of(reference, runs_of(mask), FACTS), tmp_path / "seg.dcm")
    again = hd.seg.segread(path)
    assert np.array_equal(again.get_total_pixel_matrix(combine_segments=True) > 0, mask)
    assert errors_of(path) == []
    spacing = again.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    assert [float(each) for each in spacing] == [0.5, 0.25]


def test_the_report_holds_each_value_in_its_place(tmp_path):
    mask = np.eye(8, dtype=bool)
    reference = reference_image([film(8, 8)], runs_of(mask), path=tmp_path, with_patient=False)
    segmentation = segmentation_of(reference, runs_of(mask), FACTS)
    values = ReportedValues(12.5, 5.0, 3.0, 7, area_low=12.0, area_high=13.0, side="left")
    path = written(structured_report(reference, segmentation, values, FACTS), tmp_path / "sr.dcm")
    assert errors_of(path) == []
    (group,) = hd.sr.srread(path).content.get_planar_roi_measurement_groups()
    held = {(m.name.value, m.name.scheme_designator): (float(m.value), m.unit.value) for m in group.get_measurements()}
    assert held == {
        ("42798000", "SCT"): (12.5, "mm2"),
        ("103339001", "SCT"): (5.0, "mm"),
        ("103340004", "SCT"): (3.0, "mm"),
        ("111038", "DCM"): (7.0, "{counts}"),
    }
    text = str(pydicom.dcmread(path))
    assert b"calibration: 500 x 250 um per pixel (row x column), user, object plane" in path.read_bytes()
    # -0.5 and +0.5 of 12.5: shares of the area.
    assert text.count("'0.04'") == 2
    assert "7771000" in text


def test_without_a_scale_the_report_is_in_pixels(tmp_path):
    mask = np.eye(4, dtype=bool)
    facts = RunFacts("ab", "von-kossa", "cd", None, None, FACTS.made)
    reference = reference_image([film(4, 4)], runs_of(mask), path=tmp_path, with_patient=False)
    segmentation = segmentation_of(reference, runs_of(mask), facts)
    report = structured_report(reference, segmentation, ReportedValues(4, None, None, 1), facts)
    (group,) = hd.sr.srread(written(report, tmp_path / "sr.dcm")).content.get_planar_roi_measurement_groups()
    assert {m.unit.value for m in group.get_measurements()} == {"{pixels}", "{counts}"}


@pytest.mark.shared
def test_regions_of_a_slide_carry_their_area(tmp_path, shared_data):
    headers = read_headers(shared_data / "annotations/dicom_seg_sr_highdicom/sm_image.dcm")
    mask = np.zeros((50, 50), bool)
    reference = reference_image(headers, runs_of(mask), path=tmp_path, with_patient=False)
    rings = [np.array([[0, 0], [3, 0], [3, 2], [0, 2]], float), np.array([[9, 9], [10, 9], [10, 10], [9, 10]], float)]
    path = written(bulk_annotations(reference, rings, np.array([6, 1]), np.array([1, 2]), FACTS), tmp_path / "ann.dcm")
    (group,) = hd.ann.annread(path).get_annotation_groups()
    for found, ring in zip(group.get_graphic_data(coordinate_type="2D"), rings, strict=True):
        assert np.array_equal(found, ring)
    names, values, units = group.get_measurements()
    assert [(each.value, each.scheme_designator) for each in names] == [("42798000", "SCT"), ("1", "99CALCANNOT")]
    assert [each.value for each in units] == ["mm2", "1"]
    assert values[:, 0] == pytest.approx([6 * 0.125, 0.125])
    assert list(values[:, 1]) == [1, 2]
    with pytest.raises(UnsupportedImageError, match="cannot be empty"):
        bulk_annotations(reference, [], np.array([], int), np.array([], int), FACTS)


def test_no_word_of_the_patient_leaves_unless_asked_for(tmp_path):
    mask = np.eye(8, dtype=bool)
    for asked in (False, True):
        reference = reference_image([film(8, 8)], runs_of(mask), path=tmp_path, with_patient=asked)
        facts = RunFacts("ab", "von-kossa", "cd", 1.0, None, FACTS.made, with_patient=asked)
        segmentation = segmentation_of(reference, runs_of(mask), facts)
        report = structured_report(reference, segmentation, ReportedValues(8, 9, 1, 1), facts)
        for each in (segmentation, report):
            data = written(each, tmp_path / "out.dcm").read_bytes()
            assert (SECRET[:16].encode() in data) is asked
            assert (b"19570102" in data) is asked
            assert (each.get("PatientIdentityRemoved") == "YES") is not asked
            assert b"NOBODY" not in data or asked


def test_the_same_run_gives_the_same_object(tmp_path):
    mask = np.eye(8, dtype=bool)
    reference = reference_image([film(8, 8)], runs_of(mask), path=tmp_path, with_patient=False)
    first, second = (written(segmentation_of(reference, runs_of(mask), FACTS), tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_what_cannot_be_referred_to_is_refused(tmp_path):
    runs = runs_of(np.eye(8, dtype=bool))
    with pytest.raises(UnsupportedImageError, match="9 x 9 px, and 8 x 8 px were measured"):
        reference_image([film(9, 9)], runs, path=tmp_path, with_patient=False)
    with pytest.raises(UnsupportedImageError, match="2 DICOM instances"):
        reference_image([film(8, 8), film(8, 8)], runs, path=tmp_path, with_patient=False)
    nameless = film(8, 8)
    del nameless.StudyInstanceUID
    with pytest.raises(UnsupportedImageError, match="no StudyInstanceUID"):
        reference_image([nameless], runs, path=tmp_path, with_patient=False)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    with pytest.raises(ImageReadError, match="--dicom-source"):
        read_headers(tmp_path / "picture.png")


def test_a_folder_of_instances_is_read(tmp_path):
    for number, size in enumerate((8, 4)):
        header = film(size, size)
        header.SOPInstanceUID = f"1.2.3.{number}"
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
        header.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    assert sorted(header.Rows for header in read_headers(tmp_path)) == [4, 8]
