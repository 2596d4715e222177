import os
from concurrent.futures import ThreadPoolExecutor

import imagecodecs
import numpy as np
import pytest
import tifffile

from calcannot.errors import ImageReadError
from calcannot.io import open_image
from calcannot.io.byte_file import ByteFile
from calcannot.io.pixels import off_alignment

TILE = 32
SMOOTH = np.add.outer(np.arange(70) * 2, np.arange(90))[..., None] * np.array([1.0, 0.7, 0.4])
PICTURE = np.clip(SMOOTH + np.random.default_rng(3).normal(0, 3, SMOOTH.shape), 0, 255).astype(np.uint8)


def split_tables(stream):
    """The tables of a JPEG stream as a stream of their own, and the stream without them."""
    tables, rest, at = b"\xff\xd8", b"\xff\xd8", 2
    while stream[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if stream[at + 1] in (0xDB, 0xC4):
            tables += stream[at:end]
        elif stream[at + 1] != 0xE0:  # Aperio leaves out JFIF too
            rest += stream[at:end]
        at = end
    return tables + b"\xff\xd9", rest + stream[at:]


def write_with_shared_tables(path, colorspace):
    """As Aperio does: tables once a page, and tiles that are RGB or YCbCr without saying so."""
    padded = np.pad(PICTURE, ((0, 26), (0, 6), (0, 0)), mode="edge")
    pieces = [padded[r : r + TILE, c : c + TILE] for r in range(0, 96, TILE) for c in range(0, 96, TILE)]
    options = {"level": 90, "outcolorspace": colorspace, "subsampling": "444"}
    streams = [split_tables(imagecodecs.jpeg8_encode(np.ascontiguousarray(piece), **options)) for piece in pieces]
    tifffile.imwrite(
        path, iter([rest for _, rest in streams]), shape=PICTURE.shape, dtype="uint8", tile=(TILE, TILE),
        photometric=colorspace, compression="jpeg", subsampling=(1, 1), jpegtables=streams[0][0],
    )  # fmt: skip


JPEGS = {
    "ycbcr": {"subsampling": (2, 2)},
    "full": {"subsampling": (1, 1)},
    "rgb": {"compressionargs": {"outcolorspace": "rgb"}},
}


@pytest.fixture(params=[*JPEGS, "shared rgb", "shared ycbcr"])
def slide(request, tmp_path):
    path = tmp_path / "slide.tif"
    if request.param in JPEGS:
        tifffile.imwrite(
            path, PICTURE, tile=(TILE, TILE), photometric="rgb", compression="jpeg", **JPEGS[request.param]
        )
    else:
        write_with_shared_tables(path, request.param.split()[1])
    return path


def test_tiles_and_boxes_of_jpeg_equal_what_tifffile_decodes(slide):
    truth = tifffile.imread(slide)
    assert np.abs(truth.astype(int) - PICTURE).mean() < 6  # the colours are those that were put in
    with open_image(slide) as source:
        for row, col, height, width in [
            (0, 0, 32, 32),
            (32, 64, 32, 26),
            (64, 64, 6, 26),
            (3, 40, 9, 9),
            (0, 0, 70, 90),
        ]:
            box = source.read(row, col, height, width)
            np.testing.assert_array_equal(box, truth[row : row + height, col : col + width])
            assert box.flags.c_contiguous and box.flags.writeable


def test_what_a_caller_writes_into_a_box_stays_there(slide):
    with open_image(slide) as source:
        for box in [(0, 0, 32, 32), (32, 64, 32, 26), (3, 3, 8, 8), (0, 0, 70, 90)]:
            before = source.read(*box)
            source.read(*box)[...] = 0
            np.testing.assert_array_equal(source.read(*box), before)


def test_without_reading_at_a_place_threads_still_get_their_own_bytes(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "pread", raising=False)
    data = np.random.default_rng(1).bytes(40_000)
    (tmp_path / "a").write_bytes(data)
    file = ByteFile(tmp_path / "a")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: file.read_at(at, 97), range(0, 39_000, 13)))
    assert found == [data[at : at + 97] for at in range(0, 39_000, 13)]
    file.close()


def test_a_read_that_comes_in_parts_is_put_together(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(range(100)))
    file = ByteFile(tmp_path / "a")
    whole = file._piece
    monkeypatch.setattr(file, "_piece", lambda offset, count: whole(offset, min(count, 7)))
    assert file.read_at(10, 50) == bytes(range(10, 60))
    assert file.read_at(90, 50) == bytes(range(90, 100))
    file.close()
    with pytest.raises(ImageReadError, match="closed"):
        file.read_at(0, 1)


def test_arrays_to_decode_into_miss_the_alignment_that_is_slow():
    for shape in [(256, 256, 3), (1, 1, 1), (7, 5, 3)] * 5:
        array = off_alignment(shape)
        assert array.shape == shape and array.ctypes.data % 32 and array.flags.c_contiguous


def without_tile(path, index, page=0):
    """Do as scanners do with glass: offset and byte count of a tile become 0."""
    with tifffile.TiffFile(path, mode="r+b") as tif:
        for code in (324, 325):
            tag = tif.pages[page].tags[code]
            values = list(tag.value)
            values[index] = 0
            tag.overwrite(values)


@pytest.mark.parametrize("options", [{"compression": "jpeg"}, {"compression": "zlib"}, {"planarconfig": "separate"}])
def test_a_tile_that_was_left_out_is_white_and_said(tmp_path, options):
    stored = np.moveaxis(PICTURE, -1, 0) if "planarconfig" in options else PICTURE
    tifffile.imwrite(tmp_path / "a.tif", stored, tile=(TILE, TILE), photometric="rgb", **options)
    count = 3 if "planarconfig" in options else 1
    for plane in range(count):
        without_tile(tmp_path / "a.tif", plane * 9 + 4)
    with open_image(tmp_path / "a.tif") as source:
        assert any(f"{count} tiles were left out" in warning for warning in source.info.warnings)
        assert (source.read(32, 32, 32, 32) == 255).all()
        around = source.read(0, 0, 70, 90)
        assert (around[32:64, 32:64] == 255).all() and (around[:32] != 255).any(axis=-1).mean() > 0.9


def test_a_grey_tile_that_was_left_out_has_no_background_to_be(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE[..., 0], tile=(TILE, TILE), photometric="minisblack")
    without_tile(tmp_path / "a.tif", 0)
    with pytest.raises(ImageReadError, match="no data"):
        open_image(tmp_path / "a.tif")


def jpeg2000(pieces):
    return [imagecodecs.jpeg2k_encode(np.ascontiguousarray(each), codecformat="j2k", mct=False) for each in pieces]


@pytest.mark.parametrize(("code", "photometric"), [(33003, "ycbcr"), (33005, "rgb")])
def test_colours_of_aperio_jpeg_2000_are_those_put_in(tmp_path, code, photometric):
    padded = np.pad(PICTURE, ((0, 26), (0, 6), (0, 0)), mode="edge")
    if code == 33003:
        matrix = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
        stored = np.clip(np.rint(padded @ matrix.T + [0, 128, 128]), 0, 255).astype(np.uint8)
    else:
        stored = padded
    pieces = [stored[r : r + TILE, c : c + TILE] for r in range(0, 96, TILE) for c in range(0, 96, TILE)]
    tifffile.imwrite(
        tmp_path / "a.svs", iter(jpeg2000(pieces)), shape=PICTURE.shape, dtype="uint8", tile=(TILE, TILE),
        photometric=photometric, compression=code, subsampling=(1, 1) if photometric == "ycbcr" else None,
    )  # fmt: skip
    without_tile(tmp_path / "a.svs", 8)
    with open_image(tmp_path / "a.svs") as source:
        found = source.read(0, 0, 70, 90).astype(int)
    assert np.abs(found[:64, :64] - PICTURE[:64, :64]).max() <= (2 if code == 33003 else 0)
    assert (found[64:, 64:] == 255).all()


def test_a_file_that_changes_while_it_is_open_is_noticed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PICTURE, tile=(TILE, TILE), photometric="rgb")
    with open_image(path) as source:
        source.check_unchanged()
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(ImageReadError, match="changed while"):
            source.check_unchanged()


def test_every_level_is_the_level_whatever_its_true_size(tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (101, 67, 3), dtype=np.uint8)
    levels = [picture, picture[:50, :33], picture[:25, :16]]
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for number, each in enumerate(levels):
            writer.write(each, tile=(16, 16), photometric="rgb", subfiletype=int(number > 0))
    with open_image(tmp_path / "a.tif") as source:
        found = source.info.levels
        assert [level.downsample for level in found] == [1.0, (101 / 50 + 67 / 33) / 2, (101 / 25 + 67 / 16) / 2]
        for number, each in enumerate(levels):
            np.testing.assert_array_equal(source.read(0, 0, *each.shape[:2], number), each)


def with_adobe(stream, transform):
    """A stream without JFIF and with Adobe's marker: 0 says RGB, 1 says YCbCr."""
    start = 4 + int.from_bytes(stream[4:6], "big") if stream[2:4] == b"\xff\xe0" else 2
    return b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + stream[start:]


def without_markers(stream):
    return stream[:2] + stream[4 + int.from_bytes(stream[4:6], "big") :]


LYING = {
    "jfif": lambda tile: imagecodecs.jpeg8_encode(tile, level=95, subsampling="444"),
    "adobe": lambda tile: with_adobe(imagecodecs.jpeg8_encode(tile, level=95, subsampling="444"), 1),
    "adobe rgb": lambda tile: with_adobe(imagecodecs.jpeg8_encode(tile, level=95, outcolorspace="rgb"), 0),
    "subsampled": lambda tile: without_markers(imagecodecs.jpeg8_encode(tile, level=95, subsampling="420")),
    "silent rgb": lambda tile: without_markers(imagecodecs.jpeg8_encode(tile, level=95, outcolorspace="rgb")),
}


@pytest.mark.parametrize("stream", LYING)
@pytest.mark.parametrize("first_is_missing", [False, True])
def test_streams_in_a_page_marked_rgb_have_the_colours_that_were_put_in(tmp_path, stream, first_is_missing):
    """What the stream says holds, whatever the tag; where it says nothing the tag does (Aperio)."""
    padded = np.pad(PICTURE, ((0, 26), (0, 6), (0, 0)), mode="edge")
    pieces = [padded[r : r + TILE, c : c + TILE] for r in range(0, 96, TILE) for c in range(0, 96, TILE)]
    tifffile.imwrite(
        tmp_path / "a.tif", iter([LYING[stream](np.ascontiguousarray(each)) for each in pieces]), shape=PICTURE.shape,
        dtype="uint8", tile=(TILE, TILE), photometric="rgb", compression="jpeg", subsampling=(1, 1),
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tif:
        tif.pages[0].tags["PhotometricInterpretation"].overwrite(2)
    if first_is_missing:
        without_tile(tmp_path / "a.tif", 0)
    with open_image(tmp_path / "a.tif") as source:
        found = source.read(0, 32, 70, 58).astype(int)
    assert np.abs(found - PICTURE[:, 32:]).mean() < 4
