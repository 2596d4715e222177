"""Tiles that were decoded or computed, the latest used kept, within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Tile = npt.NDArray[Any]

DEFAULT_BYTES = 80 * 1024 * 1024
"""Five screens of a slide at full resolution with the preview's values."""


class TileCache:
    """A dictionary that forgets what was not used for longest. Safe to use from several threads.

    Parameters
    ----------
    limit_bytes
        Of all arrays together.
    """

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self._limit = limit_bytes
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: Hashable) -> Tile | None:
        """A tile, or None; it then counts as used."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: Hashable, tile: Tile) -> None:
        """Keep a tile; it must not be written to afterwards."""
        with self._lock:
            old = self._tiles.pop(key, None)
            self._bytes += tile.nbytes - (0 if old is None else old.nbytes)
            self._tiles[key] = tile
            while self._bytes > self._limit and len(self._tiles) > 1:
                _, forgotten = self._tiles.popitem(last=False)
                self._bytes -= forgotten.nbytes

    def shrink(self, share: float = 0.25) -> None:
        """Forget the tiles used longest ago, down to a share of the limit: something else needs memory now."""
        with self._lock:
            while self._bytes > share * self._limit:
                _, forgotten = self._tiles.popitem(last=False)
                self._bytes -= forgotten.nbytes

    def drop(self, of: Callable[[Any], bool]) -> None:
        """Forget the tiles whose key this holds for."""
        with self._lock:
            for key in [key for key in self._tiles if of(key)]:
                self._bytes -= self._tiles.pop(key).nbytes
