"""Plain JPEG, through Pillow.

Pillow and not imagecodecs, although both decode with libjpeg-turbo to the same pixels: a file that was cut short is an
error in Pillow, and grey rows without a word in imagecodecs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import orientation
from calcannot.io.decoded_source import BAND_ROWS, DecodedSource
from calcannot.io.limits import JPEG_RATIO, check_piece
from calcannot.io.pixels import ICC_WARNING
from calcannot.io.quiet import reading
from calcannot.io.source import polarity_of, range_of
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from calcannot.io.source import Source

_CHANNELS = {"RGB": 3, "L": 1}


def open_jpeg(path: Path) -> Source:
    """Open a JPEG of 8 bits, grey or colour. Its density in dots per inch is never a calibration.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If it is damaged, or CMYK.
    """
    with reading(path, "the JPEG header cannot be read"), path.open("rb") as file:
        image = _header(file)
        width, height = image.size
        check_piece(path, (height, width), len(image.getbands()), path.stat().st_size, JPEG_RATIO)
        if image.mode not in _CHANNELS:
            what = f"the JPEG is {image.mode}, whose colours depend on a printer's profile"
            raise UnsupportedImageError(what, path=path, remedy="convert to RGB with its colour profile")
        turn = orientation.from_exif(image.info.get("exif", b""))
        channels = _CHANNELS[image.mode]
        profile = bool(image.info.get("icc_profile"))
        progressive = bool(image.info.get("progressive"))
    if orientation.swaps_axes(turn):
        height, width = width, height
    modality = Modality.HISTOLOGY if channels == 3 else Modality.UNKNOWN
    info = ImageInfo(
        name=path.name,
        format="JPEG",
        modality=modality,
        height_px=height,
        width_px=width,
        channels=channels,
        dtype="uint8",
        value_range=range_of("uint8"),
        levels=(Level(height, width, 1.0),),
        tile_height_px=min(height, BAND_ROWS),
        tile_width_px=width,
        calibration=None,
        polarity=polarity_of(channels, modality),
        warnings=(ICC_WARNING,) if profile else (),
        metadata={"progressive": progressive, "orientation": turn, "icc_profile": profile},
    )
    return DecodedSource(path, info, lambda: _pixels(path, turn))


def _header(file: Any) -> Any:
    """Parse without ``Image.open``, whose limit on size is a setting of the whole process."""
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(file)


def _pixels(path: Path, turn: int) -> npt.NDArray[Any]:
    remedy = "copy the file again, or export it again"
    with reading(path, "the JPEG cannot be decoded", remedy), path.open("rb") as file:
        image = _header(file)
        image.load()
        if image.tile:
            what = "the JPEG ends before its last pixels"
            raise ImageReadError(what, path=path, remedy=remedy)
        return np.ascontiguousarray(orientation.upright(np.asarray(image), turn))
