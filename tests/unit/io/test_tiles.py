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
