import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from calcannot.errors import CalcannotError, ImageReadError, UnsupportedImageError
from calcannot.io import open_image

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (33, 47, 3), dtype=np.uint8)


def info_of(path, **options):
    with open_image(path, **options) as source:
        return source.info


def saved(tmp_path, image, **options):
    path = tmp_path / "picture.of.unknown.kind"
    image.save(path, **options)
    return path


def whole(path):
    with open_image(path) as source:
        return source.read(0, 0, source.info.height_px, source.info.width_px)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, bits, colour_type, rows):
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P"])
def test_png_is_what_pillow_sees(tmp_path, mode):
    image = Image.fromarray(RGB).quantize(16) if mode == "P" else Image.fromarray(RGB).convert(mode)
    path = saved(tmp_path, image, format="png")
    expected = np.asarray(image.convert("RGB" if mode == "P" else "L" if mode == "1" else mode))
    np.testing.assert_array_equal(whole(path), expected)


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3)])
def test_sixteen_bits_are_kept(tmp_path, colour_type, channels):
    pixels = RNG.integers(0, 65536, (5, 6, channels), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png(6, 5, 16, colour_type, [row.astype(">u2").tobytes() for row in pixels]))
    np.testing.assert_array_equal(whole(tmp_path / "a.png"), pixels if channels == 3 else pixels[..., 0])


def test_transparent_pixels_become_white(tmp_path):
    alpha = RNG.integers(0, 256, (33, 47), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(np.dstack([RGB, alpha])), format="png")
    share = alpha[..., None] / 255
    np.testing.assert_array_equal(whole(path), np.floor(RGB * share + 255 * (1 - share) + 0.5))
    assert any("alpha" in warning for warning in info_of(path).warnings)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{"quality": 80}, {"quality": 95, "subsampling": 0, "progressive": True}])
def test_jpeg_is_what_libjpeg_gives(tmp_path, mode, options):
    path = saved(tmp_path, Image.fromarray(RGB).convert(mode), format="jpeg", **options)
    np.testing.assert_array_equal(whole(path), np.asarray(Image.open(path)))


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, kind, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path, Image.fromarray(RGB), format=kind, exif=exif)
    stored = np.asarray(Image.open(path))
    upright = {1: stored, 2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1]}
    upright |= {5: np.rot90(stored[::-1], -1), 6: np.rot90(stored, -1)}
    upright |= {7: np.rot90(stored[::-1], 1), 8: np.rot90(stored, 1)}
    np.testing.assert_array_equal(whole(path), upright[turn])


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_density_is_never_a_calibration(tmp_path, kind):
    assert info_of(saved(tmp_path, Image.fromarray(RGB), format=kind, dpi=(300, 300))).calibration is None


def test_a_profile_is_reported_once(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), format="jpeg", icc_profile=b"not applied")
    info = info_of(path)
    assert info.metadata["icc_profile"] is True
    assert sum("ICC profile" in warning for warning in info.warnings) == 1


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_truncated_picture_is_an_error_and_not_half_a_picture(tmp_path, kind, share):
    path = saved(tmp_path, Image.fromarray(np.tile(RGB, (4, 4, 1))), format=kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageReadError):
        whole(path)


def test_a_bit_flipped_in_a_png_is_an_error(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), format="png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ImageReadError, match="cannot be decoded"):
        whole(path)


def test_a_small_png_that_claims_a_huge_picture_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(png(60_000, 60_000, 8, 2, [b"\x00" * 100]))
    with pytest.raises(ImageReadError, match="60000 x 60000"):
        open_image(tmp_path / "a.png")


def test_cmyk_and_animations_are_refused_with_a_reason(tmp_path):
    with pytest.raises(UnsupportedImageError, match="CMYK"):
        open_image(saved(tmp_path, Image.fromarray(RGB).convert("CMYK"), format="jpeg"))
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    with pytest.raises(UnsupportedImageError, match="animation of 2"):
        open_image(saved(tmp_path, frames[0], format="png", save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("kind", ["gif", "bmp", "jpeg2000", "webp"])
def test_other_formats_are_refused_by_name(tmp_path, kind):
    names = {"gif": "GIF", "bmp": "BMP", "jpeg2000": "JPEG 2000", "webp": "WebP"}
    with pytest.raises(UnsupportedImageError, match=f"{names[kind]} files are not read. Convert it to TIFF or PNG"):
        open_image(saved(tmp_path, Image.fromarray(RGB), format=kind))


def test_what_is_no_image_is_said_in_one_line(tmp_path):
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.png").write_text("a,b\n1,2\n")
    jpeg = io.BytesIO()
    Image.fromarray(RGB).save(jpeg, "jpeg")
    (tmp_path / "garbage.jpg").write_bytes(jpeg.getvalue()[:3] + bytes(range(256)) * 9)
    for name in ["empty.tif", "text.png", "garbage.jpg", ".", "absent.tif", "\0"]:
        with pytest.raises(CalcannotError) as caught:
            whole(tmp_path / name)
        assert "\n" not in str(caught.value) and caught.value.remedy and str(tmp_path) not in str(caught.value)
