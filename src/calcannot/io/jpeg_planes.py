"""The planes of JPEG tiles as they are stored, through libjpeg-turbo's own interface.

imagecodecs hands out nothing but pixels. The planes come from the library that the package ``turbojpeg`` carries; where
it is not installed, tiles are read as pixels, which takes longer and gives the same.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from functools import cache
from importlib import metadata
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from calcannot.io.codestream import header_size
from calcannot.io.pixels import off_alignment
from calcannot.jpeg_colours import CodedTiles, pixels_of, planes_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Pixels = Callable[[bytes], npt.NDArray[np.uint8]]

# Of turbojpeg.h, version 3: enum TJINIT, TJPARAM, TJSAMP and TJCS.
_DECOMPRESS: Final = 1
_SUBSAMPLING, _WIDTH, _HEIGHT, _PRECISION, _COLOURS, _PROGRESSIVE, _ARITHMETIC, _LOSSLESS = 4, 5, 6, 7, 8, 12, 14, 15
_HALVES_COLUMNS, _HALVES_BOTH = 1, 2
_YCBCR: Final = 1

_END = b"\xff\xd9"
_START_BYTES = 2
_KNOWN_MOST = 16
_SMALLEST_PX = 16  # and a multiple of it: no sample of a plane is padding


class PlaneDecoder:
    """Prepares the tiles of one page for decoding to planes.

    Parameters
    ----------
    library
        As `load_library` gives it.
    tile
        Height and width of a tile in pixels; multiples of 16.
    tables
        The page's JPEGTables, or None.
    pixels
        Decodes a tile to uint8 (height, width, 3): the first of each kind is decoded both ways, and planes are handed
        out where its pixels are the same.
    """

    def __init__(self, library: ctypes.CDLL, tile: tuple[int, int], tables: bytes | None, pixels: Pixels) -> None:
        self._library = library
        self._tile = tile
        self._pixels = pixels
        self._tables = (tables or b"").removesuffix(_END)
        self._decode = ctypes.cast(library.tj3DecompressToYUVPlanes8, ctypes.c_void_p).value or 0
        self._of_thread = threading.local()
        self._headers: dict[bytes, bool | None] = {}
        self._last: tuple[bytes, bool] = b"", False
        self._undecided = 0

    def tiles(self, block: bytes, first: Sequence[int], size: Sequence[int], rows: int) -> CodedTiles | None:
        """Tiles for the decoder of the calling thread.

        Parameters
        ----------
        block
            Bytes of the file.
        first, size
            Where in the block a tile's stream begins, and its bytes; 0 for a tile that is not to be decoded.
        rows
            Rows of each that are wanted.

        Returns
        -------
        CodedTiles or None
            Tiles whose samples are no YCbCr with halved chroma have size 0; None where none is left. They hold until
            the thread asks for the next.
        """
        halves_rows = [self._halves_rows(block, at, n) if n else None for at, n in zip(first, size, strict=True)]
        alike = next((each for each in halves_rows if each is not None), None)
        if alike is None:
            return None
        sizes = [n if each is alike else 0 for n, each in zip(size, halves_rows, strict=True)]
        if self._tables:
            parts = [self._whole(block[at : at + n]) if n else b"" for at, n in zip(first, sizes, strict=True)]
            sizes = [len(part) for part in parts]
            block, first = b"".join(parts), [0, *accumulate(sizes)][:-1]
        return self._for_thread(block, first, sizes, rows, halves_rows=alike)

    def _for_thread(
        self, block: bytes, first: Sequence[int], sizes: Sequence[int], rows: int, *, halves_rows: bool
    ) -> CodedTiles:
        mine = self._thread()
        samples, pointers = mine.planes[halves_rows]
        return CodedTiles(
            np.frombuffer(block, np.uint8), np.array(first, np.int64), np.array(sizes, np.int64),
            self._decode, mine.address, ctypes.addressof(pointers), samples, *self._tile, halves_rows, rows,
        )  # fmt: skip

    def _whole(self, coded: bytes) -> bytes:
        return self._tables + coded[_START_BYTES:] if self._tables else coded

    def _halves_rows(self, block: bytes, at: int, coded_size: int) -> bool | None:
        """Whether the rows of chroma are halved, by the header, which says how much is written to memory."""
        known, halves_rows = self._last
        if known and block.startswith(known, at):
            return halves_rows
        coded = block[at : at + coded_size]
        size = header_size(coded)
        if size is None:
            return None
        header = coded[:size]
        if header not in self._headers:
            if len(self._headers) + self._undecided >= _KNOWN_MOST:
                return None
            if not self._ask(header, coded):
                self._undecided += 1
                return None
        found = self._headers[header]
        if found is not None:
            self._last = header, found
        return found

    def _ask(self, header: bytes, coded: bytes) -> bool:
        """Enter what tiles with this header are; False where a damaged one cannot tell it."""
        stream = self._whole(coded)
        halves_rows = self._sampling(stream)
        if halves_rows is not None:
            pixels = pixels_of(self._for_thread(stream, [0], [len(stream)], self._tile[0], halves_rows=halves_rows), 0)
            if pixels is None:
                return False
            if not np.array_equal(pixels, self._pixels(coded)):
                halves_rows = None
        self._headers[header] = halves_rows
        return True

    def _sampling(self, stream: bytes) -> bool | None:
        """Whether rows of chroma are halved, or None where a tile is anything else than baseline YCbCr of its size."""
        handle, get = self._thread().handle, self._library.tj3Get
        if self._library.tj3DecompressHeader(handle, stream, len(stream)):
            return None
        if (get(handle, _HEIGHT), get(handle, _WIDTH)) != self._tile:
            return None
        if get(handle, _PRECISION) != 8 or get(handle, _COLOURS) != _YCBCR:
            return None
        if any(get(handle, unusual) == 1 for unusual in (_PROGRESSIVE, _ARITHMETIC, _LOSSLESS)):
            return None
        return {_HALVES_COLUMNS: False, _HALVES_BOTH: True}.get(get(handle, _SUBSAMPLING))

    def _thread(self) -> _Thread:
        mine: _Thread | None = getattr(self._of_thread, "mine", None)
        if mine is None:
            mine = self._of_thread.mine = _Thread(self._library, self._tile)
        return mine


class _Thread:
    """A decoder and the memory it writes to; neither may be shared between threads."""

    def __init__(self, library: ctypes.CDLL, tile: tuple[int, int]) -> None:
        self.address: int = library.tj3Init(_DECOMPRESS) or 0
        if not self.address:
            what = "libjpeg-turbo has no memory for a decoder"
            raise MemoryError(what)
        self.handle = ctypes.c_void_p(self.address)
        weakref.finalize(self, library.tj3Destroy, self.handle)
        self.planes = [_room(*tile, halves_rows=halves_rows) for halves_rows in (False, True)]


def _room(height: int, width: int, *, halves_rows: bool) -> tuple[npt.NDArray[np.uint8], Any]:
    samples = off_alignment((planes_size(height, width, halves_rows=halves_rows),))
    samples[:] = 0
    chroma = (height >> halves_rows) * (width // 2)
    first = samples.ctypes.data
    return samples, (ctypes.c_void_p * 3)(first, first + height * width, first + height * width + chroma)


def decoder_of_planes(tile: tuple[int, int], tables: bytes | None, pixels: Pixels) -> PlaneDecoder | None:
    """Make a decoder of tiles of this size; None where the library is not there or the size does not suit."""
    library = load_library()
    if library is None or any(size < _SMALLEST_PX or size % _SMALLEST_PX for size in tile):
        return None
    return PlaneDecoder(library, tile, tables, pixels)


@cache
def load_library() -> ctypes.CDLL | None:
    """Find and load libjpeg-turbo's TurboJPEG library; None where the package ``turbojpeg`` is not installed."""
    try:
        files = metadata.files("turbojpeg") or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        is_library = file.name.startswith("libturbojpeg") or file.suffix == ".dll"
        if is_library and (library := _loaded(str(file.locate()))) is not None:
            return library
    return None


def _loaded(path: str) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(path)
        library.tj3Init.restype = ctypes.c_void_p
        library.tj3Init.argtypes = [ctypes.c_int]
        library.tj3Destroy.argtypes = [ctypes.c_void_p]
        library.tj3Get.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.tj3DecompressHeader.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        is_whole = bool(library.tj3DecompressToYUVPlanes8)
    except (OSError, AttributeError):
        return None  # for another system, or of another version
    return library if is_whole else None
