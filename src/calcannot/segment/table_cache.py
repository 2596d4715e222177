"""Tables that take seconds to compute, kept in the user's cache folder for the next image."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.segment.colour_table import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT: Final = 1
LARGEST_CACHE_BYTES: Final = 512 * 2**20
_ENDING = ".levels.npy"
_COMPUTED_BY = ("numpy", "scikit-image")  # another version may round the last digit differently


def cache_folder() -> Path:
    """Where tables are kept: ``CALCANNOT_CACHE``, or the folder that the system sets aside for caches."""
    if given := os.environ.get("CALCANNOT_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "calcannot" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "calcannot"
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "calcannot"


def kept_on_disk(key: str, make: Callable[[], npt.NDArray[np.uint16]]) -> npt.NDArray[np.uint16]:
    """Give the table of this key, computed unless it is there.

    What cannot be read, or is not such a table, is computed anew; a folder that cannot be written costs time only.

    Returns
    -------
    ndarray
        uint16 (2^24,).
    """
    versions = " ".join(f"{name} {metadata.version(name)}" for name in _COMPUTED_BY)
    name = hashlib.sha256(f"{FORMAT} {versions} {sys.byteorder} {key}".encode()).hexdigest()[:32]
    try:
        path = cache_folder() / f"{name}{_ENDING}"
    except RuntimeError:  # no home folder
        return make()
    table = _loaded(path)
    if table is None:
        table = make()
        _save(path, table)
    return table


def _loaded(path: Path) -> npt.NDArray[np.uint16] | None:
    try:
        table = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if table.dtype != np.uint16 or table.shape != (COLOURS,):
        return None
    with suppress(OSError):
        os.utime(path)  # used now: the last to be dropped
    return np.asarray(table, dtype=np.uint16)


def _save(path: Path, table: npt.NDArray[np.uint16]) -> None:
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".table-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            np.save(file, table)
        temporary.replace(path)
        _evict(path)
    except OSError:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _evict(newest: Path) -> None:
    """Drop the tables that were not used for longest until the rest is small enough."""
    found = []
    for each in newest.parent.glob(f"*{_ENDING}"):
        with suppress(OSError):
            facts = each.stat()
            found.append((facts.st_mtime, facts.st_size, each))
    total = sum(size for _, size, _ in found)
    for _, size, each in sorted(found):
        if total <= LARGEST_CACHE_BYTES or each == newest:
            break
        with suppress(OSError):  # in use, on Windows: next time
            each.unlink()
            total -= size
