"""Keeps the pieces of an image decoded last, so that neighbouring boxes decode a strip once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt


class SegmentCache:
    """Arrays by key, the least recently used dropped first; always room for one.

    Two threads that want the same piece decode it once; different pieces decode side by side.

    Parameters
    ----------
    limit_bytes
        Memory to keep to.
    """

    def __init__(self, limit_bytes: int = 64 * 2**20) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, npt.NDArray[Any]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Give the array kept under ``key``, made first if there is none. Do not write into it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            made = make()
            with self._lock:
                self._keep(key, made)
                self._making.pop(key, None)
            return made

    def __contains__(self, key: Hashable) -> bool:
        """Whether it is kept now."""
        with self._lock:
            return key in self._kept

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: Hashable, made: npt.NDArray[Any]) -> None:
        self._kept[key] = made
        self._bytes += made.nbytes
        while self._bytes > self._limit and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
