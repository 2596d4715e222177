"""Pieces that lie near each other are read at once, and are the bytes that were asked for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from calcannot.io import open_image
from calcannot.io.byte_file import ByteFile
from calcannot.io.read_ahead import ReadAhead

BYTES = np.random.default_rng(1).bytes(300_000)
PIXELS = np.random.default_rng(2).integers(0, 255, (200, 300, 3), dtype=np.uint8)


class Counted:
    """Bytes in memory, and what was asked of them."""

    def __init__(self, block=BYTES):
        self.block, self.asked = block, []

    def __call__(self, offset, count):
        self.asked.append((offset, count))
        return self.block[offset : offset + count]


@pytest.fixture
def reads(monkeypatch):
    """What is asked of files from now on."""
    found, whole = [], ByteFile._whole

    def counted(file, offset, count):
        found.append((offset, count))
        return whole(file, offset, count)

    monkeypatch.setattr(ByteFile, "_whole", counted)
    return found


PIECES = st.lists(st.tuples(st.integers(0, 310_000), st.integers(0, 20_000)), max_size=20)


@given(PIECES, st.randoms(use_true_random=False))
def test_pieces_are_what_the_file_holds_in_any_order(pieces, random):
    file = Counted()
    ahead = ReadAhead(file, pieces)
    taken = [*pieces, *pieces[:3], (7, 100)]  # some twice, one that was not foretold
    random.shuffle(taken)
    for offset, count in taken:
        assert ahead.take(offset, count) == BYTES[offset : offset + count]


def test_neighbours_are_read_at_once_and_what_lies_far_off_is_not():
    file = Counted()
    ahead = ReadAhead(file, [(0, 1000), (1008, 1000), (2100, 500), (200_000, 1000)])
    for piece in [(0, 1000), (1008, 1000), (2100, 500), (200_000, 1000)]:
        ahead.take(*piece)
    assert file.asked == [(0, 2600), (200_000, 1000)]


def test_no_more_than_a_few_megabytes_are_held():
    pieces = [(at, 1 << 20) for at in range(0, 10 << 20, 1 << 20)]
    file = Counted(bytes(10 << 20))
    ahead = ReadAhead(file, pieces)
    for piece in pieces:
        ahead.take(*piece)
    assert [count >> 20 for _, count in file.asked] == [4, 4, 2]


def test_a_thread_foretells_for_itself_alone(tmp_path):
    path = tmp_path / "bytes.bin"
    path.write_bytes(BYTES)
    file = ByteFile(path)

    def sums(start):
        pieces = [(start + at, 100) for at in range(0, 2000, 150)]
        with file.ahead(pieces):
            return [file.read_at(*piece) for piece in pieces] == [BYTES[at : at + count] for at, count in pieces]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(sums, range(0, 200_000, 1000)))
    file.close()


@pytest.mark.parametrize("planar", [False, True])
def test_a_box_of_a_small_picture_is_one_read(tmp_path, reads, planar):
    path = tmp_path / "slide.tif"
    stored = np.moveaxis(PIXELS, 2, 0) if planar else PIXELS
    kind = {"planarconfig": "separate"} if planar else {}
    tifffile.imwrite(path, stored, tile=(32, 32), photometric="rgb", compression="zlib", **kind)
    with open_image(path) as source:
        reads.clear()
        np.testing.assert_array_equal(source.read(0, 0, 64, 64), PIXELS[:64, :64])
        assert len(reads) == 1 + 2 * planar  # the planes lie further apart
        np.testing.assert_array_equal(source.read(40, 100, 20, 20), PIXELS[40:60, 100:120])
        reads.clear()
        np.testing.assert_array_equal(source.read(32, 96, 30, 60), PIXELS[32:62, 96:156])
        assert sum(count for _, count in reads) < 32 * 96 * 3 * 1.2  # the first was cut by the box before, and kept
