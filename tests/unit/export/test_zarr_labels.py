"""OME-Zarr labels, in an image and by themselves, by the rules of the format's own models."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot import open_image
from calcannot.errors import OutputError
from calcannot.export.zarr_labels import write_zarr_labels

zarr = pytest.importorskip("zarr")


@pytest.fixture
def mask():
    mask = np.zeros((600, 1100), bool)
    mask[10:300, 20:500] = True
    mask[100:200, 100:200] = False
    mask[599, 1099] = True
    return mask


def test_labels_by_themselves_are_valid_and_keep_their_scale(mask, subject_of, tmp_path):
    models = pytest.importorskip("ome_zarr_models.v05")
    write_zarr_labels(tmp_path / "m.zarr", subject_of(mask))
    group = zarr.open_group(tmp_path / "m.zarr", mode="r")
    label = models.ImageLabel.from_zarr(group)
    attributes = label.attributes.ome
    assert [each.label_value for each in attributes.image_label.properties] == [1, 2]
    assert group.attrs["ome"]["image-label"]["properties"][0] == {
        "label-value": 1, "area_px": 129_200, "area_um2": 16_150.0
    }  # fmt: skip
    assert group.attrs["ome"]["image-label"]["colors"][1] == {"label-value": 2, "rgba": [0, 200, 83, 255]}
    with open_image(tmp_path / "m.zarr") as source:
        assert (source.info.calibration.um_per_px_row, source.info.calibration.um_per_px_col) == (0.5, 0.25)
        assert len(source.info.levels) == 3


@pytest.mark.filterwarnings("ignore:Call to deprecated class Scaler:DeprecationWarning")  # ome-zarr's own
def test_labels_join_the_image_that_was_measured(mask, subject_of, tmp_path):
    models = pytest.importorskip("ome_zarr_models.v05")
    from ome_zarr.format import FormatV05
    from ome_zarr.writer import write_image

    root = zarr.open_group(tmp_path / "image.zarr", mode="w", zarr_format=3)
    write_image(np.full((3, *mask.shape), 200, np.uint8), root, axes="cyx", fmt=FormatV05())
    for _ in range(2):  # a second export takes the place of the first
        write_zarr_labels(tmp_path / "image.zarr", subject_of(mask))
    group = zarr.open_group(tmp_path / "image.zarr", mode="r")
    assert models.Image.from_zarr(group).labels.attributes.ome.labels == ["calcified"]
    inside = group["labels/calcified"]
    assert inside.attrs["ome"]["image-label"]["source"] == {"image": "../../"}
    np.testing.assert_array_equal(inside["0"][:] > 0, mask)
    assert [path.name for path in (tmp_path / "image.zarr" / "labels").iterdir() if path.is_dir()] == ["calcified"]


def test_labels_of_another_image_are_refused(mask, subject_of, tmp_path):
    write_zarr_labels(tmp_path / "m.zarr", subject_of(mask))
    with pytest.raises(OutputError, match="is 1100 x 600 px, the mask is 1100 x 599"):
        write_zarr_labels(tmp_path / "m.zarr", subject_of(mask[1:]))
    (tmp_path / "other").mkdir()
    with pytest.raises(OutputError, match="no OME-Zarr"):
        write_zarr_labels(tmp_path / "other", subject_of(mask))
