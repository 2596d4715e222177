"""What an image is to the rest of calcannot: facts about it, and a way to its pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    import numpy.typing as npt

    from calcannot.model.annotation import Stroke
    from calcannot.model.calibration import Calibration


BAD_TILE = "bad tile"
"""Reason of exclusions of an image that are tiles which do not decode."""


class Modality(StrEnum):
    """What kind of picture it is. ``UNKNOWN`` is a grey image that does not say which side of grey is dense."""

    HISTOLOGY = "histology"
    RADIOGRAPH = "radiograph"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of a pyramid; level 0 is the full one. ``downsample`` is level-0 pixels per pixel."""

    height_px: int
    width_px: int
    downsample: float


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Facts about an image that decide how it is measured.

    Attributes
    ----------
    name
        File name, never a folder.
    format
        Reader's name of the format, for example ``Aperio SVS`` or ``DICOM DX``.
    modality
        Kind of picture, from the header.
    height_px, width_px
        Size of level 0 as read, that is after orientation is applied.
    channels
        3 (red, green, blue) or 1 (grey).
    dtype
        ``uint8`` or ``uint16`` for colour; ``uint8``, ``uint16``, ``int16``, ``int32`` or ``float32`` for grey.
    value_range
        Smallest and largest value a pixel can have (not the ones it happens to have).
    levels
        Full resolution first. At least one.
    tile_height_px, tile_width_px
        Read in multiples of this to decode nothing twice.
    calibration
        Pixel size, or None: there is no default and no guess.
    polarity
        For grey images: ``denser is brighter`` or ``unknown``; for colour: ``darker absorbs more``.
    warnings
        Sentences for the user, each complete.
    metadata
        Technical facts worth recording (transfer syntax, photometric interpretation, ICC profile). No identifiers.
    excluded
        Exclusions that come with the image and not from a person: padding, collimated borders, burned-in text. They
        hold as those in the annotations do, but for those over which a person drew "accept".
    """

    name: str
    format: str
    modality: Modality
    height_px: int
    width_px: int
    channels: int
    dtype: str
    value_range: tuple[float, float]
    levels: tuple[Level, ...]
    tile_height_px: int
    tile_width_px: int
    calibration: Calibration | None
    polarity: str
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    excluded: tuple[Stroke, ...] = ()


class ImageSource(Protocol):
    """An open image. Safe to read from several threads at once."""

    @property
    def path(self) -> Path:
        """File (or folder) the pixels come from."""

    @property
    def info(self) -> ImageInfo:
        """Facts about the image."""

    def read(self, row: int, col: int, height: int, width: int, level: int = 0) -> npt.NDArray[np.generic]:
        """Pixels of a box that lies inside the level.

        Returns
        -------
        ndarray
            Shape (height, width, 3) for colour or (height, width) for grey, C-contiguous, dtype ``info.dtype``.
            Grey radiographs are after the modality transform, with higher meaning denser.

        Raises
        ------
        ImageReadError
            If the bytes cannot be decoded.
        ValueError
            If the box is not inside the level.
        """

    def check_unchanged(self) -> None:
        """Raise ImageReadError if a file was written to, replaced or removed since it was opened."""

    def close(self) -> None:
        """Release the file. May be called twice."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
