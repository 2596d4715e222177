"""How long tiles take: whether it is worth to wait for some."""

from __future__ import annotations

_WEIGHT = 0.2  # of the latest tile in the mean


class Pace:
    """Mean of the latest tiles; nothing is known of the first, which are waited for."""

    def __init__(self) -> None:
        self._tile_s = 0.0

    def took(self, seconds: float) -> None:
        """A tile took so long."""
        self._tile_s += _WEIGHT * (seconds - self._tile_s)

    def allows(self, count: int, within_s: float, workers: int) -> bool:
        """Whether so many tiles can be expected within a time."""
        return self._tile_s * count / workers <= within_s
