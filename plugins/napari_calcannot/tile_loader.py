"""Boxes of a pyramid without waiting for the file: what is there now, and the rest as soon as it is decoded.

Tiles of the latest box are decoded by a few threads, the nearest to its middle first; what was asked for a view that
was left is dropped. Where the file is waited for and not the decoder, tiles of a row are read at once. A box that is
not all there after a short wait is filled up from coarser levels; ``take_arrived`` then says when it is worth looking
again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalcannotError
from napari_calcannot.kept_tiles import KeptTiles
from napari_calcannot.pace import Pace
from napari_calcannot.tile_mosaic import TileMosaic
from napari_calcannot.tile_queue import TileQueue

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
        self.wait_s = _WAIT_S
        """How long a box may wait for its tiles: a fast file is then sharp at once. It never waits in vain, as for a
        slow one, or where something else is read first."""
        self.looked_at = (0.5, 0.5)
        """Middle of the latest box, as shares of the height and the width."""
        self._kept = KeptTiles(read, self.mosaic, cache, name)
        self._nearing, self._after, self._workers = nearing, after, workers
        self._queue = TileQueue()
        self._pace = Pace()
        self._threads: list[threading.Thread] = []

    @property
    def failure(self) -> Exception | None:
        """Why the latest tile could not be read; None while all can."""
        return self._queue.failure

    @failure.setter
    def failure(self, why: Exception | None) -> None:
        self._queue.failure = why

    @property
    def is_busy(self) -> bool:
        """Whether tiles are still to come."""
        return self._queue.is_busy

    @property
    def is_blank(self) -> bool:
        """Whether tiles are to come in whose place only coarser levels stand."""
        return self._queue.is_blank

    def take_arrived(self) -> bool:
        """Whether tiles came in after a box had to do without them; asked once."""
        return self._queue.take_arrived()

    def exact(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box, however long it takes."""
        box = (level, row, col, height, width)
        tiles = {key: self._kept.load(key) for key in self.mosaic.keys(*box)}
        return self.mosaic.assembled(*box, tiles, self._kept.get)

    def there(self, level: int, row: int, col: int, height: int, width: int) -> Tile | None:
        """Pixels of a box where all are there, else None; asks for nothing."""
        box = (level, row, col, height, width)
        keys = self.mosaic.keys(*box)
        found = {key: tile for key in keys if (tile := self._kept.get(key)) is not None}
        return self.mosaic.assembled(*box, found, self._kept.get) if len(found) == len(keys) else None

    def box(self, level: int, row: int, col: int, height: int, width: int) -> Tile:
        """Pixels of a box as far as they are there, else enlarged from a coarser level, else 0."""
        box = (level, row, col, height, width)
        rows, cols = self.shapes[level][:2]
        self.looked_at = ((row + height / 2) / rows, (col + width / 2) / cols)
        keys = self.mosaic.keys(*box)
        found = {key: tile for key in keys if (tile := self._kept.get(key)) is not None}
        missing = [key for key in keys if key not in found]
        self._ask(missing)
        if missing:
            seconds = self.wait_s if self._is_soon_there(len(missing)) else 0.0
            found |= self._queue.wait_for(missing, seconds)
            found |= {key: tile for key in missing if (tile := self._kept.get(key)) is not None}
        return self.mosaic.assembled(*box, found, self._kept.get)

    def read_or_note(self, read: Callable[..., Tile], row: int, col: int, height: int, width: int, level: int) -> Tile:
        """What ``read`` gives of a box, or nothing, and why in ``failure``: a viewer that draws must not be stopped."""
        try:
            return read(row, col, height, width, level)
        except CalcannotError as error:
            self.failure = error
            return np.zeros((height, width, *self.shapes[level][2:]), self.dtype)

    def retry(self) -> None:
        """Try again what failed, for instance when a network folder is back."""
        self._queue.retry()

    def close(self) -> None:
        """Stop reading; threads end with the tile in hand, and the cache forgets this pyramid."""
        self._queue.close()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()
        self._kept.close()

    def _is_soon_there(self, count: int) -> bool:
        """Whether so many tiles can be read while a box waits."""
        if self._after is not None and self._after.is_busy:
            return False
        return self._pace.allows(count, self.wait_s, max(self._workers, len(self._threads)))

    def _ask(self, keys: Sequence[Key]) -> None:
        """Read these next, the first of them first, and nothing else that was asked for before."""
        # The smallest level of an image is drawn as a map too, beside what is in view.
        self._queue.ask(keys, None if self.mosaic.lowest is not None else len(self.shapes) - 1)
        while keys and self._queue.is_open and len(self._threads) < self._pace.threads(self._workers, _WAIT_S):
            thread = threading.Thread(target=self._work, name="calcannot tiles", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while self._queue.is_open:
            self._queue.wait()
            if self._after is not None:
                self._after.make_way()
            keys, steps = self._queue.take(rows=self._nearing is None and self._pace.waits_for_file)
            if not keys:
                continue  # the view was left
            if self._nearing is None:
                self._read_row(keys)
            else:
                self._read_step(keys[0], steps or self._nearing(*self.mosaic.place(keys[0]), keys[0][0]))

    def _read_row(self, keys: Sequence[Key]) -> None:
        clock = _Clock()
        try:
            if len(keys) > 1:
                self._kept.load_row(keys)
            else:
                self._kept.load(keys[0])
        except Exception as error:
            if len(keys) == 1:
                self._queue.fail(keys[0], error)
                return
            for key in keys:  # which of them it is
                self._read_row([key])
            return
        self._pace.took(*clock.seconds(), len(keys))
        self._queue.whole(keys)

    def _read_step(self, key: Key, steps: Iterator[Tile]) -> None:
        clock = _Clock()
        try:
            tile = next(steps, None)
        except Exception as error:
            self._queue.fail(key, error)
            return
        self._pace.took(*clock.seconds())
        if tile is not None:
            self._queue.nearer(key, steps, tile)
            return
        last = self._queue.standing_in(key)
        if last is not None:
            self._kept.put(key, last)
        self._queue.whole([key])


class _Clock:
    """Time since it was made, of the clock and of this thread's work."""

    def __init__(self) -> None:
        self._began, self._worked = time.monotonic(), time.thread_time()

    def seconds(self) -> tuple[float, float]:
        """Until now."""
        return time.monotonic() - self._began, time.thread_time() - self._worked
