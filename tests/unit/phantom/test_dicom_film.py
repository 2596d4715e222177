"""The film as DICOM: twins, spacing cases, no identity."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from calcannot.phantom.dicom_film import SPACING_CASES, film_dataset, write_dicom_film
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec


@pytest.fixture(scope="module")
def film():
    nodule = Nodule(0.0, 0.0, 10.0, 8.0, 5.0)
    return render_radiograph(RadiographSpec(size_mm=(40.0, 50.0), nodules=(nodule,)), seed=1)


@pytest.mark.parametrize("intent", ["FOR PROCESSING", "FOR PRESENTATION"])
@pytest.mark.parametrize("rle", [False, True])
def test_monochrome_twins_are_exact_inverses(film, tmp_path, intent, rle):
    twins = []
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        write_dicom_film(film, tmp_path / f"{photometric}.dcm", photometric=photometric, intent=intent, rle=rle)
        twins.append(pydicom.dcmread(tmp_path / f"{photometric}.dcm"))
    np.testing.assert_array_equal(4095 - twins[0].pixel_array, twins[1].pixel_array)
    assert [twin.PresentationLUTShape for twin in twins] == ["INVERSE", "IDENTITY"]
    assert [twin.PixelIntensityRelationshipSign for twin in twins] == [1, -1]
    assert twins[0].SOPInstanceUID != twins[1].SOPInstanceUID
    if intent == "FOR PROCESSING":
        np.testing.assert_array_equal(twins[1].pixel_array, film.pixels)


def test_file_is_valid_and_names_nobody(film, tmp_path):
    write_dicom_film(film, tmp_path / "film.dcm")
    data = pydicom.dcmread(tmp_path / "film.dcm")
    assert data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID
    assert data.SOPClassUID.name == "Digital X-Ray Image Storage - For Processing"
    assert (str(data.PatientName), data.PatientIdentityRemoved, data.PatientBirthDate) == ("PHANTOM", "YES", "")
    assert "not an image of a patient" in data.ImageComments.lower()
    assert (data.BitsAllocated, data.BitsStored, data.Rows, data.Columns) == (16, 12, 100, 125)


def test_the_same_film_gives_the_same_bytes(film, tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_dicom_film(film, tmp_path / name, rle=True)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


M = 1100 / 1025
EXPECTED = {
    "detector": {"ImagerPixelSpacing": [0.4, 0.4]},
    "detector-equal": {"ImagerPixelSpacing": [0.4, 0.4], "PixelSpacing": [0.4, 0.4]},
    "magnification": {"ImagerPixelSpacing": [0.4, 0.4], "EstimatedRadiographicMagnificationFactor": M},
    "distances": {
        "ImagerPixelSpacing": [0.4, 0.4],
        "DistanceSourceToDetector": 1100,
        "DistanceSourceToPatient": 1025,
    },
    "fiducial": {"ImagerPixelSpacing": [0.4, 0.4], "PixelSpacing": [0.4 / M] * 2},
    "geometry": {"ImagerPixelSpacing": [0.4, 0.4], "PixelSpacing": [0.4 / M] * 2},
    "pixel-spacing-only": {"PixelSpacing": [0.4, 0.4]},
    "zero": {"ImagerPixelSpacing": [0, 0]},
    "none": {},
    "non-square": {"ImagerPixelSpacing": [0.4, 0.8]},
}


@pytest.mark.parametrize("case", SPACING_CASES)
def test_spacing_cases(film, case):
    data = film_dataset(film, spacing=case)
    told = {
        "ImagerPixelSpacing",
        "PixelSpacing",
        "EstimatedRadiographicMagnificationFactor",
        "DistanceSourceToDetector",
        "DistanceSourceToPatient",
    }
    present = {name for name in told if name in data}
    assert present == EXPECTED[case].keys()
    for name, value in EXPECTED[case].items():
        found = data[name].value
        assert [float(v) for v in np.atleast_1d(found)] == pytest.approx(np.atleast_1d(value), rel=1e-9)
    assert data.get("PixelSpacingCalibrationType") == {"fiducial": "FIDUCIAL", "geometry": "GEOMETRY"}.get(case)
    assert data.Columns == (62 if case == "non-square" else 125)
