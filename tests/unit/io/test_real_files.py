from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image

from calcannot.errors import CalcannotError
from calcannot.io import open_image

pytestmark = pytest.mark.shared
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
HOSTILE = sorted(str(path.relative_to(DATA)) for path in (DATA / "adversarial").rglob("*") if path.is_file())


def whole(path):
    with open_image(path) as source:
        return source.read(0, 0, source.info.height_px, source.info.width_px)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_opens_or_is_refused_in_one_line(name, shared_data, capfd):
    try:
        with open_image(shared_data / name) as source:
            info = source.info
            pixels = source.read(0, 0, info.height_px, info.width_px)
            assert pixels.shape[:2] == (info.height_px, info.width_px) and pixels.dtype == info.dtype
            assert info.value_range[0] <= pixels.min() and pixels.max() <= info.value_range[1]
    except CalcannotError as error:
        assert "\n" not in str(error) and error.remedy and str(shared_data) not in str(error)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["RG2_J2KR.dcm", "RG2_JPLL.dcm"])
def test_lossless_radiographs_equal_the_uncompressed_one(name, shared_data):
    folder = shared_data / "radiograph_dicom" / "nema_wg04"
    truth = pydicom.dcmread(folder / "RG2_UNC.dcm").pixel_array
    np.testing.assert_array_equal(whole(folder / name), truth)
    np.testing.assert_array_equal(whole(folder / "RG2_UNC.dcm"), truth)


def test_a_dicom_slide_equals_the_jpeg_it_was_made_from(shared_data):
    folder = shared_data / "histology" / "von_kossa_bone"
    np.testing.assert_array_equal(whole(folder / "raw.dicom"), np.asarray(Image.open(folder / "bone.jpeg")))


def test_a_slide_of_aperio_has_its_colours_scale_and_no_label(shared_data):
    path = shared_data / "wsi" / "napari-wsi" / "CMU-1-Small-Region.svs"
    with open_image(path) as source:
        assert source.info.calibration.um_per_px_row == 0.499
        assert source.info.metadata["pictures_not_read"] == ["Thumbnail", "Label", "Macro"]
        assert "b414003d" not in repr(source.info) and "CPAPERIOCS" not in repr(source.info)
        truth = tifffile.imread(path)
        np.testing.assert_array_equal(source.read(0, 0, 2967, 2220), truth)
        red, green, blue = truth.reshape(-1, 3).mean(axis=0)
        assert red > green and blue > green  # pink and purple on white


@pytest.mark.parametrize(
    "name",
    ["tiff_formats/imagecodecs/gray.one.i4.tif", "wsi/qupath/cells.ome.tif", "wsi/large_image/test_orient1.tif"],
)
def test_tiffs_equal_what_tifffile_reads(name, shared_data):
    truth = tifffile.imread(shared_data / name)
    truth = np.moveaxis(truth, 0, -1) if truth.ndim == 3 and truth.shape[0] == 3 else truth
    np.testing.assert_array_equal(whole(shared_data / name), truth)


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientations_equal_what_pillow_shows(turn, shared_data):
    path = shared_data / "adversarial" / "pillow" / f"g4_orientation_{turn}.tif"
    np.testing.assert_array_equal(whole(path), np.asarray(Image.open(path).convert("L")))
