"""Boxes of a pyramid without waiting for the file: what is there now, and the rest as soon as it is decoded.

Tiles of the latest box are decoded by a few threads, the nearest to its middle first; what was asked for a view that
was left is dropped. A box that is not all there after a short wait is filled up from coarser levels; ``take_arrived``
then says when it is worth looking again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalcannotError
from napari_calcannot.pace import Pace
from napari_calcannot.tile_mosaic import TileMosaic

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from napari_calcannot.precedence import Precedence
    from napari_calcannot.tile_cache import Tile, TileCache
    from napari_calcannot.tile_mosaic import Key

_WAIT_S = 0.03


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
    nearing
        For tiles that take long: gives the same as ``read`` step by step. What it gives before the last stands in;
        the first of each tile in view is taken before any goes on.
    after
        What is to be read before any of these.
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
        nearing: Callable[[int, int, int, int, int], Iterator[Tile]] | None = None,
        after: Precedence | None = None,
        workers: int = 2,
    ) -> None:
        self.mosaic = TileMosaic(shapes, dtype, tile)
        self.shapes, self.dtype, self.tile = self.mosaic.shapes, self.mosaic.dtype, tile
        self.failure: Exception | None = None
        """Why the latest tile could not be read; None while all can."""
        self.wait_s = _WAIT_S
        """How long a box may wait for its tiles: a fast file is then sharp at once. It never waits in vain, as for a
        slow one, or where something else is read first."""
        self.looked_at = (0.5, 0.5)
        """Middle of the latest box, as shares of the height and the width."""
        self._read, self._nearing, self._after = read, nearing, after
        self._cache, self._name, self._workers = cache, name, workers
        self._waiting: dict[Key, None] = {}
        """Not begun; the one to begin with last."""
        self._begun: dict[Key, Iterator[Tile]] = {}
        self._standing_in: dict[Key, Tile] = {}
        self._reading: set[Key] = set()
        self._wanted: set[Key] = set()
        self._failed: set[Key] = set()
        self._arrived = False
        self._pace = Pace()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._is_open = True

    @property
    def is_busy(self) -> bool:
        """Whether tiles are still to come."""
        with self._changed:
            return bool(self._waiting or self._begun or self._reading)

    @property
    def is_blank(self) -> bool:
        """Whether tiles are to come in whose place only coarser levels stand."""
        with self._changed:
            return bool(self._waiting or self._reading - self._standing_in.keys())

    def take_arrived(self) -> bool:
        """Whether tiles came in after a box had to do without them; asked once."""
        with self._changed:
            arrived, self._arrived = self._arrived, False
            return arrived

    def exact(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box, however long it takes."""
        box = (level, row, col, height, width)
        return self.mosaic.assembled(*box, {key: self._load(key) for key in self.mosaic.keys(*box)}, self._kept)

    def there(self, level: int, row: int, col: int, height: int, width: int) -> Tile | None:
        """Pixels of a box where all are there, else None; asks for nothing."""
        box = (level, row, col, height, width)
        keys = self.mosaic.keys(*box)
        found = {key: tile for key in keys if (tile := self._kept(key)) is not None}
        return self.mosaic.assembled(*box, found, self._kept) if len(found) == len(keys) else None

    def box(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box as far as they are there, else enlarged from a coarser level, else 0."""
        box = (level, row, col, height, width)
        rows, cols = self.shapes[level][:2]
        self.looked_at = ((row + height / 2) / rows, (col + width / 2) / cols)
        keys = self.mosaic.keys(*box)
        found = {key: tile for key in keys if (tile := self._kept(key)) is not None}
        missing = [key for key in keys if key not in found]
        self._ask(missing)
        if missing:
            deadline = time.monotonic() + (self.wait_s if self._is_soon_there(len(missing)) else 0.0)
            with self._changed:
                while any(key in each for each in (self._waiting, self._begun, self._reading) for key in missing):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
                found |= {key: self._standing_in[key] for key in missing if key in self._standing_in}
            found |= {key: tile for key in missing if (tile := self._kept(key)) is not None}
        return self.mosaic.assembled(*box, found, self._kept)

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
            self._begun.clear()
            self._standing_in.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()
        name = self._name
        self._cache.drop(lambda key: bool(key[0] == name))

    def _is_soon_there(self, count: int) -> bool:
        """Whether so many tiles can be read while a box waits."""
        if self._after is not None and self._after.is_busy:
            return False
        return self._pace.allows(count, self.wait_s, max(self._workers, len(self._threads)))

    def _kept(self, key: Key) -> Tile | None:
        return self._cache.get((self._name, *key))

    def _ask(self, keys: Sequence[Key]) -> None:
        """Read these next, the first of them first, and nothing else that was asked for before."""
        with self._changed:
            if not self._is_open:
                return
            # The smallest level of an image is drawn as a map too, beside what is in view.
            map_level = None if self.mosaic.lowest is not None else len(self.shapes) - 1
            kept = [key for key in self._waiting if key[0] == map_level and key not in keys]
            wanted = [*kept, *(key for key in reversed(keys) if key not in self._failed)]
            self._wanted = set(wanted)
            self._begun = {key: self._begun[key] for key in wanted if key in self._begun}
            self._waiting = dict.fromkeys(key for key in wanted if key not in self._begun and key not in self._reading)
            for key in self._standing_in.keys() - keys:
                del self._standing_in[key]
            while keys and len(self._threads) < self._pace.threads(self._workers, _WAIT_S):
                thread = threading.Thread(target=self._work, name="calcannot tiles", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._is_open and not (self._waiting or self._begun):
                    self._changed.wait()
            if self._after is not None:
                self._after.make_way()
            with self._changed:
                if not self._is_open:
                    return
                if not (self._waiting or self._begun):
                    continue  # the view was left
                steps = None
                if self._waiting:
                    key, _ = self._waiting.popitem()
                else:
                    key, steps = self._begun.popitem()
                self._reading.add(key)
            tile, began, worked = None, time.monotonic(), time.thread_time()
            try:
                if self._nearing is None:
                    self._load(key)
                else:
                    steps = steps or self._nearing(*self.mosaic.place(key), key[0])
                    tile = self._next(key, steps)
            except Exception as error:
                with self._changed:
                    self.failure = error
                    self._failed.add(key)
            finally:
                self._done(key, steps, tile, (time.monotonic() - began, time.thread_time() - worked))

    def _next(self, key: Key, steps: Iterator[Tile]) -> Tile | None:
        """The next that stands in; None when the tile is whole, which then is in the cache."""
        tile = next(steps, None)
        if tile is None:
            with self._changed:
                whole = self._standing_in.get(key)
            if whole is not None:
                self._keep(key, whole)
        return tile

    def _done(self, key: Key, steps: Iterator[Tile] | None, tile: Tile | None, took: tuple[float, float]) -> None:
        """Take in what came of a tile."""
        with self._changed:
            self._pace.took(*took)
            self._reading.discard(key)
            if tile is None or steps is None:
                self._standing_in.pop(key, None)
                self._arrived = True
            elif self._is_open and key in self._wanted:
                self._arrived |= key not in self._standing_in
                self._standing_in[key] = tile
                self._begun[key] = steps
            self._changed.notify_all()

    def _load(self, key: Key) -> Tile:
        tile = self._kept(key)
        if tile is None:
            tile = self._read(*self.mosaic.place(key), key[0])
            self._keep(key, tile)
        return tile

    def _keep(self, key: Key, tile: Tile) -> None:
        with self._changed:
            if self._is_open:  # else nobody would take it out of the cache again
                self._cache.put((self._name, *key), tile)
