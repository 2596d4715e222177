"""Size of a picture as a JPEG or JPEG 2000 codestream states it, read before a decoder trusts it."""

from __future__ import annotations

import struct

_J2K_START = b"\xff\x4f\xff\x51"
_JPEG_START = b"\xff\xd8"
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


def _jpeg(coded: bytes) -> tuple[int, int] | None:
    at = 2
    while coded[at] == 0xFF:
        marker = coded[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", coded, at + 5)
            return height, width
        (size,) = struct.unpack_from(">H", coded, at + 2)
        at += 2 + size
    return None
