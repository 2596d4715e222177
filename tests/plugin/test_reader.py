"""What is ours to read, and what comes of it."""

import json
import shutil

import numpy as np
import pytest

from calcannot.errors import CalcannotError, CaseError
from napari_calcannot import sample_data
from napari_calcannot.layers import SESSION
from napari_calcannot.reader import get_reader, open_path


@pytest.fixture
def close():
    opened = []
    yield opened.extend
    for session in opened:
        session.close()


def sessions_in(layers):
    return list(dict.fromkeys(options["metadata"][SESSION] for _, options, _ in layers))


def test_not_ours(tmp_path):
    text = tmp_path / "notes.tif"
    text.write_text("not a picture")
    assert get_reader(text) is None
    assert get_reader(tmp_path / "absent.png") is None
    assert get_reader(tmp_path) is None
    gif = tmp_path / "moving.png"
    gif.write_bytes(b"GIF89a" + bytes(40))
    assert get_reader(gif) is None


def test_an_image(sample_case, close):
    path = sample_case / "section.tif"
    layers = get_reader(str(path))(str(path))
    close(sessions_in(layers))
    ((data, options, kind),) = layers
    assert kind == "image"
    assert data.shape == (1800, 2400, 3)
    assert options["name"] == "section.tif"


def test_a_case_opens_all_images_with_role_and_regions(sample_case, close):
    layers = get_reader([sample_case])([sample_case])
    close(sessions_in(layers))
    assert [(kind, options["visible"]) for _, options, kind in layers] == [
        ("image", True), ("shapes", True), ("image", False),
    ]  # fmt: skip
    assert [options["name"] for _, options, _ in layers][::2] == [
        "radiograph: radiograph.dcm",
        "histology: section.tif",
    ]
    assert len(layers[1][0]) == 2


def test_suffix_is_of_no_importance(sample_case, tmp_path, close):
    path = tmp_path / "IM0001"
    shutil.copyfile(sample_case / "radiograph.dcm", path)
    sessions = open_path(path)
    close(sessions)
    assert sessions[0].info.modality == "radiograph"
    assert get_reader(path) is not None


@pytest.mark.parametrize(
    "record",
    ["{", "[]", '{"images": []}', '{"images": [{"path": "../outside.tif"}]}', '{"images": [{"path": "absent.tif"}]}'],
)
def test_a_broken_case_is_an_error_that_says_so(tmp_path, record):
    (tmp_path / "case.json").write_text(record)
    with pytest.raises(CalcannotError):
        open_path(tmp_path)


def test_a_damaged_or_newer_case_is_refused(sample_case):
    record = json.loads((sample_case / "case.json").read_text(encoding="utf-8"))
    for field, value in (("images", [{"path": "section.tif", "role": 3}]), ("schema_version", 99)):
        (sample_case / "case.json").write_text(json.dumps({**record, field: value}), encoding="utf-8")
        with pytest.raises(CaseError):
            open_path(sample_case)


def test_sample_data(close):
    for function, kinds in ((sample_data.section, ["image"]), (sample_data.radiograph, ["image", "shapes"])):
        layers = function()
        close(sessions_in(layers))
        assert [kind for _, _, kind in layers] == kinds


def test_an_ome_zarr_folder_is_one_image_and_its_labels_too(tmp_path, close):
    pytest.importorskip("zarr")
    from calcannot import Calibration
    from calcannot.export.subject import Subject
    from calcannot.export.zarr_labels import write_zarr_labels
    from calcannot.model.calibration import CalibrationSource
    from calcannot.runs.from_mask import runs_of_mask

    mask = np.zeros((300, 400), bool)
    mask[20:60, 30:90] = True
    columns = {"region": np.array([1]), "area_px": np.array([2400])}
    scale = Calibration(0.5, 0.5, CalibrationSource.USER)
    subject = Subject("a.tif", "0" * 64, "case", runs_of_mask(mask), columns, scale, "rule", "f" * 64, "histology")
    write_zarr_labels(tmp_path / "labels.zarr", subject)
    layers = get_reader(str(tmp_path / "labels.zarr"))(str(tmp_path / "labels.zarr"))
    close(sessions_in(layers))
    ((data, options, kind),) = layers
    assert (kind, options["units"][-1]) == ("image", "um")
    first = data[0] if isinstance(data, list) else data
    np.testing.assert_array_equal(np.asarray(first) > 0, mask)
