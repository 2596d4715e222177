"""Tiles come in the order in which they are looked at, and what nobody looks at any more is not read."""

import threading
import time

import numpy as np
import pytest

from calcannot.errors import TileError
from napari_calcannot.pace import Pace
from napari_calcannot.precedence import Precedence
from napari_calcannot.tile_cache import TileCache
from napari_calcannot.tile_file import TileFile
from napari_calcannot.tile_loader import TileLoader
from napari_calcannot.tile_mosaic import places, repeated

TILE = 8
WHOLE = np.arange(64 * 64, dtype=np.int32).reshape(64, 64)
SMALL = WHOLE[::4, ::4]


class Gate:
    """A file that is read one tile at a time, each when it is allowed to be."""

    def __init__(self, levels=(WHOLE, SMALL)):
        self.levels, self.read, self._left = levels, [], threading.Semaphore(0)

    def __call__(self, row, col, height, width, level):
        self.read.append((level, row // TILE, col // TILE))
        assert self._left.acquire(timeout=10)
        return self.levels[level][row : row + height, col : col + width]

    def allow(self, count=1):
        for _ in range(count):
            self._left.release()


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def loader(gate):
    made = TileLoader(gate, [WHOLE.shape, SMALL.shape], WHOLE.dtype, TILE, TileCache(), "image", workers=1)
    made.wait_s = 0.0
    yield made
    gate.allow(1000)
    made.close()


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_the_middle_of_a_view_comes_first(loader, gate):
    gate.allow(25)
    loader.box(0, 0, 0, 40, 40)
    until(lambda: not loader.is_busy)
    distance = [(row - 2) ** 2 + (col - 2) ** 2 for _, row, col in gate.read]
    assert distance == sorted(distance)
    assert len(set(gate.read)) == 25


class SlowFile:
    """Counts what it is asked for, and gives it after a while; one tile cannot be read."""

    def __init__(self, broken=None):
        self.asked, self.broken = [], broken

    def __call__(self, row, col, height, width, level):
        self.asked.append((row, col, height, width))
        time.sleep(0.04)
        if self.broken is not None and row <= self.broken[0] < row + height and col <= self.broken[1] < col + width:
            what = "the tile cannot be decoded"
            raise TileError(what)
        return WHOLE[row : row + height, col : col + width]


def test_tiles_of_a_row_are_read_at_once_where_the_file_is_slow():
    file = SlowFile()
    loader = TileLoader(file, [WHOLE.shape], WHOLE.dtype, TILE, TileCache(), "image", workers=1)
    loader.wait_s = 0.0
    try:
        loader.box(0, 0, 0, 61, 61)
        until(lambda: not loader.is_busy)
        np.testing.assert_array_equal(loader.box(0, 0, 0, 61, 61), WHOLE[:61, :61])
        # The first tile tells how slow it is, and parts the row that it lies in.
        assert len(file.asked) <= 8 + 2
        assert sum(height * width for _, _, height, width in file.asked) == WHOLE.size
    finally:
        loader.close()


def test_a_tile_that_cannot_be_read_does_not_take_its_row_along():
    file = SlowFile(broken=(20, 28))
    loader = TileLoader(file, [WHOLE.shape], WHOLE.dtype, TILE, TileCache(), "image", workers=1)
    loader.wait_s = 0.0
    try:
        loader.box(0, 0, 0, 64, 64)
        until(lambda: not loader.is_busy)
        seen = loader.box(0, 0, 0, 64, 64)
        expected = WHOLE.copy()
        expected[16:24, 24:32] = 0
        np.testing.assert_array_equal(seen, expected)
        assert "cannot be decoded" in str(loader.failure)
    finally:
        loader.close()


def test_a_view_that_was_left_is_not_read(loader, gate):
    loader.box(0, 0, 0, 32, 32)
    until(lambda: gate.read)
    loader.box(0, 40, 40, 8, 8)
    gate.allow(100)
    until(lambda: not loader.is_busy)
    assert len(gate.read) == 2  # the one in hand, and the one in view
    assert gate.read[-1] == (0, 5, 5)
    np.testing.assert_array_equal(loader.box(0, 40, 40, 8, 8), WHOLE[40:48, 40:48])
    assert loader.there(0, 0, 0, 32, 32) is None


def test_the_map_of_an_image_is_read_even_so(loader, gate):
    loader.box(1, 0, 0, 16, 16)
    until(lambda: gate.read)
    loader.box(0, 0, 0, 8, 8)
    gate.allow(100)
    until(lambda: not loader.is_busy)
    assert gate.read[1] == (0, 0, 0)
    assert loader.there(1, 0, 0, 16, 16) is not None


def test_coarser_pixels_stand_in(loader, gate):
    gate.allow(4)
    loader.exact(1, 0, 0, 16, 16)
    np.testing.assert_array_equal(loader.box(0, 8, 8, 16, 16), np.kron(SMALL[2:6, 2:6], np.ones((4, 4), np.int32)))
    gate.allow(100)
    until(loader.take_arrived)
    until(lambda: not loader.is_busy)
    np.testing.assert_array_equal(loader.box(0, 8, 8, 16, 16), WHOLE[8:24, 8:24])


@pytest.mark.parametrize("depth", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_enlarged_pixels_are_those_of_the_places(dtype, depth):
    pixels = np.random.default_rng(2).integers(0, 255, (13, 17, *depth)).astype(dtype)[1:, 2:]
    rows, cols = places(5, 20, 37, 12), places(3, 31, 49, 15)
    np.testing.assert_array_equal(repeated(pixels, rows, cols), pixels[rows][:, cols])


def test_nothing_stands_in_where_nothing_is_known(loader):
    for _ in range(3):
        np.full((16, 16), 9, np.int32)  # what was in the memory before must not be seen
        assert (loader.box(0, 8, 8, 16, 16) == 0).all()


def test_no_box_waits_for_a_file_that_is_slow(loader, gate):
    loader._pace.took(1e6, 0.0)
    loader.wait_s = 1e5  # it would be for ever
    assert (loader.box(0, 8, 8, 16, 16) == 0).all()


def test_no_box_waits_for_what_must_make_way(loader, gate):
    first = Precedence()
    first.add(loader)
    values = TileLoader(gate, [WHOLE.shape], WHOLE.dtype, TILE, TileCache(), "values", after=first, workers=1)
    values.wait_s = 1e5
    loader.box(0, 0, 0, 8, 8)
    try:
        assert (values.box(0, 0, 0, 8, 8) == 0).all()
    finally:
        gate.allow(100)
        values.close()


def test_a_pace_that_was_slow_is_forgotten_when_tiles_come_fast():
    pace = Pace()
    assert pace.allows(100, 0.01, 2)
    pace.took(1.0, 0.0)
    assert not pace.allows(4, 0.3, 2)  # 0.2 s a tile in the mean
    assert pace.allows(2, 0.3, 2)
    for _ in range(30):
        pace.took(0.001, 0.001)
    assert pace.allows(10, 0.03, 2)
    pace.took(1.0, 0.0, 10)  # of a row that is read at once each takes a tenth
    assert pace.allows(10, 0.12, 2)
    assert not pace.allows(10, 0.09, 2)


def test_more_are_read_side_by_side_where_a_disk_is_waited_for():
    waiting, working, fast, in_rows = Pace(), Pace(), Pace(), Pace()
    waiting.took(1.0, 0.01)
    in_rows.took(0.5, 0.01, 12)
    working.took(1.0, 0.9)  # more threads would only take turns
    fast.took(0.01, 0.001)
    assert [each.threads(2, 0.03) for each in (Pace(), waiting, working, fast, in_rows)] == [2, 6, 2, 2, 6]


def test_a_loader_takes_more_threads_for_a_slow_file(loader, gate):
    loader._pace.took(1e6, 0.0)
    loader.box(0, 0, 0, 40, 40)
    until(lambda: len(gate.read) == 3)  # each waits in a thread of its own


def test_a_level_that_is_held_stands_in_where_no_tile_is_there(loader):
    loader.mosaic.lowest = np.full((4, 4), 7, np.int32)
    assert (loader.box(0, 8, 8, 16, 16) == 7).all()


def test_every_tile_in_view_is_begun_before_one_goes_on():
    steps, allowed = [], threading.Semaphore(0)

    def nearing(row, col, height, width, level):
        for step in range(3):
            steps.append((step, row // TILE, col // TILE))
            assert allowed.acquire(timeout=10)
            yield np.full((height, width), step, np.int32)

    def read(*box):
        *_, last = nearing(*box)
        return last

    loader = TileLoader(read, [WHOLE.shape], np.int32, TILE, TileCache(), "values", nearing=nearing, workers=1)
    loader.mosaic.lowest = np.zeros((4, 4), np.int32)
    loader.wait_s = 0.0
    try:
        loader.box(0, 0, 0, 16, 16)
        assert loader.is_blank
        allowed.release()
        until(loader.take_arrived)
        for _ in range(3):
            allowed.release()
        until(lambda: len(steps) == 5)
        assert [step for step, *_ in steps[:4]] == [0] * 4
        assert not loader.is_blank
        assert loader.is_busy
        assert (loader.box(0, 0, 0, 16, 16) == 0).all()
        until(lambda: len(steps) == 5)
        loader.box(0, 48, 48, 8, 8)  # another view: the three that were begun are left, but for the one in hand
        for _ in range(100):
            allowed.release()
        until(lambda: not loader.is_busy)
        assert len(steps) == 5 + 3
        assert (loader.box(0, 48, 48, 8, 8) == 2).all()
        assert loader.there(0, 0, 0, 16, 16) is None
    finally:
        loader.close()


def test_what_is_in_view_comes_before_all_else(loader, gate):
    first = Precedence()
    first.add(loader)
    first.make_way()
    loader.box(0, 0, 0, 8, 8)
    assert first.is_busy
    start = time.monotonic()
    first.make_way(at_most_s=0.05)  # nothing waits for ever
    assert time.monotonic() - start >= 0.05
    gate.allow()
    first.make_way(at_most_s=10)
    assert not loader.is_busy


def test_a_file_that_cannot_be_read_is_tried_again(loader, gate):
    good, gate.levels = gate.levels, None
    loader.box(0, 0, 0, 8, 8)
    gate.allow()
    until(lambda: loader.failure is not None)
    assert not loader.is_busy
    gate.levels = good
    loader.box(0, 0, 0, 8, 8)
    assert not loader.is_busy
    loader.retry()
    gate.allow()
    loader.box(0, 0, 0, 8, 8)
    until(lambda: not loader.is_busy)
    np.testing.assert_array_equal(loader.box(0, 0, 0, 8, 8), WHOLE[:8, :8])


def test_tiles_in_a_file(monkeypatch):
    file = TileFile(np.uint16)
    tile = np.arange(12, dtype=np.uint16).reshape(3, 4)
    file.put("a", tile)
    file.put("b", tile[::2, ::2])
    np.testing.assert_array_equal(file.get("a"), tile)
    np.testing.assert_array_equal(file.get("b"), tile[::2, ::2])
    assert file.get("c") is None

    def full(*_):
        raise OSError(28, "No space left on device")

    class Full:
        seek, write, close = full, full, lambda self: None

    kept, file._file = file._file, Full()
    file.put("c", tile)
    file._file = kept
    assert file.get("c") is None
    np.testing.assert_array_equal(file.get("a"), tile)
    file.close()
    assert file.get("a") is None


def test_what_is_read_after_the_end_is_not_left_in_the_cache():
    cache = TileCache()
    loader = TileLoader(lambda row, col, height, width, level: WHOLE[row : row + height, col : col + width],
                        [WHOLE.shape], WHOLE.dtype, TILE, cache, "image")  # fmt: skip
    np.testing.assert_array_equal(loader.exact(0, 0, 0, 16, 16), WHOLE[:16, :16])
    assert cache.size_bytes == 4 * TILE * TILE * 4
    loader.close()
    np.testing.assert_array_equal(loader.exact(0, 0, 0, 16, 16), WHOLE[:16, :16])
    assert cache.size_bytes == 0, "another image of the same name would be drawn with it"
