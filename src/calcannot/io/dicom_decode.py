"""Decodes one frame of a DICOM image to the samples that were stored.

Uncompressed and RLE frames go through pydicom, the codecs through imagecodecs: a tile then gives the same pixels here
as in a TIFF, and GDCM, pydicom's choice for some codecs, ends the process on a damaged stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import TileError, UnsupportedImageError
from calcannot.io.codestream import stated_size, states_colours
from calcannot.io.pixels import off_alignment, rgb_of_ycbcr
from calcannot.io.quiet import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calcannot.io.dicom_file import DicomFile

_FRAME_TAGS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
_RLE = "1.2.840.10008.1.2.5"
# Transfer syntax: name of the function of imagecodecs.
_CODECS = {
    "1.2.840.10008.1.2.4.50": "jpeg8_decode",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51": "jpeg8_decode",  # JPEG Extended, 8 or 12 bits
    "1.2.840.10008.1.2.4.57": "jpegsof3_decode",  # JPEG Lossless
    "1.2.840.10008.1.2.4.70": "jpegsof3_decode",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": "jpegls_decode",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.81": "jpegls_decode",  # JPEG-LS Near-lossless
    "1.2.840.10008.1.2.4.90": "jpeg2k_decode",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.91": "jpeg2k_decode",  # JPEG 2000
    "1.2.840.10008.1.2.4.201": "jpeg2k_decode",  # High-Throughput JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.202": "jpeg2k_decode",  # the same, with a progression that suits RPCL
    "1.2.840.10008.1.2.4.203": "jpeg2k_decode",  # High-Throughput JPEG 2000
}
_END_OF_STREAM = b"\xff\xd9"
_RGB = 2
_REMEDY = "copy the file again, or export it uncompressed"


def require_decoder(file: DicomFile, path: Path) -> None:
    """Raise UnsupportedImageError when nothing here decodes the transfer syntax, and name it."""
    syntax = file.syntax
    if not syntax.is_encapsulated or syntax == _RLE or syntax in _CODECS:
        return
    what = f"DICOM pixels compressed as {syntax.name} are not decoded"
    raise UnsupportedImageError(what, path=path, remedy="export it uncompressed (Explicit VR Little Endian)")


def decode(
    file: DicomFile, index: int, path: Path, place: str, least: tuple[int, int] | None = None
) -> npt.NDArray[Any]:
    """Decode one frame: shape (rows, columns) or (rows, columns, 3), YBR already turned into RGB.

    Some programs end the tiles at the edge of a slide with the slide: ``least`` is the size that a frame has at least,
    unless it is that of the header.

    Raises
    ------
    TileError
        If it does not decode; ``place`` says which frame it was.
    """
    with reading(path, f"{place} cannot be decoded", _REMEDY, tile=True):
        coded = file.frame(index, frame_bytes(file.header))
        if file.syntax.is_encapsulated:
            _require_whole(file, coded, path, place, least)
        return _with_imagecodecs(file, coded) if file.syntax in _CODECS else _with_pydicom(file, coded)


def frame_bytes(header: Any) -> int:
    """Bytes of an uncompressed frame."""
    samples = int(header.Rows) * int(header.Columns) * int(header.SamplesPerPixel)
    if str(header.PhotometricInterpretation) == "YBR_FULL_422":
        samples = samples * 2 // 3
    return (samples * int(header.BitsAllocated) + 7) // 8


def _require_whole(file: DicomFile, coded: bytes, path: Path, place: str, least: tuple[int, int] | None) -> None:
    """Raise when a codestream contradicts the header or lacks its end: decoders fill in what is missing, silently."""
    header = file.header
    stated, size = stated_size(coded), (int(header.Rows), int(header.Columns))
    smallest = size if least is None else least
    if stated is not None and not all(
        low <= found <= high for low, found, high in zip(smallest, stated, size, strict=True)
    ):
        what = f"{place} is {stated[0]} x {stated[1]} px, and the header says {header.Rows} x {header.Columns}"
        raise TileError(what, path=path, remedy="the file is damaged; export it again")
    if file.syntax != _RLE and not ends(coded):
        what = f"{place} is cut short"
        raise TileError(what, path=path, remedy=_REMEDY)


def decoder_of(file: DicomFile, path: Path) -> Callable[[int, str, tuple[int, int]], npt.NDArray[Any]]:
    """Make a function of a frame's number, its name in messages and its least size that does what `decode` does.

    For 8-bit JPEG it decodes straight into the array that is handed out; whatever is not as expected goes to `decode`.
    """
    header = file.header
    samples, rows, cols = int(header.SamplesPerPixel), int(header.Rows), int(header.Columns)

    def general(index: int, place: str, least: tuple[int, int]) -> npt.NDArray[Any]:
        return decode(file, index, path, place, least)

    if not is_jpeg(file) or samples not in (1, 3):
        return general
    from imagecodecs import jpeg8_decode

    photometric = str(header.PhotometricInterpretation)
    wanted = _RGB if samples == 3 else None

    def jpeg(index: int, place: str, least: tuple[int, int]) -> npt.NDArray[Any]:
        frame = off_alignment((rows, cols, samples))
        try:
            coded = file.frame(index, 0)
            if not ends(coded):
                return general(index, place, least)
            stored = _stored_colours(coded, photometric)
            jpeg8_decode(coded, colorspace=stored, outcolorspace=wanted, out=frame)
        except Exception:  # to be told by the general way, with its place
            return general(index, place, least)
        return frame if samples == 3 else frame[..., 0]

    return jpeg


def is_jpeg(file: DicomFile) -> bool:
    """Whether frames are JPEG streams of 8 bits."""
    return _CODECS.get(file.syntax) == "jpeg8_decode" and int(file.header.BitsAllocated) == 8


def ends(coded: bytes) -> bool:
    """Whether a codestream has its end, or was cut before."""
    return _END_OF_STREAM in coded[-64:]


def colours_of(coded: bytes, photometric: str) -> npt.NDArray[np.uint8]:
    """RGB of a JPEG stream of colours."""
    from imagecodecs import jpeg8_decode

    pixels: npt.NDArray[np.uint8] = jpeg8_decode(
        coded, colorspace=_stored_colours(coded, photometric), outcolorspace=_RGB
    )
    return pixels


def _stored_colours(coded: bytes, photometric: str) -> int | None:
    """RGB where the header says so and the stream says nothing; else None: libjpeg finds out."""
    return _RGB if photometric == "RGB" and not states_colours(coded) else None


def _with_imagecodecs(file: DicomFile, coded: bytes) -> npt.NDArray[Any]:
    import imagecodecs

    codec, photometric = _CODECS[file.syntax], str(file.header.PhotometricInterpretation)
    decode_stream = getattr(imagecodecs, codec)
    decoded: npt.NDArray[Any]
    if codec == "jpeg8_decode" and int(file.header.SamplesPerPixel) == 3:
        return colours_of(coded, photometric)
    decoded = decode_stream(coded)
    # The codec itself turns YBR_ICT and YBR_RCT into RGB.
    if photometric in ("YBR_FULL", "YBR_FULL_422") and decoded.dtype == np.uint8:
        return rgb_of_ycbcr(decoded)
    return decoded


def _with_pydicom(file: DicomFile, coded: bytes) -> npt.NDArray[Any]:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder

    frame = Dataset()
    for name in _FRAME_TAGS:
        if name in file.header:
            setattr(frame, name, file.header[name].value)
    frame.file_meta = FileMetaDataset()
    frame.file_meta.TransferSyntaxUID = file.syntax
    frame.PixelData = encapsulate([coded]) if file.syntax.is_encapsulated else coded
    frame["PixelData"].VR = "OB" if int(frame.BitsAllocated) <= 8 or file.syntax.is_encapsulated else "OW"
    pixels, _ = get_decoder(file.syntax).as_array(frame, raw=False)
    decoded: npt.NDArray[Any] = pixels
    return decoded
