"""Memory that is free but not given back: after a large job a C library may hold on to hundreds of megabytes."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> bool:
    """Ask the C library to give free memory back; False where it cannot be asked, as on Windows and macOS."""
    if sys.platform != "linux":
        return False
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return False
    return bool(trim(0))
