"""Memory that is free is given back, where the C library can be asked for it."""

import linecache
import subprocess
import sys

import numpy as np

from napari_calcannot.memory import _glibc, forget_source_lines, give_back, keep_large_apart
from napari_calcannot.tile_cache import TileCache

# In a process of its own: what the heap of a long test run has free already would be counted too.
HOLE = """
import numpy as np, psutil
from napari_calcannot.memory import keep_large_apart

def held_mib():
    return psutil.Process().memory_info().rss >> 20

assert keep_large_apart()
np.ones(4 << 20, np.uint8)  # freed at once: glibc left to itself raises its limit to this size
before = held_mib()
arrays = [np.ones(1 << 20, np.uint8) for _ in range(200)]
small = [np.ones(64) for _ in range(2000)]
full = held_mib()
del arrays
print(full - before, held_mib() - before, len(small))
"""


def test_large_arrays_leave_no_hole_behind():
    if _glibc() is None:
        assert sys.platform != "linux" or not keep_large_apart()  # musl
        assert not keep_large_apart()
        return
    ran = subprocess.run([sys.executable, "-c", HOLE], capture_output=True, text=True, check=True)
    full, emptied, small = (int(word) for word in ran.stdout.split())
    assert full > 150
    assert emptied < 50
    assert small == 2000


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


def test_source_lines_are_forgotten_but_not_what_was_typed(tmp_path):
    file = tmp_path / "module.py"
    file.write_text("first\nsecond\n", encoding="utf-8")
    linecache.cache["<console>"] = (6, None, ["typed\n"], "<console>")
    try:
        assert linecache.getline(str(file), 2) == "second\n"
        forget_source_lines()
        assert str(file) not in linecache.cache
        assert linecache.getline("<console>", 1) == "typed\n"
        assert linecache.getline(str(file), 1) == "first\n"  # read again
    finally:
        linecache.cache.pop("<console>")
