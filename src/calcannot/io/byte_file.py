"""Bytes at a place of a file, for many threads at once."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError
from calcannot.io.read_ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class _Foretold(threading.local):
    """What a thread is about to read."""

    pieces: ReadAhead | None = None


class ByteFile:
    """A file that is read piece by piece, in any order, from any thread.

    Where the system reads at a place in one call, threads do not wait for each other. Where it does not (Windows), a
    lock keeps moving and reading together; decoding is outside it either way.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        self._foretold = _Foretold()
        self.size = os.fstat(self._file.fileno()).st_size
        self._piece = self._at_once if hasattr(os, "pread") else self._in_turn

    def read_at(self, offset: int, count: int) -> bytes:
        """Read bytes from a place; fewer than ``count`` only where the file ends.

        Raises
        ------
        ImageReadError
            If the file was closed.
        OSError
            If the system cannot read it.
        """
        if self._file.closed:
            what = "the image was closed"
            raise ImageReadError(what, path=self._path, remedy="open it again")
        pieces = self._foretold.pieces
        return self._whole(offset, count) if pieces is None else pieces.take(offset, count)

    @contextmanager
    def ahead(self, pieces: Sequence[tuple[int, int]]) -> Iterator[None]:
        """Within this block, the calling thread reads these at once as far as they lie near each other.

        Parameters
        ----------
        pieces
            Offset and number of bytes of each.
        """
        self._foretold.pieces = ReadAhead(self._whole, pieces)
        try:
            yield
        finally:
            self._foretold.pieces = None

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._file.close()

    def _whole(self, offset: int, count: int) -> bytes:
        block = self._piece(offset, count)
        if len(block) == count or not block:
            return block
        # A read may give less than it was asked for, on network drives and beyond 2 GiB.
        parts = [block]
        have = len(block)
        while have < count and (block := self._piece(offset + have, count - have)):
            parts.append(block)
            have += len(block)
        return b"".join(parts)

    def _at_once(self, offset: int, count: int) -> bytes:
        return os.pread(self._file.fileno(), count, offset)

    def _in_turn(self, offset: int, count: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)
