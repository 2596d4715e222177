"""What is looked at is read first: what the preview reads of a slide makes way for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from napari_calcannot.tile_loader import TileLoader

_LOOK_S = 0.004
_MOST_S = 0.5  # of an image without levels the smallest is computed for minutes: nothing may wait as long


class Precedence:
    """Loaders of tiles that are in view."""

    def __init__(self) -> None:
        self._loaders: tuple[ref[TileLoader], ...] = ()

    @property
    def is_busy(self) -> bool:
        """Whether something in view is still to be read."""
        return any(loader.is_busy for each in self._loaders if (loader := each()) is not None)

    def add(self, loader: TileLoader) -> None:
        """Let this one go first."""
        # Replaced as a whole: other threads may be going through it.
        self._loaders = (*(each for each in self._loaders if each() is not None), ref(loader))

    def make_way(self, at_most_s: float = _MOST_S) -> None:
        """Return when nothing in view is still to be read; called by threads that read something else."""
        end = time.monotonic() + at_most_s
        while self.is_busy and time.monotonic() < end:
            time.sleep(_LOOK_S)


IN_VIEW = Precedence()
"""Of all open images."""
