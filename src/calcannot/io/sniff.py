"""Recognises formats from the first kilobyte of a file."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Image formats, and containers that people give by mistake, that are refused by name: (name, offset, signature).
REFUSED: tuple[tuple[str, int, bytes], ...] = (
    ("GIF", 0, b"GIF8"),
    ("BMP", 0, b"BM"),
    ("JPEG 2000", 0, b"\x00\x00\x00\x0cjP  "),
    ("JPEG 2000", 0, b"\xff\x4f\xff\x51"),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("JPEG XL", 0, b"\x00\x00\x00\x0cJXL "),
    ("WebP", 8, b"WEBP"),
    ("HEIF or AVIF", 4, b"ftyp"),
    ("Photoshop", 0, b"8BPS"),
    ("PostScript", 0, b"%!PS"),
    ("PDF", 0, b"%PDF"),
    ("Zeiss CZI", 0, b"ZISRAWFILE"),
    ("NIfTI", 344, b"n+1\x00"),
    ("NRRD", 0, b"NRRD"),
    ("HDF5", 0, b"\x89HDF"),
    ("ZIP", 0, b"PK\x03\x04"),
    ("gzip", 0, b"\x1f\x8b"),
)

# Slides whose first file is text or a database, by its first bytes.
_OPENSLIDE = (b"[Virtual Microscope Specimen]", b"[Uncompressed Virtual Microscope Specimen]", b"SQLite format 3\x00")
# MIRAX: the named file is a JPEG, and a folder of the same name holds the slide.
_MIRAX_INDEX = "Slidedat.ini"

# Groups that a data set without file header starts with: file meta, identifying.
_FIRST_GROUPS = (0x0002, 0x0008)
_VALUE_TYPES = {b"AE", b"CS", b"DA", b"LO", b"LT", b"OB", b"PN", b"SH", b"SQ", b"ST", b"TM", b"UI", b"UL", b"US"}
_LONGEST_FIRST_VALUE = 256


def signature(offset: int, magic: bytes) -> Callable[[bytes], bool]:
    """Make a test for a signature at a place."""
    return lambda head: head[offset : offset + len(magic)] == magic


def is_openslide(path: Path, head: bytes) -> bool:
    """MIRAX, Hamamatsu VMS and VMU, Sakura."""
    return head.startswith(_OPENSLIDE) or (is_jpeg(head) and (path.with_suffix("") / _MIRAX_INDEX).is_file())


def is_tiff(head: bytes) -> bool:
    """TIFF or BigTIFF, either byte order."""
    return head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def is_png(head: bytes) -> bool:
    """PNG."""
    return head[:8] == b"\x89PNG\r\n\x1a\n"


def is_jpeg(head: bytes) -> bool:
    """JPEG of any process."""
    return head[:3] == b"\xff\xd8\xff"


def is_dicom(head: bytes) -> bool:
    """DICOM file with its preamble."""
    return head[128:132] == b"DICM"


def is_bare_dicom(head: bytes) -> bool:
    """Whether a first data element, of any transfer syntax, stands at the very start."""
    if len(head) < 12:
        return False
    for order in "<>":
        group, element = struct.unpack_from(order + "HH", head)
        if group not in _FIRST_GROUPS or element > 0x0100:
            continue
        if head[4:6] in _VALUE_TYPES:
            return True
        (length,) = struct.unpack_from(order + "I", head, 4)
        if 0 < length <= _LONGEST_FIRST_VALUE:
            return True
    return False
