"""Files as slide scanners write them: what is read here, what goes to OpenSlide, and what it gives back."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from calcannot.errors import ImageReadError, MissingExtraError, UnsupportedImageError
from calcannot.io import open_image
from calcannot.io.openslide_source import open_with_openslide
from calcannot.io.tiff_calibration import from_philips

RGB = np.random.default_rng(4).integers(0, 256, (96, 128, 3), dtype=np.uint8)

PHILIPS = """<?xml version="1.0" encoding="UTF-8" ?>
<DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>{levels}</Array></Attribute>
</DataObject>"""
PHILIPS_LEVEL = (
    '<DataObject ObjectType="PixelDataRepresentation"><Attribute Name="DICOM_PIXEL_SPACING">"{row}" "{col}"</Attribute>'
    "</DataObject>"
)


def write_philips(path):
    levels = "".join(PHILIPS_LEVEL.format(row=0.00025 * 2**k, col=0.00026 * 2**k) for k in range(2))
    with tifffile.TiffWriter(path) as writer:
        options = {"tile": (32, 32), "photometric": "rgb", "metadata": None, "software": "Philips DP v1.0"}
        writer.write(RGB, description=PHILIPS.format(levels=levels), **options)
        # As the scanner does: the level is padded to whole tiles.
        padded = np.pad(RGB[::2, ::2], ((0, 16), (0, 0), (0, 0)))
        writer.write(padded, **options)
        writer.write(RGB[:10, :10], photometric="rgb", metadata=None, description="Label")
    return path


def test_a_philips_slide_has_its_scale_its_levels_and_no_label(tmp_path):
    with open_image(write_philips(tmp_path / "a.tiff")) as source:
        info = source.info
        assert info.format == "Philips TIFF" and info.metadata["pictures_not_read"] == ["Label"]
        assert (info.calibration.um_per_px_row, info.calibration.um_per_px_col) == pytest.approx((0.25, 0.26))
        assert [(level.height_px, level.width_px, level.downsample) for level in info.levels] == [
            (96, 128, 1.0),
            (48, 64, 2.0),
        ]
        np.testing.assert_array_equal(source.read(0, 0, 48, 64, 1), RGB[::2, ::2])


@pytest.mark.parametrize(
    "xml", ["<no", "<DataObject/>", '<a><Attribute Name="DICOM_PIXEL_SPACING">"x"</Attribute></a>']
)
def test_a_philips_description_without_a_size_gives_none(xml):
    assert from_philips(xml).calibration is None


def test_one_jpeg_too_long_to_be_read_in_pieces_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((1, 65_504), np.uint8), compression="zlib", rowsperstrip=1)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        data[tif.pages[0].tags[259].valueoffset] = 7
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(UnsupportedImageError, match="one JPEG"):
        open_image(tmp_path / "a.tif")


def mirax(folder):
    (folder / "a").mkdir()
    (folder / "a" / "Slidedat.ini").write_text("[GENERAL]")
    Image.fromarray(RGB).save(folder / "a.mrxs", format="JPEG")
    return folder / "a.mrxs"


def ventana(folder):
    xmp = b"<EncodeInfo><iScan Magnification='40'/></EncodeInfo>"
    extra = [(700, "B", len(xmp), xmp, True)]
    tifffile.imwrite(folder / "a.bif", RGB, photometric="rgb", tile=(32, 32), extratags=extra, metadata=None)
    return folder / "a.bif"


def trestle(folder):
    tifffile.imwrite(folder / "a.tif", RGB, photometric="rgb", tile=(32, 32), software="MedScan", metadata=None)
    return folder / "a.tif"


def hamamatsu(folder):
    (folder / "a.vms").write_text("[Virtual Microscope Specimen]\nNoLayers=1\n")
    return folder / "a.vms"


@pytest.fixture(params=[mirax, ventana, trestle, hamamatsu])
def slide(request, tmp_path):
    return request.param(tmp_path)


def test_a_slide_that_needs_openslide_says_so(slide, monkeypatch):
    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(MissingExtraError, match=r"calcannot\[openslide\]"):
        open_image(slide)


class FakeSlide:
    """What OpenSlide gives for a slide of two levels, transparent in a corner."""

    def __init__(self, path: Path) -> None:
        self.dimensions, self.level_dimensions = (128, 96), ((128, 96), (42, 32))
        self.level_downsamples = (1.0, (128 / 42 + 3) / 2)
        self.associated_images = {"macro": None, "label": None}
        self.properties = {"openslide.vendor": "mirax", "openslide.mpp-x": "0.26", "openslide.mpp-y": "0.25"}
        self.asked: list[tuple[object, ...]] = []

    def read_region(self, corner: tuple[int, int], level: int, size: tuple[int, int]) -> Image.Image:
        self.asked.append((corner, level, size))
        alpha = np.full(RGB.shape[:2], 255, np.uint8)
        alpha[:10, :10] = 0
        col, row = corner
        return Image.fromarray(np.dstack([RGB, alpha])[row : row + size[1], col : col + size[0]])

    def close(self) -> None:
        self.asked.append(("closed",))


def test_what_openslide_gives_is_laid_on_white_with_rows_first(slide, monkeypatch):
    made: list[FakeSlide] = []

    def open_fake(path):
        made.append(FakeSlide(path))
        return made[0]

    fake = SimpleNamespace(OpenSlide=open_fake, OpenSlideUnsupportedFormatError=KeyError)
    monkeypatch.setitem(sys.modules, "openslide", fake)
    with open_image(slide) as source:
        info = source.info
        assert (info.height_px, info.width_px, info.format) == (96, 128, "OpenSlide mirax")
        assert (info.calibration.um_per_px_row, info.calibration.um_per_px_col) == (0.25, 0.26)
        assert info.levels[1].downsample == (96 / 32 + 128 / 42) / 2
        assert info.metadata["pictures_not_read"] == ["label", "macro"]
        box = source.read(5, 0, 40, 60)
        assert (box[:5, :10] == 255).all()
        np.testing.assert_array_equal(box[5:], RGB[10:45, :60])
        source.read(10, 20, 4, 3, 1)
        assert made[0].asked[-1] == ((round(20 * made[0].level_downsamples[1]), 30), 1, (3, 4))
    source.close()
    assert made[0].asked.count(("closed",)) == 1
    with pytest.raises(ImageReadError, match="closed"):
        source.read(0, 0, 1, 1)


def test_a_jpeg_beside_a_folder_of_its_name_stays_a_jpeg(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(RGB).save(tmp_path / "a.jpg")
    with open_image(tmp_path / "a.jpg") as source:
        assert source.info.format == "JPEG"


@pytest.mark.shared
def test_openslide_and_the_reader_of_tiles_give_the_same_pixels(shared_data):
    pytest.importorskip("openslide")
    path = shared_data / "wsi" / "napari-wsi" / "CMU-1-Small-Region.svs"
    with open_image(path) as one, open_with_openslide(path) as other:
        np.testing.assert_array_equal(one.read(0, 0, 2967, 2220), other.read(0, 0, 2967, 2220))


@pytest.mark.shared
def test_every_level_of_a_hamamatsu_slide_is_that_of_tifffile(shared_data):
    path = next((shared_data / "wsi" / "orbit").glob("*.ndpi"))
    with open_image(path) as source, tifffile.TiffFile(path) as tif:
        assert source.info.format == "Hamamatsu NDPI" and source.info.metadata["pictures_not_read"] == ["Macro", "Map"]
        for number, level in enumerate(tif.series[0].levels):
            np.testing.assert_array_equal(source.read(0, 0, *level.shape[:2], number), level.asarray())
