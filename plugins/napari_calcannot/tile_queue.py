"""Which tiles are to be read next: asked for by the thread that draws, taken by those that read."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_calcannot.tile_cache import Tile
    from napari_calcannot.tile_mosaic import Key

    Steps = Iterator[Tile]

_IN_A_ROW = 32
"""Tiles: a screen of 4,000 px whose image is drawn at half its size."""


class TileQueue:
    """Tiles that wait, those that are begun step by step, and those being read. Safe to use from several threads."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        """Why the latest tile could not be read; None while all can."""
        self._waiting: dict[Key, None] = {}
        """Not begun; the one to begin with last."""
        self._begun: dict[Key, Steps] = {}
        self._standing_in: dict[Key, Tile] = {}
        self._reading: set[Key] = set()
        self._wanted: set[Key] = set()
        self._failed: set[Key] = set()
        self._arrived = False
        self._changed = threading.Condition()
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Until ``close``."""
        return self._is_open

    @property
    def is_busy(self) -> bool:
        """Whether tiles are still to come."""
        with self._changed:
            return bool(self._waiting or self._begun or self._reading)

    @property
    def is_blank(self) -> bool:
        """Whether tiles are to come for which nothing stands in."""
        with self._changed:
            return bool(self._waiting or self._reading - self._standing_in.keys())

    def take_arrived(self) -> bool:
        """Whether tiles came in since this was asked."""
        with self._changed:
            arrived, self._arrived = self._arrived, False
            return arrived

    def ask(self, keys: Sequence[Key], keep_level: int | None) -> None:
        """Read these next, the first of them first, and of what was asked for before only what is of ``keep_level``."""
        with self._changed:
            if not self._is_open:
                return
            kept = [key for key in self._waiting if key[0] == keep_level and key not in keys]
            wanted = [*kept, *(key for key in reversed(keys) if key not in self._failed)]
            self._wanted = set(wanted)
            self._begun = {key: self._begun[key] for key in wanted if key in self._begun}
            self._waiting = dict.fromkeys(key for key in wanted if key not in self._begun and key not in self._reading)
            for key in self._standing_in.keys() - keys:
                del self._standing_in[key]
            self._changed.notify_all()

    def wait_for(self, keys: Sequence[Key], seconds: float) -> dict[Key, Tile]:
        """Return when these were read, or when the time is over: with what stands in for those that were not."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while any(key in each for each in (self._waiting, self._begun, self._reading) for key in keys):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return {key: self._standing_in[key] for key in keys if key in self._standing_in}

    def wait(self) -> None:
        """Return when there is something to take, or nothing will ever be."""
        with self._changed:
            while self._is_open and not (self._waiting or self._begun):
                self._changed.wait()

    def take(self, *, rows: bool) -> tuple[list[Key], Steps | None]:
        """What to read now: a tile and its steps, if it is begun; with ``rows`` those beside it, from left to right.

        None of them where there is nothing to take.
        """
        with self._changed:
            if self._waiting:
                key, _ = self._waiting.popitem()
                keys, steps = self._row_of(key) if rows else [key], None
            elif self._begun:
                key, steps = self._begun.popitem()
                keys = [key]
            else:
                return [], None
            self._reading.update(keys)
            return keys, steps

    def standing_in(self, key: Key) -> Tile | None:
        """What came last of a tile that is read in steps."""
        with self._changed:
            return self._standing_in.get(key)

    def whole(self, keys: Sequence[Key]) -> None:
        """These tiles were read, or failed."""
        with self._changed:
            for key in keys:
                self._reading.discard(key)
                self._standing_in.pop(key, None)
            self._arrived = True
            self._changed.notify_all()

    def nearer(self, key: Key, steps: Steps, tile: Tile) -> None:
        """A step of a tile came; the others are for later, unless nobody wants it any more."""
        with self._changed:
            self._reading.discard(key)
            if self._is_open and key in self._wanted:
                self._arrived |= key not in self._standing_in
                self._standing_in[key] = tile
                self._begun[key] = steps
            self._changed.notify_all()

    def fail(self, key: Key, why: Exception) -> None:
        """A tile cannot be read; it is not asked for again before ``retry``."""
        with self._changed:
            self.failure = why
            self._failed.add(key)
        self.whole([key])

    def retry(self) -> None:
        """Let what failed be asked for again."""
        with self._changed:
            self._failed.clear()
            self.failure = None
            self._arrived = True

    def close(self) -> None:
        """Drop all, for good."""
        with self._changed:
            self._is_open = False
            self._waiting.clear()
            self._begun.clear()
            self._standing_in.clear()
            self._changed.notify_all()

    def _row_of(self, key: Key) -> list[Key]:
        """A tile that waited, and those that wait beside it; they wait no longer."""
        (level, row, first), last = key, key[2]
        while (level, row, first - 1) in self._waiting and last - first + 1 < _IN_A_ROW:
            first -= 1
        while (level, row, last + 1) in self._waiting and last - first + 1 < _IN_A_ROW:
            last += 1
        keys = [(level, row, col) for col in range(first, last + 1)]
        for each in keys:
            self._waiting.pop(each, None)
        return keys
