"""One frame of a multi-frame file has the pixels and the scale that it has there, whatever the transfer syntax."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import open_image
from calcannot.io.dicom_frame import one_frame
from calcannot.phantom.dicom_film import film_dataset
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec

RANDOM = np.random.default_rng(3)
FRAMES = RANDOM.integers(0, 4000, (3, 41, 37)).astype(np.uint16)


@pytest.fixture(scope="module")
def header():
    spec = RadiographSpec(
        nodules=(Nodule(row_mm=0, col_mm=0, a_mm=4, b_mm=4, c_mm=2),), size_mm=(40, 40), spacing_mm=1.0
    )
    return film_dataset(render_radiograph(spec, 1), spacing="detector")


@pytest.fixture
def stack(header, tmp_path):
    def write(syntax):
        data = pydicom.Dataset(header)
        data.file_meta = pydicom.dataset.FileMetaDataset(header.file_meta)
        data.Rows, data.Columns = FRAMES.shape[1:]
        data.NumberOfFrames = len(FRAMES)
        data.PerFrameFunctionalGroupsSequence = [pydicom.Dataset() for _ in FRAMES]
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
        if syntax is RLELossless:
            data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            data.PixelData = FRAMES.tobytes()
            data.compress(RLELossless)
        else:
            data.file_meta.TransferSyntaxUID = syntax
            data.PixelData = FRAMES.astype(">u2" if syntax is ExplicitVRBigEndian else "<u2").tobytes()
        path = tmp_path / "cine.dcm"
        data.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_a_frame_is_what_it_was(stack, tmp_path, syntax):
    path = stack(syntax)
    with pytest.raises(UnsupportedImageError, match=r"stack of 3 frames.*calcannot frame FILE 1"):
        open_image(path)
    for number in (1, 3):
        (tmp_path / "one.dcm").write_bytes(one_frame(path, number))
        data = pydicom.dcmread(tmp_path / "one.dcm")
        np.testing.assert_array_equal(data.pixel_array, FRAMES[number - 1])
        assert (data.NumberOfFrames, len(data.PerFrameFunctionalGroupsSequence)) == (1, 1)
        with open_image(tmp_path / "one.dcm") as source:
            assert source.info.calibration.um_per_px_row == 1000
            assert (source.info.height_px, source.info.width_px) == FRAMES.shape[1:]
    assert one_frame(path, 2) == one_frame(path, 2)
    assert pydicom.dcmread(path).SOPInstanceUID != data.SOPInstanceUID


def test_what_cannot_be_is_refused(stack, tmp_path):
    path = stack(ExplicitVRLittleEndian)
    for number in (0, 4):
        with pytest.raises(UnsupportedImageError, match="Choose one of 1 to 3"):
            one_frame(path, number)
    (tmp_path / "one.dcm").write_bytes(one_frame(path, 1))
    with pytest.raises(UnsupportedImageError, match="measure it as it is"):
        one_frame(tmp_path / "one.dcm", 2)
    (tmp_path / "text.dcm").write_text("no DICOM", encoding="utf-8")
    with pytest.raises(UnsupportedImageError, match="is not a DICOM file"):
        one_frame(tmp_path / "text.dcm", 1)
    with pytest.raises(ImageReadError, match="Check the name"):
        one_frame(tmp_path / "absent.dcm", 1)


def test_the_command(stack, tmp_path, calcannot):
    path = stack(ExplicitVRLittleEndian)
    ran = calcannot("frame", path, 2, "-o", tmp_path / "two.dcm")
    assert (ran.code, ran.err) == (0, "")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "two.dcm").pixel_array, FRAMES[1])
    ran = calcannot("frame", path, 2, "-o", path)
    assert ran.code == 2 and "is the file that the frame is taken from" in ran.err
