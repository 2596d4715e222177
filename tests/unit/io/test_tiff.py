import math
from fractions import Fraction

import numpy as np
import pytest
import tifffile

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import open_image
from calcannot.io.pixels import on_white
from calcannot.model.image import Modality

RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (70, 90), dtype=np.uint8)
RGB = RNG.integers(0, 256, (70, 90, 3), dtype=np.uint8)


def whole(path):
    with open_image(path) as source:
        return source.read(0, 0, source.info.height_px, source.info.width_px)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowsperstrip": 7},
        {"tile": (32, 16)},
        {"tile": (32, 32), "compression": "zlib", "predictor": True},
        {"tile": (32, 32), "planarconfig": "separate"},
        {"planarconfig": "separate", "rowsperstrip": 9, "compression": "lzw"},
        {"bigtiff": True, "byteorder": ">"},
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_every_box_of_every_layout_is_the_slice(tmp_path, options, dtype):
    pixels = RGB.astype(dtype) * (257 if dtype == "uint16" else 1)
    stored = np.moveaxis(pixels, -1, 0) if "planarconfig" in options else pixels
    tifffile.imwrite(tmp_path / "a.dat", stored, photometric="rgb", **options)
    with open_image(tmp_path / "a.dat") as source:
        assert (source.info.dtype, source.info.channels, source.info.modality) == (dtype, 3, Modality.HISTOLOGY)
        for row, col, height, width in [(0, 0, 70, 90), (31, 15, 2, 2), (6, 80, 64, 10), (69, 89, 1, 1)]:
            box = source.read(row, col, height, width)
            np.testing.assert_array_equal(box, pixels[row : row + height, col : col + width])
            assert box.flags.c_contiguous and box.dtype == dtype


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_grey_keeps_its_type_and_values(tmp_path, dtype):
    pixels = (GREY.astype(np.float64) * 3 - (200 if dtype[0] != "u" else 0)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with open_image(tmp_path / "a.tif") as source:
        assert (source.info.dtype, source.info.channels, source.info.polarity) == (dtype, 1, "unknown")
        np.testing.assert_array_equal(source.read(0, 0, 70, 90), pixels)


@pytest.mark.parametrize("dtype", ["int8", "uint32", "int64", "uint64", "float16", "float64", "complex64"])
def test_types_that_are_not_measured_are_refused_by_name(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(dtype), photometric="minisblack")
    with pytest.raises(UnsupportedImageError, match=dtype):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_that_is_no_number_is_an_error(tmp_path, value):
    pixels = GREY.astype(np.float32)
    pixels[60, 3] = value
    tifffile.imwrite(tmp_path / "a.tif", pixels, rowsperstrip=8)
    with pytest.raises(ImageReadError, match="NaN"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_types_without_a_range_take_that_of_the_pixels(tmp_path, dtype):
    pixels = GREY.astype(dtype) * 7 - 300
    tifffile.imwrite(tmp_path / "a.tif", pixels, rowsperstrip=8)
    with open_image(tmp_path / "a.tif") as source:
        assert source.info.value_range == (pixels.min(), pixels.max())


# What TIFF 6.0 says of tag 274, written as numpy functions of the stored array.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("code", UPRIGHT)
def test_orientation_turns_boxes_as_it_turns_the_whole(tmp_path, code):
    tifffile.imwrite(tmp_path / "a.tif", RGB, tile=(16, 32), photometric="rgb", extratags=[(274, "H", 1, code, True)])
    expected = UPRIGHT[code](RGB)
    with open_image(tmp_path / "a.tif") as source:
        assert (source.info.height_px, source.info.width_px) == expected.shape[:2]
        np.testing.assert_array_equal(source.read(0, 0, *expected.shape[:2]), expected)
        np.testing.assert_array_equal(source.read(11, 21, 40, 30), expected[11:51, 21:51])


def test_orientation_turns_the_pixel_size_too(tmp_path):
    options = {"resolution": (20_000, 10_000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", extratags=[(274, "H", 1, 6, True)], **options)
    with open_image(tmp_path / "a.tif") as source:
        found = source.info.calibration
        assert (found.um_per_px_row, found.um_per_px_col) == (0.5, 1.0)


def test_white_is_zero_is_inverted(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), 255 - GREY)


def test_bilevel_is_black_and_white(tmp_path):
    bits = GREY > 100
    tifffile.imwrite(tmp_path / "a.tif", bits, photometric="minisblack")
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), np.where(bits, 255, 0))


def test_a_palette_gives_its_colours(tmp_path):
    table = RNG.integers(0, 256, (3, 256), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="palette", colormap=table * 257)
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), table.T[GREY].astype(np.uint8))


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_alpha_is_laid_on_white_and_said(tmp_path, kind):
    alpha = np.where(GREY > 128, 255, GREY)
    colour = RGB if kind == "unassalpha" else np.minimum(RGB, alpha[..., None])
    pixels = np.dstack([colour, alpha]).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[kind])
    share = alpha[..., None] / 255
    expected = np.floor(colour * (share if kind == "unassalpha" else 1) + 255 * (1 - share) + 0.5)
    with open_image(tmp_path / "a.tif") as source:
        assert any("alpha" in warning for warning in source.info.warnings)
        difference = source.read(0, 0, 70, 90).astype(float) - expected
        assert np.abs(difference).max() == 0


@pytest.mark.parametrize("associated", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_alpha_is_exact_for_all_samples(dtype, associated):
    largest = int(np.iinfo(dtype).max)
    ends = [0, 1, 2, largest // 2, largest // 2 + 1, largest - 1, largest]
    shade, alpha = np.meshgrid([*ends, *RNG.integers(0, largest, 40)], [*ends, *RNG.integers(0, largest, 40)])
    if associated:
        shade = np.minimum(shade, alpha)
    laid = on_white(shade.astype(dtype), alpha.astype(dtype), largest=largest, associated=associated)
    for row, col in np.ndindex(shade.shape):
        own = int(shade[row, col]) * (largest if associated else int(alpha[row, col]))
        exact = Fraction(own + largest * (largest - int(alpha[row, col])), largest)
        assert laid[row, col] == math.floor(exact + Fraction(1, 2)), (shade[row, col], alpha[row, col])


def test_jpeg_in_the_way_of_tiff_6_is_refused_by_name(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB[:64, :64], photometric="ycbcr", compression="jpeg", tile=(64, 64))
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        tag, start = tif.pages.first.tags["Compression"].valueoffset, tif.pages.first.dataoffsets[0]
    with (tmp_path / "a.tif").open("r+b") as file:
        file.seek(tag)
        file.write(b"\x06\x00")
        file.seek(start)
        file.write(b"\xb6\xe4")  # a scan without its headers
    with pytest.raises(UnsupportedImageError, match="compression 6"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("axes", "shape", "named"),
    [("ZYX", (3, 70, 90), "Z"), ("TYX", (3, 70, 90), "T"), ("CYX", (2, 70, 90), "C"), ("TZYX", (2, 3, 70, 90), "Z")],
)
def test_stacks_are_refused_and_their_axes_named(tmp_path, axes, shape, named):
    stack = np.zeros(shape, np.uint8)
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata={"axes": axes}, photometric="minisblack")
    with pytest.raises(UnsupportedImageError, match=rf"\({named}\)"):
        open_image(tmp_path / "a.ome.tif")


def test_pages_of_different_sizes_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(RGB, photometric="rgb")
        writer.write(GREY[:30], photometric="minisblack")
    with pytest.raises(UnsupportedImageError, match="2 pictures"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("subifds", [True, False])
def test_a_pyramid_is_one_picture(tmp_path, subifds):
    halves = [RGB, RGB[::2, ::2], RGB[::4, ::4]]
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=subifds) as writer:
        for level, pixels in enumerate(halves):
            extra = {"subifds": 2} if subifds and level == 0 else {}
            writer.write(pixels, photometric="rgb", tile=(16, 16), subfiletype=int(level > 0), **extra)
    with open_image(tmp_path / "a.tif") as source:
        assert [(level.height_px, level.width_px) for level in source.info.levels] == [(70, 90), (35, 45), (18, 23)]
        for level, pixels in enumerate(halves):
            np.testing.assert_array_equal(source.read(3, 2, 10, 12, level), pixels[3:13, 2:14])


def test_only_the_tiles_that_a_box_touches_are_decoded(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", tile=(16, 16), compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        place = tif.pages[0].dataoffsets[7]
    damaged = bytearray((tmp_path / "a.tif").read_bytes())
    damaged[place : place + 8] = b"\xff" * 8
    (tmp_path / "a.tif").write_bytes(damaged)
    with open_image(tmp_path / "a.tif") as source:
        np.testing.assert_array_equal(source.read(0, 0, 16, 90), RGB[:16])
        with pytest.raises(ImageReadError, match="tile at row 16, column 16"):
            source.read(0, 0, 70, 90)


def test_a_file_that_was_cut_short_does_not_open(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageReadError, match="cut short"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("way", ["pages", "sub-pages", "ome"])
def test_a_slide_that_lost_its_last_bytes_does_not_open_wherever_it_was_cut(tmp_path, way, bigtiff):
    """Also where the full resolution is whole, and where only the text that tells the pixel size is gone."""
    options = {"tile": (16, 16), "photometric": "rgb", "compression": "zlib"}
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=bigtiff, ome=way == "ome") as tiff:
        levels = 0 if way == "pages" else 2
        metadata = {"axes": "YXS", **size} if way == "ome" else None
        tiff.write(RGB, subifds=levels, metadata=metadata, **options)
        for step in (2, 4):
            tiff.write(RGB[::step, ::step], subfiletype=1, metadata=None, **options)
    data = (tmp_path / "a.tif").read_bytes()
    with open_image(tmp_path / "a.tif") as source:
        assert len(source.info.levels) == 3
    # An OME text ends in a null and may have one more for an even place; no file of others ends in what is not read.
    for kept in [*range(10, len(data) - 2, len(data) // 50), *range(len(data) - 40, len(data) - 2)]:
        (tmp_path / "a.tif").write_bytes(data[:kept])
        with pytest.raises(ImageReadError):
            open_image(tmp_path / "a.tif")


def test_a_cut_jpeg_tile_is_an_error_and_not_a_grey_corner(tmp_path):
    smooth = np.ascontiguousarray(np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None, None] * 3, (64, 64, 3)))
    tifffile.imwrite(tmp_path / "a.tif", smooth, photometric="rgb", tile=(64, 64), compression="jpeg")
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        start, size = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[start + size // 2 : start + size] = bytes(size - size // 2)
    (tmp_path / "a.tif").write_bytes(data)
    with open_image(tmp_path / "a.tif") as source, pytest.raises(ImageReadError, match="row 0, column 0"):
        source.read(0, 0, 64, 64)


def test_a_tiny_file_that_claims_a_huge_strip_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((1, 8), np.uint8), compression="zlib")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        tags = tif.pages[0].tags
        for code, value in ((256, 200_000), (257, 200_000), (278, 200_000)):
            entry = tags[code].offset
            data[entry + 2 : entry + 12] = (
                (4).to_bytes(2, "little") + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
            )
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageReadError, match="200000 x 200000"):
        open_image(tmp_path / "a.tif")
