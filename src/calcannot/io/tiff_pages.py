"""Random access to the samples of one TIFF page: only the tiles or strips that a box touches are decoded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.limits import check_piece
from calcannot.io.quiet import reading

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from calcannot.io.segment_cache import SegmentCache

_JPEG = {6, 7, 33007, 34892}
_UNCOMPRESSED = 1
# Rows of strips are handed out in bands of about this many.
_BAND_ROWS = 512


class PageReader:
    """Samples of a page.

    Parameters
    ----------
    page
        A ``tifffile.TiffPage`` of an open file.
    path
        The image, for messages.
    lock
        Held while the file is read; decoding runs outside it.
    cache
        Where decoded segments are kept.
    blank
        Sample that stands for tiles left out of the file, or None to refuse them.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If the tags contradict each other, the file ends before its segments, or the codec is unknown.
    """

    def __init__(self, page: Any, path: Path, lock: threading.Lock, cache: SegmentCache, blank: int | None) -> None:
        self._page = page
        self._path = path
        self._lock = lock
        self._cache = cache
        self._blank = blank
        self._file = page.parent.filehandle
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self._tile = self._segment_size()
        self._grid = math.ceil(self.height / self._tile[0]), math.ceil(self.width / self._tile[1])
        self._planes = page.samplesperpixel if int(page.planarconfig) == 2 else 1
        self._offsets = np.asarray(page.dataoffsets, dtype=np.int64)
        self._counts = np.asarray(page.databytecounts, dtype=np.int64)
        self._check()
        # Both read the file when first asked for: now, while nobody else does.
        self._decode, self._header = page.decode, page.jpegheader
        self._what = "tile" if page.is_tiled else "strip"

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width to read at once: a tile, or a band of strips."""
        rows, cols = self._tile
        if not self._page.is_tiled:
            rows *= max(1, _BAND_ROWS // rows)
        return min(rows, self.height), min(cols, self.width)

    @property
    def missing(self) -> int:
        """Segments that were left out of the file."""
        return int(np.count_nonzero(self._counts == 0))

    def read(self, row: int, col: int, height: int, width: int) -> npt.NDArray[Any]:
        """Samples of a box inside the page, shape (height, width, samples), in the type they are stored in."""
        rows, cols = self._tile
        samples = np.empty((height, width, self._page.samplesperpixel), self._page.dtype)
        for down in range(row // rows, (row + height - 1) // rows + 1):
            for across in range(col // cols, (col + width - 1) // cols + 1):
                top, left = max(row, down * rows), max(col, across * cols)
                bottom, right = min(row + height, (down + 1) * rows), min(col + width, (across + 1) * cols)
                target = samples[top - row : bottom - row, left - col : right - col]
                piece = np.s_[top - down * rows : bottom - down * rows, left - across * cols : right - across * cols]
                for plane in range(self._planes):
                    segment = self._segment(plane, down, across)
                    where = np.s_[..., plane : plane + 1] if self._planes > 1 else np.s_[...]
                    target[where] = self._blank if segment is None else segment[piece]
        return samples

    def _segment(self, plane: int, down: int, across: int) -> npt.NDArray[Any] | None:
        index = (plane * self._grid[0] + down) * self._grid[1] + across
        if self._counts[index] == 0:
            return None
        return self._cache.get((id(self), index), lambda: self._decoded(index, down, across))

    def _decoded(self, index: int, down: int, across: int) -> npt.NDArray[Any]:
        place = f"the {self._what} at row {down * self._tile[0]}, column {across * self._tile[1]}"
        with reading(self._path, f"{place} cannot be decoded", "copy the file again from where it was scanned"):
            with self._lock:
                self._file.seek(int(self._offsets[index]))
                coded = self._file.read(int(self._counts[index]))
            if self._is_cut(coded, index):
                what = f"{place} is cut short"
                raise ImageReadError(what, path=self._path, remedy="copy the file again from where it was scanned")
            decoded, _, _ = self._decode(coded, index, jpegtables=self._page.jpegtables, jpegheader=self._header)
            return np.asarray(decoded[0])

    def _is_cut(self, coded: bytes, index: int) -> bool:
        if len(coded) < self._counts[index]:
            return True
        # libjpeg fills what is missing with grey and says nothing. Segments with a shared header are parts of a stream.
        return int(self._page.compression) in _JPEG and self._header is None and b"\xff\xd9" not in coded[-64:]

    def _segment_size(self) -> tuple[int, int]:
        if self._page.is_tiled:
            size = int(self._page.tilelength), int(self._page.tilewidth)
        else:
            size = min(int(self._page.rowsperstrip), self.height), self.width
        if min(*size, self.height, self.width) <= 0:
            what = f"the header gives a size of {self.height} x {self.width} px in pieces of {size[0]} x {size[1]}"
            raise ImageReadError(what, path=self._path, remedy="the file is damaged; export it again")
        return size

    def _check(self) -> None:
        from tifffile import TIFF

        compression = self._page.compression
        if int(compression) != _UNCOMPRESSED and int(compression) not in TIFF.DECOMPRESSORS:
            what = f"the TIFF compression {getattr(compression, 'name', compression)} is not known"
            raise UnsupportedImageError(what, path=self._path, remedy="save it without compression, or with Deflate")
        expected = self._planes * self._grid[0] * self._grid[1]
        if min(len(self._offsets), len(self._counts)) < expected:
            what = f"{expected} tiles or strips are expected and {len(self._offsets)} are listed"
            raise ImageReadError(what, path=self._path, remedy="the file is damaged; export it again")
        if np.any(self._offsets[:expected] + self._counts[:expected] > self._file.size):
            what = "the file ends before its last pixels: it was cut short"
            raise ImageReadError(what, path=self._path, remedy="copy the file again from where it was scanned")
        if self._blank is None and self.missing:
            what = f"{self.missing} of {expected} tiles or strips have no data"
            raise ImageReadError(what, path=self._path, remedy="export the image again, whole")
        largest = int(self._counts[:expected].max(initial=0))
        if largest:
            px_bytes = self._page.dtype.itemsize * self._page.samplesperpixel / self._planes
            check_piece(self._path, self._tile, px_bytes, largest)
