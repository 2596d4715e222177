"""Segmentations of others, against what their own reader says of them."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from calcannot.errors import AnnotationError
from calcannot.store.dicom_segmentation import read_segmentation

FOLDER = "annotations/dicom_seg_sr_highdicom"


@pytest.mark.shared
def test_a_radiograph(shared_data):
    path = shared_data / FOLDER / "seg_image_cr_binary.dcm"
    found = read_segmentation(path)
    plain = pydicom.dcmread(path)
    assert np.array_equal(found.mask, plain.pixel_array.reshape(-1, plain.Rows, plain.Columns).any(axis=0))
    assert found.mask.any()
    assert found.labels == tuple(each.SegmentLabel for each in plain.SegmentSequence)
    assert len(found.instances) == 1


@pytest.mark.shared
@pytest.mark.parametrize("name", ["seg_image_sm_dots", "seg_image_sm_dots_tiled_full"])
def test_a_slide_has_dots_where_its_image_has(shared_data, name):
    dotted = pydicom.dcmread(shared_data / FOLDER / "sm_image_dots.dcm")
    found = read_segmentation(shared_data / FOLDER / f"{name}.dcm")
    assert found.mask.shape == (dotted.TotalPixelMatrixRows, dotted.TotalPixelMatrixColumns)
    assert found.mask.any()
    assert not found.mask.all()


@pytest.mark.shared
def test_a_stack_is_refused(shared_data):
    with pytest.raises(AnnotationError, match="is a segmentation of 4 images, and one image is measured"):
        read_segmentation(shared_data / FOLDER / "seg_image_ct_binary.dcm")


@pytest.mark.parametrize("content", [b"", b"no DICOM", bytes(200) + b"DICM" + bytes(40)])
def test_what_is_none_is_named(tmp_path, content):
    path = tmp_path / "other.dcm"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=r"other\.dcm: cannot be read as a DICOM segmentation"):
        read_segmentation(path)
