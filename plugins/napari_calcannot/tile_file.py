"""Tiles of one image in a file of the system's folder for temporary files: for what takes long to compute."""

from __future__ import annotations

import tempfile
import zlib
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari_calcannot.tile_cache import Tile

_LARGEST_BYTES = 1 << 30
_EFFORT = 1


class TileFile:
    """Tiles that stay until it is closed, and are gone then. Where the disk refuses, no more are kept.

    Parameters
    ----------
    dtype
        Of all tiles.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._places: dict[Hashable, tuple[int, int, tuple[int, ...]]] = {}
        self._taken: dict[Hashable, tuple[int, int, tuple[int, ...]]] = {}
        """Where there is room for the same key again."""
        self._end = 0
        self._file: Any = None
        self._lock = Lock()
        self._is_open = True

    def put(self, key: Hashable, tile: Tile, *, effort: int = _EFFORT) -> bool:
        """Keep a tile, where there is room for it; whether it is there now. An effort of 0 compresses nothing."""
        packed = zlib.compress(np.ascontiguousarray(tile, self._dtype).data, effort)
        with self._lock:
            if key in self._places:
                return True
            start, room, _ = self._taken.pop(key, (self._end, 0, ()))
            if len(packed) > room:
                start = self._end
            if not self._is_open or start + len(packed) > _LARGEST_BYTES:
                return False
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(prefix="calcannot-")  # noqa: SIM115 - closed by ``close``
                self._file.seek(start)
                self._file.write(packed)
            except OSError:
                self._is_open = False  # a full disk: what is there already can still be read
                return False
            self._places[key] = (start, len(packed), tile.shape)
            self._end = max(self._end, start + len(packed))
            return True

    def get(self, key: Hashable) -> Tile | None:
        """A tile, or None."""
        with self._lock:
            place = self._places.get(key)
            if place is None:
                return None
            try:
                self._file.seek(place[0])
                packed = self._file.read(place[1])
                return np.frombuffer(zlib.decompress(packed), self._dtype).reshape(place[2])
            except (OSError, zlib.error):
                del self._places[key]
                return None

    def take(self, key: Hashable) -> Tile | None:
        """A tile that can be written to, or None; what becomes of it can be kept under the same key."""
        tile = self.get(key)
        with self._lock:
            if key in self._places:
                self._taken[key] = self._places.pop(key)
        return None if tile is None else tile.copy()

    def close(self) -> None:
        """Forget all tiles."""
        with self._lock:
            self._is_open = False
            self._places.clear()
            if self._file is not None:
                self._file.close()
                self._file = None
