"""From the decoded frame of a DICOM image to pixels: modality transform, polarity, palette.

Grey values are those after the modality transform (rescale or LUT) and before any window: a window is a choice of
display. In a MONOCHROME1 image (or one whose Presentation LUT Shape is INVERSE, which says the same thing in another
attribute, not a second time) low values are shown bright. Bone is shown bright, so such values are mirrored within
their range, v -> lowest + highest - v. With a linear rescale, mirroring stored values (v -> 2^b - 1 - v) and mirroring
rescaled ones are the same function; a MONOCHROME1 image is thus byte-equal to its MONOCHROME2 twin, the file whose
stored values are mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.pixels import palette_colours
from calcannot.io.quiet import reading
from calcannot.io.source import range_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_NEEDED = ("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored")
_INT_TYPES = ("uint8", "uint16", "int16", "int32")


@dataclass(frozen=True, slots=True)
class Rule:
    """How a decoded frame becomes pixels; fields as in `ImageInfo`, ``mirrored`` as in the module's docstring."""

    channels: int
    dtype: str
    value_range: tuple[float, float]
    convert: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    mirrored: bool = False
    falling: bool = False


def require_header(header: Any, path: Path) -> None:
    """Raise ImageReadError unless every attribute that describes pixels is there and is possible."""
    absent = [name for name in _NEEDED if header.get(name) in (None, "")]
    if absent:
        what = f"the DICOM header lacks {', '.join(absent)}"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    if min(int(header.Rows), int(header.Columns)) <= 0:
        what = f"the header gives a size of {header.Rows} x {header.Columns} px"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")


def rule_of(header: Any, path: Path, *, turned: bool = False) -> Rule:
    """Decide how frames become pixels; ``turned`` mirrors grey values that the header would leave as they are.

    Raises
    ------
    UnsupportedImageError
        If the photometric interpretation or the sample type is not measured.
    """
    photometric = str(header.PhotometricInterpretation)
    allocated, stored = int(header.BitsAllocated), int(header.BitsStored)
    if allocated not in (8, 16, 32) or not 1 < stored <= allocated:
        what = f"pixels of {stored} bits in {allocated} are not measured"
        raise UnsupportedImageError(what, path=path, remedy="export it with 8 or 16 bits a sample")
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        return _grey(header, path, stored, turned=turned)
    if photometric == "PALETTE COLOR":
        return _palette(header, path)
    if photometric == "RGB" or photometric.startswith("YBR_"):
        if allocated > 16:
            what = f"colour pixels of {allocated} bits a sample are not measured"
            raise UnsupportedImageError(what, path=path, remedy="export it with 8 bits a sample")
        dtype = "uint8" if allocated == 8 else "uint16"
        return Rule(3, dtype, range_of(dtype, stored), lambda frame: frame.astype(dtype, copy=False))
    what = f"the photometric interpretation {photometric!r} is not known"
    raise UnsupportedImageError(what, path=path, remedy="export it as MONOCHROME2 or RGB")


def _grey(header: Any, path: Path, stored: int, *, turned: bool) -> Rule:
    signed = bool(int(header.get("PixelRepresentation") or 0))
    low, high = (-(2 ** (stored - 1)), 2 ** (stored - 1) - 1) if signed else (0, 2**stored - 1)
    mirrored = (
        turned
        or str(header.PhotometricInterpretation) == "MONOCHROME1"
        or (str(header.get("PresentationLUTShape") or "").upper() == "INVERSE")
    )
    table = header.get("ModalityLUTSequence")
    if table:
        first, values = _table(table[0], path)
        bottom, top = int(values.min()), int(values.max())
        dtype = _narrowest(bottom, top, path)

        def look_up(frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
            grey = values[np.clip(_significant(frame, low, high) - first, 0, len(values) - 1)]
            return (bottom + top - grey if mirrored else grey).astype(dtype)

        return Rule(1, dtype, (float(bottom), float(top)), look_up, mirrored, bool(values[-1] < values[0]))
    slope, intercept = _rescale(header, path)
    ends = sorted((slope * low + intercept, slope * high + intercept))
    dtype = _narrowest(int(ends[0]), int(ends[1]), path) if slope.is_integer() and intercept.is_integer() else "float32"

    def rescale(frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey: npt.NDArray[Any] = _significant(frame, low, high)
        if mirrored:
            grey = low + high - grey
        if dtype == "float32":
            return (grey * slope + intercept).astype(np.float32)
        return (grey * int(slope) + int(intercept)).astype(dtype)

    return Rule(1, dtype, (ends[0], ends[1]), rescale, mirrored, slope < 0)


def _significant(frame: npt.NDArray[Any], low: int, high: int) -> npt.NDArray[np.int64]:
    """Stored values: bits above Bits Stored are not pixel data (old files keep overlays there)."""
    wide = frame.astype(np.int64)
    if wide.min() >= low and wide.max() <= high:
        return wide
    span = high - low + 1
    folded: npt.NDArray[np.int64] = (wide - low) % span + low
    return folded


def _table(item: Any, path: Path) -> tuple[int, npt.NDArray[np.int64]]:
    """First mapped value and entries of a Modality LUT."""
    with reading(path, "the modality LUT cannot be read", "export the image again"):
        if not item.get("LUTDescriptor") or not item.get("LUTData"):
            what = "the modality LUT is empty"
            raise ImageReadError(what, path=path, remedy="export the image again")
        count, first, bits = (int(value) for value in item.LUTDescriptor)
        data = item.LUTData
        if isinstance(data, bytes):
            data = np.frombuffer(data, "<u2" if len(data) >= 2 * (count or 65536) else "u1")
        values = np.asarray(data, dtype=np.int64)[: count or 65536]
        if bits > 16:
            what = f"the modality LUT has {bits} bits"
            raise ImageReadError(what, path=path, remedy="export the image again")
        return first, values


def _rescale(header: Any, path: Path) -> tuple[float, float]:
    with reading(path, "the rescale slope and intercept cannot be read", "export the image again"):
        slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
        pair = 1.0 if slope in (None, "") else float(slope), 0.0 if intercept in (None, "") else float(intercept)
        if pair[0] == 0 or not all(np.isfinite(pair)):
            what = f"a rescale slope of {pair[0]:g} cannot be true"
            raise ImageReadError(what, path=path, remedy="export the image again")
        return pair


def _narrowest(low: int, high: int, path: Path) -> str:
    for name in _INT_TYPES:
        if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
            return name
    what = f"grey values from {low} to {high} need more than 32 bits"
    raise UnsupportedImageError(what, path=path, remedy="export it with 16 bits a sample")


def _palette(header: Any, path: Path) -> Rule:
    from pydicom.pixels.processing import apply_color_lut

    with reading(path, "the palette cannot be read", "export the image as RGB"):
        indices = np.arange(2 ** min(int(header.BitsStored), 16), dtype=np.uint16)[None]
        table = apply_color_lut(indices, header)[0, :, :3]
        bits = int(header.RedPaletteColorLookupTableDescriptor[2])
        colours = table.astype(np.uint8) if bits == 8 else palette_colours(table.T)

    def look_up(frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with reading(path, "the palette does not cover every pixel", "export the image as RGB"):
            rgb: npt.NDArray[Any] = colours[frame]
            return rgb

    return Rule(3, colours.dtype.name, range_of(colours.dtype), look_up)
