"""An image that is already in memory, behind the same contract as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.source import DTYPES, Source, polarity_of, range_of
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.model.calibration import Calibration


class ArraySource(Source):
    """An array as an image source.

    Parameters
    ----------
    array
        Pixels, shape (rows, columns, 3) uint8 or uint16 for colour, or (rows, columns) uint8, uint16, int16, int32
        or float32 for grey. Not copied: do not change it while the source is in use.
    name
        What the image is called in tables; a file name, never a folder.
    calibration
        Pixel size, or None when it is not known.
    modality
        Kind of picture; unless given, colour is histology and grey is unknown.
    tile
        Rows and columns to read at once.
    value_range
        Smallest and largest value a pixel can have; that of the dtype unless given (for floats, of the pixels).
    warnings, metadata, format
        As in `ImageInfo`.

    Raises
    ------
    UnsupportedImageError
        If the shape or the dtype is none of the above.
    ImageReadError
        If a pixel is not a finite number, or there are none.
    """

    def __init__(
        self,
        array: npt.NDArray[Any],
        *,
        name: str,
        calibration: Calibration | None = None,
        modality: Modality | None = None,
        tile: tuple[int, int] = (256, 256),
        value_range: tuple[float, float] | None = None,
        warnings: tuple[str, ...] = (),
        metadata: Mapping[str, Any] | None = None,
        format: str = "array",
    ) -> None:
        pixels = np.asarray(array)
        channels = channels_of(pixels, name)
        if modality is None:
            modality = Modality.HISTOLOGY if channels == 3 else Modality.UNKNOWN
        if value_range is None:
            value_range = range_of(pixels.dtype)
            if pixels.dtype.kind == "f":
                value_range = float(pixels.min()), float(pixels.max())
        height, width = pixels.shape[:2]
        info = ImageInfo(
            name=Path(name).name,
            format=format,
            modality=modality,
            height_px=height,
            width_px=width,
            channels=channels,
            dtype=pixels.dtype.name,
            value_range=value_range,
            levels=(Level(height, width, 1.0),),
            tile_height_px=min(tile[0], height),
            tile_width_px=min(tile[1], width),
            calibration=calibration,
            polarity=polarity_of(channels, modality),
            warnings=tuple(warnings),
            metadata=dict(metadata or {}),
        )
        super().__init__(Path(name), info, files=())
        self._pixels = pixels

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        # A copy, so that a caller who writes into the box does not write into the image.
        return self._pixels[row : row + height, col : col + width].copy()


def channels_of(pixels: npt.NDArray[Any], name: str) -> int:
    """Give 3 or 1 for pixels that can be measured, and raise for those that cannot."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in (1, 3) or pixels.shape[2:] == (1,):
        what = f"an array of shape {pixels.shape} is not a picture"
        raise UnsupportedImageError(what, path=name, remedy="give rows x columns x 3, or rows x columns")
    if pixels.dtype.name not in DTYPES[channels]:
        what = f"{'colour' if channels == 3 else 'grey'} pixels of type {pixels.dtype.name} are not measured"
        raise UnsupportedImageError(what, path=name, remedy=f"convert to {', '.join(DTYPES[channels])}")
    if pixels.size == 0:
        what = "the array has no pixels"
        raise ImageReadError(what, path=name, remedy="give at least one row and one column")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        what = "some pixels are not finite numbers (NaN or infinite)"
        raise ImageReadError(what, path=name, remedy="replace them with finite values first")
    return channels
