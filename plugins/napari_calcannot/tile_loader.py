"""Boxes of a pyramid without waiting for the file: what is there now, and the rest as soon as it is decoded.

Tiles are decoded by a few threads, the ones asked for last first. A box that is not all there after a short wait is
filled up from coarser levels; ``arrived`` then says when it is worth looking again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalcannotError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from napari_calcannot.tile_cache import Tile, TileCache

Key = tuple[int, int, int]
"""Level, row and column of a tile, in tiles."""

_WAIT_S = 0.03
_MOST_WAITING = 512


class TileLoader:
    """Reads tiles in threads and gives boxes at once.

    Parameters
    ----------
    read
        Gives the pixels of row, col, height, width, level; called from several threads.
    shapes
        Rows and columns of each level, and 3 for colour.
    dtype
        Of the pixels.
    tile
        Rows and columns of a tile.
    cache
        Shared with others: keys carry ``name``.
    name
        Of this pyramid among those that share the cache.
    """

    def __init__(
        self,
        read: Callable[[int, int, int, int, int], Tile],
        shapes: Sequence[tuple[int, ...]],
        dtype: npt.DTypeLike,
        tile: int,
        cache: TileCache,
        name: Hashable,
        *,
        workers: int = 2,
    ) -> None:
        self.shapes, self.dtype, self.tile = tuple(shapes), np.dtype(dtype), tile
        self.failure: Exception | None = None
        """Why the latest tile could not be read; None while all can."""
        self.wait_s = _WAIT_S
        """How long a box waits for its tiles: a fast file is then sharp at once, a slow one costs a frame."""
        self._read, self._cache, self._name = read, cache, name
        self._workers = workers
        self._waiting: dict[Key, None] = {}
        self._reading: set[Key] = set()
        self._failed: set[Key] = set()
        self._arrived = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._is_open = True

    @property
    def is_busy(self) -> bool:
        """Whether tiles are still to come."""
        with self._changed:
            return bool(self._waiting or self._reading)

    def take_arrived(self) -> bool:
        """Whether tiles came in after a box had to do without them; asked once."""
        with self._changed:
            arrived, self._arrived = self._arrived, False
            return arrived

    def exact(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box, however long it takes."""
        return self._assembled(level, row, col, height, width, {key: self._load(key) for key in
                               self._keys(level, row, col, height, width)})  # fmt: skip

    def box(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box as far as they are there, else enlarged from a coarser level, else 0."""
        keys = self._keys(level, row, col, height, width)
        found = {key: tile for key in keys if (tile := self._cache.get((self._name, *key))) is not None}
        missing = [key for key in keys if key not in found]
        if missing:
            self._ask(missing)
            deadline = time.monotonic() + self.wait_s
            with self._changed:
                while any(key in self._waiting or key in self._reading for key in missing):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
            for key in missing:
                tile = self._cache.get((self._name, *key))
                if tile is not None:
                    found[key] = tile
        return self._assembled(level, row, col, height, width, found)

    def read_or_note(self, read: Callable[..., Tile], row: int, col: int, height: int, width: int, level: int) -> Tile:
        """What ``read`` gives of a box, or nothing, and why in ``failure``: a viewer that draws must not be stopped."""
        try:
            return read(row, col, height, width, level)
        except CalcannotError as error:
            self.failure = error
            return np.zeros((height, width, *self.shapes[level][2:]), self.dtype)

    def retry(self) -> None:
        """Try again what failed, for instance when a network folder is back."""
        with self._changed:
            self._failed.clear()
            self.failure = None
            self._arrived = True

    def close(self) -> None:
        """Stop reading; threads end with the tile in hand, and the cache forgets this pyramid."""
        with self._changed:
            self._is_open = False
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()
        name = self._name
        self._cache.drop(lambda key: bool(key[0] == name))

    def _keys(self, level: int, row: int, col: int, height: int, width: int) -> list[Key]:
        size = self.tile
        return [
            (level, r, c)
            for r in range(row // size, (row + height - 1) // size + 1)
            for c in range(col // size, (col + width - 1) // size + 1)
        ]

    def _ask(self, keys: Sequence[Key]) -> None:
        """Put these in front of all that wait."""
        with self._changed:
            if not self._is_open:
                return
            for key in reversed(keys):
                if key not in self._reading and key not in self._failed:
                    self._waiting.pop(key, None)
                    self._waiting[key] = None
            while len(self._waiting) > max(_MOST_WAITING, len(keys)):
                self._waiting.pop(next(iter(self._waiting)))  # asked for longest ago, and long out of view
            while len(self._threads) < self._workers:
                thread = threading.Thread(target=self._work, name="calcannot tiles", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._is_open and not self._waiting:
                    self._changed.wait()
                if not self._is_open:
                    return
                key, _ = self._waiting.popitem()
                self._reading.add(key)
            try:
                self._load(key)
            except Exception as error:
                with self._changed:
                    self.failure = error
                    self._failed.add(key)
            finally:
                with self._changed:
                    self._reading.discard(key)
                    self._arrived = True
                    self._changed.notify_all()

    def _load(self, key: Key) -> Tile:
        tile = self._cache.get((self._name, *key))
        if tile is None:
            level, r, c = key
            rows, cols = self.shapes[level][:2]
            top, left = r * self.tile, c * self.tile
            tile = self._read(top, left, min(self.tile, rows - top), min(self.tile, cols - left), level)
            self._cache.put((self._name, *key), tile)
        return tile

    def _assembled(self, level: int, row: int, col: int, height: int, width: int, found: dict[Key, Tile]) -> Tile:
        box = np.zeros((height, width, *self.shapes[level][2:]), self.dtype)
        for key in self._keys(level, row, col, height, width):
            top, left = key[1] * self.tile, key[2] * self.tile
            r0, r1 = max(row, top), min(row + height, top + self.tile)
            c0, c1 = max(col, left), min(col + width, left + self.tile)
            into = box[r0 - row : r1 - row, c0 - col : c1 - col]
            tile = found.get(key)
            if tile is not None:
                into[...] = tile[r0 - top : r1 - top, c0 - left : c1 - left]
            else:
                self._enlarge(level, r0, c0, into)
        return box

    def _enlarge(self, level: int, row: int, col: int, into: Tile) -> None:
        """Fill a box from the finest coarser level that has all of it."""
        for coarser in range(level + 1, len(self.shapes)):
            rows = _places(row, into.shape[0], self.shapes[level][0], self.shapes[coarser][0])
            cols = _places(col, into.shape[1], self.shapes[level][1], self.shapes[coarser][1])
            keys = self._keys(coarser, int(rows[0]), int(cols[0]), int(rows[-1] - rows[0] + 1),
                              int(cols[-1] - cols[0] + 1))  # fmt: skip
            tiles = {key: tile for key in keys if (tile := self._cache.get((self._name, *key))) is not None}
            if len(tiles) < len(keys):
                continue
            for key, tile in tiles.items():
                top, left = key[1] * self.tile, key[2] * self.tile
                r = np.flatnonzero((rows >= top) & (rows < top + self.tile))
                c = np.flatnonzero((cols >= left) & (cols < left + self.tile))
                if r.size and c.size:
                    part = tile[rows[r] - top][:, cols[c] - left]
                    into[r[0] : r[-1] + 1, c[0] : c[-1] + 1] = part
            return


def _places(first: int, count: int, fine: int, coarse: int) -> npt.NDArray[Any]:
    """Row or column of a coarser level under each of a finer one."""
    return np.minimum(((np.arange(first, first + count) + 0.5) * coarse / fine).astype(np.intp), coarse - 1)
