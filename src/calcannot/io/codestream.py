"""What a JPEG or JPEG 2000 codestream says of its picture, read before a decoder or a header is trusted."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_J2K_START = b"\xff\x4f\xff\x51"
_JPEG_START = b"\xff\xd8"
_JFIF, _ADOBE, _SCAN = 0xE0, 0xEE, 0xDA
# Frame headers SOF0 to SOF15, and SOF55 of JPEG-LS, without the three markers in between that are something else.
_FRAME_HEADERS = (set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}


def stated_size(coded: bytes) -> tuple[int, int] | None:
    """Height and width in pixels, or None when the bytes are no such codestream or are damaged before they say so."""
    try:
        if coded.startswith(_J2K_START):
            right, bottom, left, top = struct.unpack_from(">IIII", coded, 8)
            return bottom - top, right - left
        if coded.startswith(_JPEG_START):
            return _jpeg(coded)
    except (struct.error, IndexError):
        return None
    return None


def states_colours(coded: bytes) -> bool:
    """Whether a JPEG stream itself says what its three samples are: then a header that says otherwise is wrong.

    It does by a JFIF or Adobe marker, and by chroma of a lower resolution, for which RGB has no use.
    """
    try:
        for marker, at in _markers(coded):
            if (marker == _JFIF and coded.startswith(b"JFIF\0", at + 4)) or (
                marker == _ADOBE and coded.startswith(b"Adobe", at + 4)
            ):
                return True
            if marker in _FRAME_HEADERS:
                samplings = {coded[at + 11 + 3 * number] for number in range(coded[at + 9])}
                return len(samplings) > 1
    except (struct.error, IndexError):
        pass
    return False


def header_size(coded: bytes) -> int | None:
    """Bytes of a JPEG stream up to its pixels, the header of its scan among them; None where it is damaged before."""
    size = 2
    try:
        for _, at in _markers(coded):
            (length,) = struct.unpack_from(">H", coded, at + 2)
            size = at + 2 + length
        while coded[size : size + 2] == b"\xff\xff":
            size += 1
        if coded[size : size + 2] != bytes((0xFF, _SCAN)):
            return None
        (length,) = struct.unpack_from(">H", coded, size + 2)
    except (struct.error, IndexError):
        return None
    return size + 2 + int(length)


def _jpeg(coded: bytes) -> tuple[int, int] | None:
    for marker, at in _markers(coded):
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", coded, at + 5)
            return height, width
    return None


def _markers(coded: bytes) -> Iterator[tuple[int, int]]:
    """Marker segments up to the pixels, with the place of each."""
    at = 2
    while coded[at] == 0xFF and coded[at + 1] != _SCAN:
        if coded[at + 1] == 0xFF:  # fill byte
            at += 1
            continue
        yield coded[at + 1], at
        (size,) = struct.unpack_from(">H", coded, at + 2)
        at += 2 + size
