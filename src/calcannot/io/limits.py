"""Sizes that a header may claim: a tiny file that unpacks to gigabytes is refused before memory is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError

if TYPE_CHECKING:
    from pathlib import Path

# What is decoded in one piece must fit in memory: 2^30 pixels of RGB are 3 GiB.
LARGEST_PIECE_PX = 2**30
# Below this, a piece is decoded whatever its ratio: it costs no memory worth guarding.
SMALL_PIECE_BYTES = 64 * 2**20
# Most bytes one byte can unpack to. Deflate: 258 bytes in 2 bits. JPEG: an 8 x 8 block in 1 bit, in up to 4 samples.
# LZMA and zstd go further on blank pieces; no picture does.
DEFLATE_RATIO = 1032
JPEG_RATIO = 2048
ANY_RATIO = 2**15


def check_piece(path: Path, size: tuple[int, int], px_bytes: float, coded_bytes: int, ratio: int = ANY_RATIO) -> None:
    """Raise unless a piece of an image that is decoded at once can be what its header says.

    Parameters
    ----------
    path
        The image, for the message.
    size
        Height and width in pixels.
    px_bytes
        Decoded bytes of a pixel.
    coded_bytes
        Bytes it is stored in.
    ratio
        Most decoded bytes that a stored byte can give.

    Raises
    ------
    ImageReadError
        If a side is zero, or the size cannot be true, or it is too large to decode at once.
    """
    height, width = size
    if height <= 0 or width <= 0:
        what = f"the header gives a size of {height} x {width} px"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    decoded = height * width * px_bytes
    if decoded > SMALL_PIECE_BYTES and decoded > ratio * max(coded_bytes, 1):
        what = f"the header says {height} x {width} px, which {coded_bytes} stored bytes cannot hold"
        raise ImageReadError(what, path=path, remedy="the file is damaged or made to fill memory; export it again")
    if height * width > LARGEST_PIECE_PX:
        what = f"{height} x {width} px would have to be decoded in one piece"
        raise ImageReadError(what, path=path, remedy="save it as a tiled TIFF")
