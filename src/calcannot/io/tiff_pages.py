"""Random access to the samples of one TIFF page: only the tiles or strips that a box touches are decoded."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, TileError, UnsupportedImageError
from calcannot.io.limits import check_piece
from calcannot.io.quiet import fail
from calcannot.io.tiff_decode import JPEG, OLD_JPEG, decoder_of, may_be_planes
from calcannot.io.tiling import TiledReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from calcannot.io.byte_file import ByteFile
    from calcannot.io.jpeg_planes import PlaneDecoder
    from calcannot.io.segment_cache import SegmentCache
    from calcannot.jpeg_colours import CodedTiles

_START_OF_JPEG, _END_OF_JPEG = b"\xff\xd8", b"\xff\xd9"
_END_WITHIN = 64  # bytes; some writers pad
_REMEDY = "copy the file again from where it was scanned"
_UNCOMPRESSED = 1
# The longest side of a JPEG. Hamamatsu goes beyond it with restart markers, whose places it lists as tiles.
_LONGEST_JPEG = 65_500
# Rows of strips are handed out in bands of about this many.
_BAND_ROWS = 512


class PageReader(TiledReader):
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

    def __init__(
        self, page: Any, path: Path, file: ByteFile, cache: SegmentCache, blank: tuple[int, ...] | None
    ) -> None:
        size = int(page.imagelength), int(page.imagewidth)
        tile = _segment_size(page, path)
        super().__init__(size, tile, (page.samplesperpixel,), page.dtype, 0 if blank is None else blank, cache)
        self._page = page
        self._path = path
        self._file = file
        self._blank_allowed = blank is not None
        self._grid = math.ceil(size[0] / tile[0]), math.ceil(size[1] / tile[1])
        self._planes = page.samplesperpixel if int(page.planarconfig) == 2 else 1
        self._offsets = tuple(page.dataoffsets)
        self._counts = tuple(page.databytecounts)
        self._check()
        self._decode = decoder_of(page)
        self._may_be_planes, self._tables = may_be_planes(page), page.jpegtables
        self._ends_marked = page.compression in JPEG - {OLD_JPEG} and page.jpegheader is None
        self._what = "tile" if page.is_tiled else "strip"

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width to read at once: a tile, or a band of strips (NDPI's tiles are strips of 8 rows)."""
        rows, cols = self._tile
        if cols >= self.width:
            rows *= max(1, _BAND_ROWS // rows)
        return min(rows, self.height), min(cols, self.width)

    @property
    def segment(self) -> tuple[int, int]:
        """Height and width of what is decoded at once."""
        return self._tile

    @property
    def missing(self) -> int:
        """Segments that were left out of the file."""
        return self._counts.count(0)

    def _decoded(self, down: int, across: int) -> npt.NDArray[Any] | None:
        if self._planes == 1:
            return self._segment(0, down, across)
        planes = [self._segment(plane, down, across) for plane in range(self._planes)]
        if any(plane is None for plane in planes):
            return None
        return np.concatenate([plane for plane in planes if plane is not None], axis=-1)

    def _ahead(self, tiles: Sequence[tuple[int, int]]) -> AbstractContextManager[None]:
        numbers = [self._number(plane, *tile) for plane in range(self._planes) for tile in tiles]
        return self._file.ahead([(self._offsets[number], self._counts[number]) for number in numbers])

    @cached_property
    def _plane_decoder(self) -> PlaneDecoder | None:
        from calcannot.io.jpeg_planes import decoder_of_planes  # brings the compiler; to open an image needs none

        decode = self._decode
        return (
            decoder_of_planes(self._tile, self._tables, lambda coded: decode(coded, 0)) if self._may_be_planes else None
        )

    def coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        """Tiles for a decoder, read at once where they lie side by side; None where all must be read as pixels."""
        if self._plane_decoder is None:
            return None
        tiles, rows = self._stored_tiles(places)
        numbers = [None if tile is None else tile[0] * self._grid[1] + tile[1] for tile in tiles]
        starts = [0 if number is None else self._offsets[number] for number in numbers]
        sizes = [0 if number is None else self._counts[number] for number in numbers]
        block, first = self._read_together(starts, sizes)
        for number, (at, size) in enumerate(zip(first, sizes, strict=True)):
            if block.rfind(_END_OF_JPEG, max(at, at + size - _END_WITHIN), at + size) < 0:
                sizes[number] = 0
        return self._plane_decoder.tiles(block, first, sizes, rows)

    def _read_together(self, starts: list[int], sizes: list[int]) -> tuple[bytes, list[int]]:
        """Bytes of several segments, and where each begins in them."""
        wanted = [(start, size) for start, size in zip(starts, sizes, strict=True) if size]
        begin = min((start for start, _ in wanted), default=0)
        end = max((start + size for start, size in wanted), default=0)
        if end - begin <= 2 * sum(sizes):
            return self._file.read_at(begin, end - begin), [
                start - begin if size else 0 for start, size in zip(starts, sizes, strict=True)
            ]
        parts = [self._file.read_at(start, size) if size else b"" for start, size in zip(starts, sizes, strict=True)]
        return b"".join(parts), [0, *accumulate(len(part) for part in parts)][:-1]

    def _segment(self, plane: int, down: int, across: int) -> npt.NDArray[Any] | None:
        index = self._number(plane, down, across)
        if not self._counts[index]:
            return None
        try:
            coded = self._file.read_at(self._offsets[index], self._counts[index])
            if not self._is_cut(coded, index):
                return self._decode(coded, index)
        except Exception as error:  # a codec may raise anything
            what = f"the {self._what} {self._corner(down, across)} cannot be decoded"
            fail(error, self._path, what, _REMEDY, tile=True)
        what = f"the {self._what} {self._corner(down, across)} is cut short"
        raise TileError(what, path=self._path, remedy=_REMEDY)

    def _number(self, plane: int, down: int, across: int) -> int:
        """Number of a segment in the file."""
        return (plane * self._grid[0] + down) * self._grid[1] + across

    def _is_cut(self, coded: bytes, index: int) -> bool:
        if len(coded) < self._counts[index]:
            return True
        # libjpeg fills what is missing with grey and says nothing. Segments with a shared header are parts of a stream.
        return self._ends_marked and _END_OF_JPEG not in coded[-_END_WITHIN:]

    def _check(self) -> None:
        from tifffile import TIFF

        compression = self._page.compression
        if int(compression) != _UNCOMPRESSED and int(compression) not in TIFF.DECOMPRESSORS:
            what = f"the TIFF compression {getattr(compression, 'name', compression)} is not known"
            raise UnsupportedImageError(what, path=self._path, remedy="save it without compression, or with Deflate")
        if compression in JPEG and max(self._tile) > _LONGEST_JPEG:
            what = f"{self._tile[0]} x {self._tile[1]} px are stored as one JPEG that cannot be read piece by piece"
            raise UnsupportedImageError(
                what, path=self._path, remedy="convert it to OME-TIFF with the scanner's program"
            )
        expected = self._planes * self._grid[0] * self._grid[1]
        if min(len(self._offsets), len(self._counts)) < expected:
            what = f"{expected} tiles or strips are expected and {len(self._offsets)} are listed"
            raise ImageReadError(what, path=self._path, remedy="the file is damaged; export it again")
        if compression == OLD_JPEG and not self._file.read_at(self._offsets[0], 2).startswith(_START_OF_JPEG):
            what = (
                "the TIFF holds JPEG in the way of TIFF 6.0 (compression 6), whose pieces are no streams of their own"
            )
            raise UnsupportedImageError(
                what, path=self._path, remedy="save it with Deflate, or with JPEG as of today (7)"
            )
        counts = self._counts[:expected]
        if any(start + count > self._file.size for start, count in zip(self._offsets, counts, strict=False)):
            what = "the file ends before its last pixels: it was cut short"
            raise ImageReadError(what, path=self._path, remedy=_REMEDY)
        if not self._blank_allowed and self.missing:
            what = f"{self.missing} of {expected} tiles or strips have no data"
            raise ImageReadError(what, path=self._path, remedy="export the image again, whole")
        largest = max(counts, default=0)
        if largest:
            px_bytes = self._page.dtype.itemsize * self._page.samplesperpixel / self._planes
            check_piece(self._path, self._tile, px_bytes, largest)


def _segment_size(page: Any, path: Path) -> tuple[int, int]:
    height, width = int(page.imagelength), int(page.imagewidth)
    if page.is_tiled:
        size = int(page.tilelength), int(page.tilewidth)
    else:
        size = min(int(page.rowsperstrip), height), width
    if min(*size, height, width) <= 0:
        what = f"the header gives a size of {height} x {width} px in pieces of {size[0]} x {size[1]}"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    return size
