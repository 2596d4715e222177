"""PNG, through imagecodecs.

imagecodecs and not Pillow: Pillow turns 16-bit colour into 8 bits without a word. Both use libpng.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import orientation
from calcannot.io.decoded_source import BAND_ROWS, DecodedSource
from calcannot.io.limits import DEFLATE_RATIO, check_piece
from calcannot.io.pixels import ALPHA_WARNING, ICC_WARNING, on_white
from calcannot.io.quiet import reading
from calcannot.io.source import polarity_of, range_of
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from calcannot.io.source import Source

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# All that libpng needs for the pixels. The rest it only complains about, on stderr.
_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_COLOURED = {2: 3, 3: 3, 6: 3, 0: 1, 4: 1}
_WITH_ALPHA = {4, 6}
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class Header:
    """What the chunks of a PNG say; sizes in pixels, as stored."""

    height: int
    width: int
    bits: int
    colour_type: int
    transparency: bool
    profile: bool
    orientation: int
    frames: int

    @property
    def channels(self) -> int:
        """3 for colour and palettes, 1 for grey."""
        return _COLOURED[self.colour_type]

    @property
    def has_alpha(self) -> bool:
        """Whether decoded pixels carry an alpha sample."""
        return self.colour_type in _WITH_ALPHA or self.transparency


def open_png(path: Path) -> Source:
    """Open a PNG of any depth. Its pHYs density is never a calibration.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If it is damaged, or an animation.
    """
    with reading(path, "the PNG header cannot be read"):
        header = _header(path)
        row_bytes = _SAMPLES[header.colour_type] * header.bits / 8
        check_piece(path, (header.height, header.width), row_bytes, path.stat().st_size, DEFLATE_RATIO)
    if header.frames > 1:
        what = f"the PNG is an animation of {header.frames} time points (T)"
        raise UnsupportedImageError(what, path=path, remedy="save the frame to measure as a PNG of its own")
    height, width = header.height, header.width
    if orientation.swaps_axes(header.orientation):
        height, width = width, height
    dtype = "uint16" if header.bits == 16 else "uint8"
    modality = Modality.HISTOLOGY if header.channels == 3 else Modality.UNKNOWN
    warnings = ((ALPHA_WARNING,) if header.has_alpha else ()) + ((ICC_WARNING,) if header.profile else ())
    info = ImageInfo(
        name=path.name,
        format="PNG",
        modality=modality,
        height_px=height,
        width_px=width,
        channels=header.channels,
        dtype=dtype,
        value_range=range_of(dtype),
        levels=(Level(height, width, 1.0),),
        tile_height_px=min(height, BAND_ROWS),
        tile_width_px=width,
        calibration=None,
        polarity=polarity_of(header.channels, modality),
        warnings=warnings,
        metadata={
            "bits_per_sample": header.bits,
            "palette": header.colour_type == 3,
            "orientation": header.orientation,
            "icc_profile": header.profile,
        },
    )
    return DecodedSource(path, info, lambda: _pixels(path, header))


def _pixels(path: Path, header: Header) -> npt.NDArray[Any]:
    import imagecodecs

    with reading(path, "the PNG cannot be decoded", "copy the file again, or export it again"):
        coded = _SIGNATURE + b"".join(body for _, body in _chunks(path, _PIXEL_CHUNKS))
        samples: npt.NDArray[Any] = imagecodecs.png_decode(coded)
        if header.has_alpha:
            largest = int(np.iinfo(samples.dtype).max)
            colour = samples[..., :3] if header.channels == 3 else samples[..., 0]
            samples = on_white(colour, samples[..., -1], largest=largest, associated=False)
        return np.ascontiguousarray(orientation.upright(samples, header.orientation))


def _header(path: Path) -> Header:
    kinds: set[bytes] = set()
    found = {b"eXIf": b"", b"acTL": b"", b"IHDR": b""}
    for kind, body in _chunks(path, set(found)):
        kinds.add(kind)
        found[kind] = body
    width, height, bits, colour_type = struct.unpack_from(">IIBB", found[b"IHDR"], 8)
    if colour_type not in _COLOURED:
        what = f"the PNG has a colour type {colour_type} that does not exist"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    return Header(
        height=height,
        width=width,
        bits=bits,
        colour_type=colour_type,
        transparency=b"tRNS" in kinds,
        profile=b"iCCP" in kinds,
        orientation=orientation.from_exif(found[b"eXIf"][8:]),
        frames=struct.unpack_from(">I", found[b"acTL"], 8)[0] if found[b"acTL"] else 1,
    )


def _chunks(path: Path, wanted: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind of every chunk, and those in ``wanted`` whole; a file without its last chunk was cut short."""
    kind = b""
    with path.open("rb") as file:
        file.seek(len(_SIGNATURE))
        while kind != b"IEND":
            start = file.read(8)
            if len(start) < 8:
                what = "the PNG ends before its last chunk: it was cut short"
                raise ImageReadError(what, path=path, remedy="copy the file again, or export it again")
            size, kind = struct.unpack(">I4s", start)
            if kind in wanted:
                yield kind, start + file.read(size + 4)
            else:
                yield kind, b""
                file.seek(size + 4, 1)
