"""Whether a TIFF is there to its end: what was cut off of a slide may be no more than smaller levels; nobody knows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import ImageReadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcannot.io.byte_file import ByteFile

_SUB_PAGES: Final = 330
_OF_TIFF: Final = range(32_768)  # fields above are private: programs leave wrecks of them


def require_whole(tif: Any, file: ByteFile, path: Path) -> None:
    """Refuse a file that leads beyond its end: a page that follows, a smaller level, or a field of one of them.

    tifffile reads as far as it gets and leaves out the rest.

    Raises
    ------
    ImageReadError
        If it was cut short.
    """
    tiff = tif.tiff
    following = file.read_at(tif.pages.next_page_offset, tiff.offsetsize)
    whole = len(following) == tiff.offsetsize and struct.unpack(tiff.offsetformat, following)[0] < file.size
    places = [page.offset for page in tif.pages] + list(tif.pages.first.subifds or ())
    if not whole or any(end > file.size for place in places for end in _ends_of_page(tiff, file, place)):
        what = "the file ends before its last page or field: it was cut short"
        raise ImageReadError(what, path=path, remedy="copy the file again from where it was scanned")


def _ends_of_page(tiff: Any, file: ByteFile, place: int) -> Iterator[int]:
    """Where the list of a page's fields ends, and where each of their values that lie elsewhere does."""
    from tifffile import TIFF

    counted = file.read_at(place, tiff.tagnosize)
    if len(counted) < tiff.tagnosize:
        yield file.size + 1
        return
    first, count = place + tiff.tagnosize, struct.unpack(tiff.tagnoformat, counted)[0]
    end = first + count * tiff.tagsize
    yield end + tiff.offsetsize
    if tiff.is_ndpi:  # offsets are put together from two places
        return
    fields = file.read_at(first, count * tiff.tagsize)
    for field in range(0, len(fields) - tiff.tagsize + 1, tiff.tagsize):
        code, kind, size, value = struct.unpack(tiff.tagheaderformat, fields[field : field + tiff.tagsize])
        length = size * struct.calcsize(TIFF.DATA_FORMATS.get(kind, "0B"))
        if code in _OF_TIFF and length > tiff.tagoffsetthreshold:
            yield struct.unpack(tiff.offsetformat, value)[0] + length
