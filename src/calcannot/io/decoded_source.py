"""An image that can only be decoded whole: decoded on first use and kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from calcannot.errors import ImageReadError
from calcannot.io.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from calcannot.model.image import ImageInfo

# Rows to hand out at once; the pixels are in memory, so only the caller's work buffers depend on it.
BAND_ROWS = 1024


class DecodedSource(Source):
    """A PNG, a JPEG or a DICOM of one frame.

    Parameters
    ----------
    path, info
        As in `Source`.
    decode
        Gives the pixels of the whole image, as `ImageInfo` describes them. Called once.
    """

    def __init__(self, path: Path, info: ImageInfo, decode: Callable[[], npt.NDArray[Any]]) -> None:
        super().__init__(path, info)
        self._decode = decode
        self._pixels: npt.NDArray[Any] | None = None
        self._lock = threading.Lock()

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        # A copy, so that a caller who writes into the box does not write into the image.
        return self._whole()[row : row + height, col : col + width].copy()

    def _whole(self) -> npt.NDArray[Any]:
        with self._lock:
            if self._pixels is None:
                pixels = self._decode()
                described = (self._info.height_px, self._info.width_px) + ((3,) if self._info.channels == 3 else ())
                if pixels.shape != described or pixels.dtype != self._info.dtype:
                    what = f"decoded to {pixels.shape} {pixels.dtype}, and the header says {described}"
                    what += f" {self._info.dtype}"
                    raise ImageReadError(what, path=self._path, remedy="the file is damaged; export it again")
                self._pixels = pixels
            return self._pixels

    def close(self) -> None:
        """Forget the pixels. May be called twice; a later read decodes them again."""
        with self._lock:
            self._pixels = None
