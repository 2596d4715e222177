"""How long tiles take: whether it is worth to wait for some, and how many to read side by side."""

from __future__ import annotations

_WEIGHT = 0.2  # of the latest tile in the mean
_WAITING_SHARE = 0.5
_SIDE_BY_SIDE = 3
_NOTICED_S = 0.002  # less is also a thread that waits for its turn


class Pace:
    """Means of the latest tiles; nothing is known of the first, which are waited for."""

    def __init__(self) -> None:
        self._read_s = self._tile_s = self._work_s = 0.0

    def took(self, seconds: float, work_s: float, tiles: int = 1) -> None:
        """A read of so many tiles took so long, and so much of a processor."""
        self._read_s += _WEIGHT * (seconds - self._read_s)
        self._tile_s += _WEIGHT * (seconds / tiles - self._tile_s)
        self._work_s += _WEIGHT * (work_s / tiles - self._work_s)

    def allows(self, count: int, within_s: float, threads: int) -> bool:
        """Whether so many tiles can be expected within a time."""
        return self._tile_s * count / threads <= within_s

    @property
    def waits_for_file(self) -> bool:
        """Whether a disk or a network takes longer than the decoder."""
        return self._tile_s > _NOTICED_S and self._work_s < _WAITING_SHARE * self._tile_s

    def threads(self, least: int, wait_s: float) -> int:
        """How many are worth it: more where a disk or a network is waited for, which serves several at once."""
        return least * _SIDE_BY_SIDE if self._read_s > wait_s and self.waits_for_file else least
