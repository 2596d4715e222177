"""From the samples of a TIFF page to pixels that can be measured: decided once from the tags, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from calcannot.errors import UnsupportedImageError
from calcannot.io.pixels import ALPHA_WARNING, on_white, palette_colours, rgb_of_ycbcr, spread_bits
from calcannot.io.source import DTYPES, range_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_REFUSED = {4: "a transparency mask", 5: "CMYK", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}
# Codecs that hand out RGB when the page says YCbCr: JPEG (old, new, Alternative), WebP.
_GIVES_RGB = {6, 7, 33007, 34892, 50001}
_APERIO_J2K_YCBCR = 33003
_ASSOCIATED, _UNASSOCIATED = 1, 2


@dataclass(frozen=True, slots=True)
class Rule:
    """How decoded samples, shape (rows, columns, samples), become pixels.

    Attributes
    ----------
    channels, dtype, value_range
        As in `ImageInfo`.
    convert
        Pure function of an array of samples.
    blank
        Samples that are background, for tiles that were left out of the file; None when none are.
    warnings
        What the user should know.
    """

    channels: int
    dtype: str
    value_range: tuple[float, float]
    convert: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    blank: tuple[int, ...] | None
    warnings: tuple[str, ...] = ()


def rule_of(page: Any, path: Path, significant_bits: int | None = None) -> Rule:
    """Decide how the samples of a tifffile page become pixels.

    Parameters
    ----------
    page
        A ``tifffile.TiffPage``.
    path
        The image, for messages.
    significant_bits
        Real bits of a sample, where a header says that fewer than the stored ones are used.

    Raises
    ------
    UnsupportedImageError
        If the colour space, the sample type or the number of samples is not measured.
    """
    photometric = int(page.photometric)
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        return _grey(page, path, significant_bits)
    if photometric in (_RGB, _YCBCR):
        return _colour(page, path)
    if photometric == _PALETTE:
        return _palette(page, path)
    name = _REFUSED.get(photometric, f"colour space {getattr(page.photometric, 'name', photometric)}")
    what = f"the pixels are {name}"
    raise UnsupportedImageError(what, path=path, remedy="convert to RGB or greyscale, with its colour profile")


def _grey(page: Any, path: Path, significant_bits: int | None) -> Rule:
    dtype, bits = _sample_type(page, path, 1)
    alpha = _alpha(page, 1, path)
    small = dtype == "uint8" and bits < 8
    top = int(range_of(dtype, None if small else bits)[1])
    inverted = int(page.photometric) == _WHITE_IS_ZERO
    if inverted and not dtype.startswith("uint"):
        _refuse(f"white is zero in pixels of type {dtype}", path, "save it with black as zero")
    if alpha is not None and not dtype.startswith("uint"):
        _refuse(f"grey pixels of type {dtype} have an alpha channel", path, "remove the alpha channel")

    def convert(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        grey = spread_bits(samples[..., 0], bits) if small else samples[..., 0]
        if inverted:
            grey = (top - grey).astype(grey.dtype)
        if alpha is not None:
            grey = on_white(grey, samples[..., 1], largest=top, associated=alpha == _ASSOCIATED)
        return grey.astype(dtype, copy=False)

    limits = range_of(dtype, None if small else bits)
    if significant_bits and not inverted and dtype.startswith("uint") and significant_bits < bits:
        limits = range_of(dtype, significant_bits)
    return Rule(1, dtype, limits, convert, None, () if alpha is None else (ALPHA_WARNING,))


def _colour(page: Any, path: Path) -> Rule:
    dtype, bits = _sample_type(page, path, 3)
    compression = int(page.compression)
    luma = int(page.photometric) == _YCBCR and compression not in _GIVES_RGB
    luma = luma or compression == _APERIO_J2K_YCBCR
    if luma and (compression != _APERIO_J2K_YCBCR or dtype != "uint8"):
        _refuse("the pixels are YCbCr without JPEG compression", path, "convert to RGB")
    if int(page.photometric) == _YCBCR and int(page.planarconfig) == 2:
        _refuse("the pixels are YCbCr in separate planes", path, "convert to RGB")
    warnings: tuple[str, ...] = ()
    alpha = None
    if page.samplesperpixel == 4 and (not page.extrasamples or int(page.extrasamples[0]) == 0):
        warnings = ("the fourth sample of each pixel has no stated meaning and is dropped",)
    else:
        alpha = _alpha(page, 3, path)
        warnings = () if alpha is None else (ALPHA_WARNING,)
    top = int(range_of(dtype, bits)[1])

    def convert(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rgb = samples[..., :3]
        if alpha is not None:
            return on_white(rgb, samples[..., 3], largest=top, associated=alpha == _ASSOCIATED)
        return rgb_of_ycbcr(rgb) if luma else rgb

    blank = (255, 128, 128) if luma else (top,) * page.samplesperpixel
    return Rule(3, dtype, range_of(dtype, bits), convert, blank, warnings)


def _palette(page: Any, path: Path) -> Rule:
    _sample_type(page, path, 3)
    alpha = _alpha(page, 1, path)
    if page.colormap is None or page.colormap.ndim != 2:
        _refuse("the pixels are indices into a colour map that is missing", path, "convert to RGB")
    colours = palette_colours(page.colormap)
    top = int(np.iinfo(colours.dtype).max)

    def convert(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # An index beyond the map is damage; it is left to fail, and is reported with the place.
        rgb = colours[samples[..., 0].astype(np.intp)]
        if alpha is not None:
            opacity = samples[..., 1].astype(np.int64) * top // 255
            rgb = on_white(rgb, opacity, largest=top, associated=alpha == _ASSOCIATED)
        return rgb

    warnings = ("colours come from the image's colour map",) + (() if alpha is None else (ALPHA_WARNING,))
    return Rule(3, colours.dtype.name, (0.0, float(top)), convert, None, warnings)


def _sample_type(page: Any, path: Path, channels: int) -> tuple[str, int]:
    """Type of a decoded sample and its bits; raises for those that are not measured."""
    bits = page.bitspersample
    if isinstance(bits, tuple):
        if len(set(bits)) > 1:
            _refuse(f"samples have different sizes ({bits} bits)", path, "convert to 8 bits a sample")
        bits = bits[0]
    name = "uint8" if page.dtype is not None and page.dtype.kind == "b" else str(page.dtype)
    if name not in DTYPES[channels]:
        kind = "colour" if channels == 3 else "grey"
        shown = name if page.dtype is not None else f"{bits} bits"
        _refuse(f"{kind} pixels of type {shown} are not measured", path, f"convert to {_list(channels)}")
    if channels == 3 and int(page.photometric) != _PALETTE and bits < 8:
        _refuse(f"colour pixels of {bits} bits a sample are not measured", path, "convert to 8 bits a sample")
    return name, int(bits)


def _alpha(page: Any, colours: int, path: Path) -> int | None:
    """Kind of alpha channel, or None; raises for samples that are neither colour nor alpha."""
    extra = [int(kind) for kind in page.extrasamples]
    if page.samplesperpixel == colours:
        return None
    if page.samplesperpixel == colours + 1 and extra[:1] in ([_ASSOCIATED], [_UNASSOCIATED]):
        return extra[0]
    what = f"pixels have {page.samplesperpixel} samples where {colours} {'are' if colours > 1 else 'is'} expected"
    raise UnsupportedImageError(
        what, path=path, remedy="save the channel to measure as greyscale, or the picture as RGB"
    )


def _list(channels: int) -> str:
    return ", ".join(DTYPES[channels][:-1]) + f" or {DTYPES[channels][-1]}"


def _refuse(what: str, path: Path, remedy: str) -> NoReturn:
    raise UnsupportedImageError(what, path=path, remedy=remedy)
