"""Small exact conversions of decoded samples, shared by the readers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError

if TYPE_CHECKING:
    from pathlib import Path

ALPHA_WARNING = "the image has an alpha channel: transparent pixels are shown on white, as a slide is"
_AT_ONCE = 1 << 20  # samples that are widened at once

ICC_WARNING = "an ICC profile is embedded and was not applied: colours are as stored"


def off_alignment(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Make an array to decode into that does not start on a multiple of 32 bytes.

    On one that does, libjpeg-turbo writes around the processor's cache, and whoever reads the pixels next waits for
    memory: decoding alone takes 1.15 to 1.45 times as long.
    """
    # Memory starts on a multiple of 16 wherever this runs. To ask where would take longer than to read a tile's bytes.
    return np.ndarray(shape, np.uint8, np.empty(math.prod(shape) + 8, np.uint8), 8)


def on_white(colour: npt.NDArray[Any], alpha: npt.NDArray[Any], *, largest: int, associated: bool) -> npt.NDArray[Any]:
    """Lay pixels with an alpha channel on white.

    Parameters
    ----------
    colour
        Unsigned samples, shape (rows, columns) or (rows, columns, 3).
    alpha
        Shape (rows, columns): 0 is transparent, ``largest`` is opaque.
    largest
        Largest sample: white.
    associated
        Whether the colours are multiplied by alpha already.

    Returns
    -------
    ndarray
        As ``colour``, rounded to nearest.
    """
    laid = np.empty_like(colour)
    step = max(1, _AT_ONCE // max(1, colour[:1].size))
    for top in range(0, len(colour), step):
        part = slice(top, top + step)
        if (alpha[part] == largest).all():
            laid[part] = colour[part]
            continue
        # 32 bits hold the product of two samples of 16 and half a sample.
        opacity = alpha[part].astype(np.uint32).reshape(alpha[part].shape + (1,) * (colour.ndim - 2))
        shade, behind = colour[part].astype(np.uint32), largest - opacity
        if associated:
            laid[part] = np.minimum(shade + behind, largest)
        else:
            laid[part] = (shade * opacity + behind * np.uint32(largest) + np.uint32(largest // 2)) // np.uint32(largest)
    return laid


def spread_bits(samples: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """Spread samples of 1, 2 or 4 bits over 0 to 255, exactly (times 255, 85 or 17)."""
    return samples.astype(np.uint8) * np.uint8(255 // (2**bits - 1))


def palette_colours(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Colours of a TIFF colour map as uint8 where that loses nothing, else as uint16.

    Parameters
    ----------
    table
        Shape (3, colours), uint16. Writers fill 16 bits as v x 257 or v x 256; some leave 8-bit values.

    Returns
    -------
    ndarray
        Shape (colours, 3).
    """
    colours = np.ascontiguousarray(table.T)
    if colours.max(initial=0) <= 255:
        return colours.astype(np.uint8)
    high = colours >> 8
    if np.array_equal(colours, high * 257) or np.array_equal(colours, high * 256):
        return high.astype(np.uint8)
    return colours.astype(np.uint16)


def rgb_of_ycbcr(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Convert full-range YCbCr (ITU-R BT.601, as JPEG) to RGB, shape (rows, columns, 3)."""
    luma, blue, red = (samples[..., channel].astype(np.float64) for channel in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack((luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue), axis=-1)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def require_finite(pixels: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """Give the pixels, or raise ImageReadError when one is NaN or infinite."""
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        what = "some pixels are not finite numbers (NaN or infinite)"
        raise ImageReadError(what, path=path, remedy="replace them with finite values and save a copy")
    return pixels
