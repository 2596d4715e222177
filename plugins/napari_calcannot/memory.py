"""Memory that is held for nothing: free, but not given back by a C library, or text that nobody will read."""

from __future__ import annotations

import ctypes
import linecache
import sys
from functools import cache
from typing import Any, Final

from napari_calcannot.on_disk import let_pages_go

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # M_... of glibc's malloc.h
_LARGE_BYTES: Final = 64 * 1024  # runs of a band, a tile of the preview, and all that is larger
_ARENAS: Final = 4


def keep_large_apart() -> bool:
    """Have each large array in memory of its own, given back when it is freed; False where it cannot be asked for.

    glibc begins so, but raises its limit to 32 MiB as arrays come and go. The holes between small things that last are
    then never given back: 450 MiB of them in a session on one slide. Windows and macOS keep large arrays apart anyway.
    """
    library = _glibc()
    if library is None:
        return False
    return bool(library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES) and library.mallopt(_ARENA_MAX, _ARENAS))


def forget_source_lines() -> None:
    """Forget the lines of Python files.

    PySide6 reads the source of every module that is imported, to look for its own name in it, and ``linecache`` keeps
    the lines: 76 MiB in a session. Who needs a line reads it again. What was typed into a console is in no file, has no
    time of change, and stays.
    """
    for name, entry in list(linecache.cache.items()):
        if len(entry) > 1 and entry[1] is not None:
            linecache.cache.pop(name, None)


def give_back() -> bool:
    """Ask for free memory to be given back; False where the C library cannot be asked, as on Windows and macOS."""
    let_pages_go()
    forget_source_lines()  # of what was imported meanwhile
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.default_memory_pool().release_unused()  # 50 MiB after a large table was written
    library = _glibc()
    return library is not None and bool(library.malloc_trim(0))


@cache
def _glibc() -> Any:
    """The C library where it is glibc, else None."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
