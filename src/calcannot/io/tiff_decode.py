"""From the bytes of one tile or strip to its samples, with as little as possible around the codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.io.codestream import states_colours
from calcannot.io.pixels import off_alignment
from calcannot.io.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    # Bytes and number of a segment to its samples, shape (rows, columns, samples).
    Decode = Callable[[bytes, int], npt.NDArray[Any]]

JPEG = {6, 7, 33007, 34892}
OLD_JPEG = 6
_MARKERS_BYTES = 1 << 16
_RGB, _YCBCR = 2, 6


def decoder_of(page: Any) -> Decode:
    """Make the decoder of a page's segments.

    Parameters
    ----------
    page
        A ``tifffile.TiffPage`` whose file is still open. The decoder does not need the file any more.

    Returns
    -------
    callable
        Raises whatever the codec raises. Segments at the edge may come whole or cut to the page.
    """
    tables, header, decode = page.jpegtables, page.jpegheader, page.decode

    def any_codec(coded: bytes, index: int) -> npt.NDArray[Any]:
        with quiet():
            decoded, _, _ = decode(coded, index, jpegtables=tables, jpegheader=header)
        return np.asarray(decoded[0])

    return _of_jpeg(page, any_codec) if _is_plain_jpeg(page) else any_codec


def may_be_planes(page: Any) -> bool:
    """Whether tiles are whole JPEG streams, maybe of YCbCr."""
    if not (page.is_tiled and _is_plain_jpeg(page)) or page.samplesperpixel != 3 or page.jpegheader is not None:
        return False
    return page.photometric != _RGB or _states_colours(page)


def _is_plain_jpeg(page: Any) -> bool:
    """Whether segments are 8-bit JPEG streams of grey or of RGB, all samples in one."""
    return (
        page.compression in JPEG - {OLD_JPEG}
        and page.bitspersample == 8
        and page.planarconfig == 1
        and not page.extrasamples
        and (page.samplesperpixel == 1 or (page.samplesperpixel == 3 and page.photometric in (_RGB, _YCBCR)))
    )


def _of_jpeg(page: Any, any_codec: Decode) -> Decode:
    """Decode straight into the array that is handed out; a segment of another size goes to ``any_codec``."""
    from imagecodecs import jpeg8_decode

    tables, header = page.jpegtables, page.jpegheader
    rows, cols = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    shape = rows, cols, page.samplesperpixel
    stored = _RGB if page.photometric == _RGB and not _states_colours(page) else None
    told_alike = (stored == _RGB) == (page.photometric == _RGB and not page.is_jfif)
    wanted = _RGB if page.samplesperpixel == 3 else None

    def jpeg(coded: bytes, index: int) -> npt.NDArray[Any]:
        stream = coded if header is None else b"".join((header, coded, b"\xff\xd9"))
        samples = off_alignment(shape)
        try:
            jpeg8_decode(stream, tables=tables, colorspace=stored, outcolorspace=wanted, out=samples)
        except Exception:  # other size, or an error to be reported: the general way decides
            if told_alike:
                return any_codec(coded, index)
            return np.asarray(jpeg8_decode(stream, tables=tables, colorspace=stored, outcolorspace=wanted))
        return samples

    return jpeg


def _states_colours(page: Any) -> bool:
    """Whether segments say themselves what their samples are; the tag then does not count.

    RGB whose stream says nothing was never turned into YCbCr, whatever libjpeg would guess (Aperio).
    """
    if page.jpegheader is not None:
        return states_colours(page.jpegheader)
    if page.jpegtables and states_colours(page.jpegtables):
        return True
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if count:  # the first that was not left out
            file = page.parent.filehandle
            file.seek(start)
            return states_colours(file.read(min(count, _MARKERS_BYTES)))
    return False
