"""The eight orientations of EXIF and TIFF tag 274, for whole arrays and for boxes of an array.

An orientation says where the stored first row and first column are in the upright picture. Upright pixels are the
stored ones, transposed for 5 to 8, then flipped up-down or left-right.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

# orientation: (transpose, flip rows, flip columns), in that order.
_STEPS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
_ORIENTATION_TAG = 0x0112


def valid(orientation: object) -> int:
    """Give the orientation, or 1 (as stored) for a value that means nothing: viewers do the same."""
    return orientation if isinstance(orientation, int) and orientation in _STEPS else 1


def swaps_axes(orientation: int) -> bool:
    """Whether rows and columns change places."""
    return _STEPS[orientation][0]


def upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn stored pixels, shape (rows, columns[, channels]), upright. A view."""
    transpose, rows, cols = _STEPS[orientation]
    if transpose:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if rows else 1, :: -1 if cols else 1]


def stored_box(
    box: tuple[int, int, int, int], upright_size: tuple[int, int], orientation: int
) -> tuple[int, int, int, int]:
    """Where a box of the upright picture lies in the stored one.

    Parameters
    ----------
    box
        Row, column, height, width in the upright picture.
    upright_size
        Height and width of the upright picture.
    orientation
        1 to 8.

    Returns
    -------
    tuple
        Row, column, height, width in the stored picture.
    """
    row, col, height, width = box
    transpose, rows, cols = _STEPS[orientation]
    if rows:
        row = upright_size[0] - row - height
    if cols:
        col = upright_size[1] - col - width
    return (col, row, width, height) if transpose else (row, col, height, width)


def from_exif(exif: bytes) -> int:
    """Orientation in a block of EXIF (with or without its ``Exif`` header), 1 when it has none or is damaged."""
    block = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", block, start + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                return valid(value)
    except struct.error:
        return 1
    return 1
