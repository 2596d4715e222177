"""Random access to the samples of one TIFF page: only the tiles or strips that a box touches are decoded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.limits import check_piece
from calcannot.io.quiet import fail
from calcannot.io.tiff_decode import JPEG, decoder_of

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.io.byte_file import ByteFile
    from calcannot.io.segment_cache import SegmentCache

_END_OF_JPEG = b"\xff\xd9"
_REMEDY = "copy the file again from where it was scanned"
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
    file
        Its bytes.
    cache
        Where decoded segments are kept.
    blank
        Samples of a pixel that stand for tiles left out of the file, or None to refuse them.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If the tags contradict each other, the file ends before its segments, or the codec is unknown.
    """

    def __init__(self, page: Any, path: Path, file: ByteFile, cache: SegmentCache, blank: tuple[int, ...] | None) -> None:
        self._page = page
        self._path = path
        self._file = file
        self._cache = cache
        self._blank = blank
        self._background = np.asarray(blank or 0)
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self._tile = self._segment_size()
        self._grid = math.ceil(self.height / self._tile[0]), math.ceil(self.width / self._tile[1])
        self._planes = page.samplesperpixel if int(page.planarconfig) == 2 else 1
        self._offsets = tuple(page.dataoffsets)
        self._counts = tuple(page.databytecounts)
        self._check()
        self._decode = decoder_of(page)
        self._ends_marked = page.compression in JPEG and page.jpegheader is None
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
        return self._counts.count(0)

    def read(self, row: int, col: int, height: int, width: int) -> npt.NDArray[Any]:
        """Samples of a box inside the page, shape (height, width, samples), in the type they are stored in.

        A box that is one tile is the decoded tile itself. A larger one is put together with one copy. Tiles that a box
        takes whole are not kept; those that it cuts are, for the box beside it.
        """
        rows, cols = self._tile
        down, across = divmod(row, rows), divmod(col, cols)
        if self._planes == 1 and down[1] == across[1] == 0 and height <= rows and width <= cols:
            index = down[0] * self._grid[1] + across[0]
            if self._counts[index] and self._is_whole(down[0], across[0], height, width):
                return self._decoded(index, down[0], across[0])[:height, :width]
        return self._assembled(row, col, height, width)

    def _assembled(self, row: int, col: int, height: int, width: int) -> npt.NDArray[Any]:
        rows, cols = self._tile
        samples = np.empty((height, width, self._page.samplesperpixel), self._page.dtype)
        for down in range(row // rows, (row + height - 1) // rows + 1):
            for across in range(col // cols, (col + width - 1) // cols + 1):
                top, left = max(row, down * rows), max(col, across * cols)
                bottom, right = min(row + height, (down + 1) * rows), min(col + width, (across + 1) * cols)
                target = samples[top - row : bottom - row, left - col : right - col]
                piece = np.s_[top - down * rows : bottom - down * rows, left - across * cols : right - across * cols]
                whole = self._is_whole(down, across, bottom - top, right - left)
                for plane in range(self._planes):
                    segment = self._segment(plane, down, across, keep=not whole)
                    where = np.s_[..., plane : plane + 1] if self._planes > 1 else np.s_[...]
                    target[where] = self._background[where] if segment is None else segment[piece]
        return samples

    def _is_whole(self, down: int, across: int, height: int, width: int) -> bool:
        """Whether a part of a segment, of this size, is all of it that lies inside the page."""
        rows, cols = self._tile
        return height == min(rows, self.height - down * rows) and width == min(cols, self.width - across * cols)

    def _segment(self, plane: int, down: int, across: int, *, keep: bool) -> npt.NDArray[Any] | None:
        index = (plane * self._grid[0] + down) * self._grid[1] + across
        if not self._counts[index]:
            return None
        if not keep:
            return self._decoded(index, down, across)
        return self._cache.get((id(self), index), lambda: self._decoded(index, down, across))

    def _decoded(self, index: int, down: int, across: int) -> npt.NDArray[Any]:
        try:
            coded = self._file.read_at(self._offsets[index], self._counts[index])
            if not self._is_cut(coded, index):
                return self._decode(coded, index)
        except Exception as error:  # a codec may raise anything
            fail(error, self._path, f"{self._place(down, across)} cannot be decoded", _REMEDY)
        what = f"{self._place(down, across)} is cut short"
        raise ImageReadError(what, path=self._path, remedy=_REMEDY)

    def _place(self, down: int, across: int) -> str:
        return f"the {self._what} at row {down * self._tile[0]}, column {across * self._tile[1]}"

    def _is_cut(self, coded: bytes, index: int) -> bool:
        if len(coded) < self._counts[index]:
            return True
        # libjpeg fills what is missing with grey and says nothing. Segments with a shared header are parts of a stream.
        return self._ends_marked and _END_OF_JPEG not in coded[-64:]

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
        counts = self._counts[:expected]
        if any(start + count > self._file.size for start, count in zip(self._offsets, counts, strict=False)):
            what = "the file ends before its last pixels: it was cut short"
            raise ImageReadError(what, path=self._path, remedy=_REMEDY)
        if self._blank is None and self.missing:
            what = f"{self.missing} of {expected} tiles or strips have no data"
            raise ImageReadError(what, path=self._path, remedy="export the image again, whole")
        largest = max(counts, default=0)
        if largest:
            px_bytes = self._page.dtype.itemsize * self._page.samplesperpixel / self._planes
            check_piece(self._path, self._tile, px_bytes, largest)
