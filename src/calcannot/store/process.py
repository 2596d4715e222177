"""Who writes: which machine, which process, and whether that process still runs. Names of neither are kept."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import uuid
from functools import cache
from pathlib import Path


@cache
def machine() -> str:
    """A number for this machine and, in a container, for what shares its process numbers: no name, no address."""
    parts = [platform.node(), str(uuid.getnode())]
    try:
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append(sys.platform)  # no such thing elsewhere
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def started(pid: int) -> str:
    """When a process started, in the system's own units; empty where it is not told. Tells a number used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[19]
    except (OSError, IndexError):
        return ""


def is_running(pid: int, start: str = "") -> bool:
    """Whether a process of this machine runs, and is the one that had this number then."""
    if pid <= 0 or not _exists(pid):
        return False
    now = started(pid)
    return not (start and now) or start == now


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        return _exists_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _exists_on_windows(pid: int) -> bool:
    # os.kill would end it: on Windows every signal but two is TerminateProcess.
    import ctypes

    limited_information, still_active, access_denied = 0x1000, 259, 5
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(limited_information, False, pid)
    if not handle:
        code: int = ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
        return code == access_denied
    try:
        exit_code = ctypes.c_ulong()
        return not kernel.GetExitCodeProcess(handle, ctypes.byref(exit_code)) or exit_code.value == still_active
    finally:
        kernel.CloseHandle(handle)
