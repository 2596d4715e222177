"""Memory that is free is given back, where the C library can be asked for it."""

import sys

import numpy as np
import psutil

from napari_calcannot.memory import _glibc, give_back, keep_large_apart
from napari_calcannot.tile_cache import TileCache


def test_large_arrays_leave_no_hole_behind():
    if _glibc() is None:
        assert sys.platform != "linux" or not keep_large_apart()  # musl
        assert not keep_large_apart()
        return
    assert keep_large_apart()
    before = psutil.Process().memory_info().rss
    arrays = [np.ones(1 << 20, np.uint8) for _ in range(200)]
    small = [np.ones(64) for _ in range(2000)]
    assert psutil.Process().memory_info().rss - before > 150 << 20
    del arrays
    assert psutil.Process().memory_info().rss - before < 50 << 20
    assert len(small) == 2000


def test_no_other_library_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    _glibc.cache_clear()
    assert not keep_large_apart()
    assert not give_back()
    _glibc.cache_clear()


def test_a_cache_shrinks_to_the_tiles_used_last():
    cache = TileCache(1000)
    for number in range(10):
        cache.put(number, np.zeros(100, np.uint8))
    cache.get(0)
    cache.shrink(0.25)
    assert cache.size_bytes == 200
    assert [number for number in range(10) if cache.get(number) is not None] == [0, 9]
