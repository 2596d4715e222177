"""Pieces of a file that lie near each other are read at once: a disk or a network is asked once for a row of tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NEAR = 32 * 2**10
"""Bytes between two pieces that are read along: a slow network (2 MB/s, 20 ms an answer) takes as long to answer."""
_MOST = 4 * 2**20
"""Bytes read at once."""


class ReadAhead:
    """What is to be read soon. A group of pieces is read with the first of them and held until the last was taken.

    Parameters
    ----------
    read
        Gives the bytes at an offset, so many; fewer only where the file ends.
    pieces
        Offset and number of bytes of each.
    """

    def __init__(self, read: Callable[[int, int], bytes], pieces: Sequence[tuple[int, int]]) -> None:
        self._read = read
        self._groups: list[_Group] = []
        self._group_of: dict[tuple[int, int], _Group] = {}
        for piece in sorted({(offset, count) for offset, count in pieces if count}):
            if not self._groups or not self._groups[-1].takes(*piece):
                self._groups.append(_Group(piece[0]))
            self._groups[-1].add(*piece)
            self._group_of[piece] = self._groups[-1]

    def take(self, offset: int, count: int) -> bytes:
        """Bytes of a piece, which is then forgotten; one that was not foretold is read by itself."""
        group = self._group_of.pop((offset, count), None)
        if group is None or group.pieces == 1:
            return self._read(offset, count)
        if not group.block:
            group.block = self._read(group.begin, group.end - group.begin)
        part = group.block[offset - group.begin : offset - group.begin + count]
        group.left -= 1
        if not group.left:
            group.block = b""
        return part


class _Group:
    def __init__(self, begin: int) -> None:
        self.begin = self.end = begin
        self.pieces = self.left = 0
        self.block = b""

    def takes(self, offset: int, count: int) -> bool:
        """Whether a piece beyond all of these is near enough."""
        return offset - self.end <= _NEAR and offset + count - self.begin <= _MOST

    def add(self, offset: int, count: int) -> None:
        self.end = max(self.end, offset + count)
        self.pieces += 1
        self.left += 1
