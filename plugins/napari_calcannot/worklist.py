"""Images of a folder, worked through one after the other. Knows no napari and no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.batch.inputs import find_images

if TYPE_CHECKING:
    from pathlib import Path


class Worklist:
    """Images in the order of their names, and the one in hand.

    Parameters
    ----------
    folder
        Searched to the bottom.

    Raises
    ------
    ImageReadError
        If there is no such folder, or no image in it.
    """

    def __init__(self, folder: Path) -> None:
        self._images = find_images([folder])
        self._at = 0

    def __len__(self) -> int:
        return len(self._images)

    @property
    def path(self) -> Path:
        """The image in hand."""
        return self._images[self._at].path

    @property
    def names(self) -> list[str]:
        """Of all images, below the folder."""
        return [each.name for each in self._images]

    @property
    def at(self) -> int:
        """Place of the image in hand, counted from 0."""
        return self._at

    def go_to(self, place: int) -> Path:
        """Take another image in hand; beyond the last comes the first."""
        self._at = place % len(self._images)
        return self.path
