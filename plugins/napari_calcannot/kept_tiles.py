"""Tiles of one pyramid in a cache that several share: taken from there, or read and kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from napari_calcannot.tile_cache import Tile, TileCache
    from napari_calcannot.tile_mosaic import Key, TileMosaic


class KeptTiles:
    """What was read of a pyramid.

    Parameters
    ----------
    read
        Gives the pixels of row, col, height, width, level; called from several threads.
    mosaic
        Where the tiles lie.
    cache
        Shared with others: keys carry ``name``.
    name
        Of this pyramid among those that share the cache.
    """

    def __init__(
        self,
        read: Callable[[int, int, int, int, int], Tile],
        mosaic: TileMosaic,
        cache: TileCache,
        name: Hashable,
    ) -> None:
        self._read, self._mosaic, self._cache, self._name = read, mosaic, cache, name
        self._lock = threading.Lock()
        self._is_open = True

    def get(self, key: Key) -> Tile | None:
        """A tile that is kept."""
        return self._cache.get((self._name, *key))

    def put(self, key: Key, tile: Tile) -> None:
        """Keep a tile; it must not be written to afterwards."""
        with self._lock:
            if self._is_open:  # else nobody would take it out of the cache again
                self._cache.put((self._name, *key), tile)

    def load(self, key: Key) -> Tile:
        """A tile that is kept, else read."""
        tile = self.get(key)
        if tile is None:
            tile = self._read(*self._mosaic.place(key), key[0])
            self.put(key, tile)
        return tile

    def load_row(self, keys: Sequence[Key]) -> None:
        """Read tiles that lie side by side, from left to right, as one box: a file is asked less often."""
        places = [self._mosaic.place(key) for key in keys]
        top, left, height, _ = places[0]
        pixels = self._read(top, left, height, places[-1][1] + places[-1][3] - left, keys[0][0])
        for key, (_, at, _, width) in zip(keys, places, strict=True):
            # A copy: a part would hold the whole row in memory.
            self.put(key, np.array(pixels[:, at - left : at - left + width]))

    def close(self) -> None:
        """Forget all of them; what is read from now on is not kept."""
        with self._lock:
            self._is_open = False
        name = self._name
        self._cache.drop(lambda key: bool(key[0] == name))
