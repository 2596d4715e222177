"""Stains as optical density, and the way of light through a section to an 8-bit picture."""

from __future__ import annotations

import io
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.phantom.shape import Floats

# Glass under the lamp: neutral, a little below white, so that noise is not clipped.
GLASS_RGB = (243.0, 241.0, 244.0)

# Optical density of red, green and blue. Named tables: Fiji's colourdeconvolution.txt and Colour_Deconvolution2. No
# table lists von Kossa silver or nuclear fast red: silver is taken as neutral, nuclear fast red as "Red
# Counterstain II".
_OD_RGB = {
    "silver": (1.0, 1.0, 1.0),
    "warm-silver": (0.519, 0.579, 0.629),
    "nuclear-fast-red": (0.073615186, 0.79345673, 0.6041582),
    "eosin": (0.092789, 0.954111, 0.283111),
    "haematoxylin": (0.644211, 0.716556, 0.266844),
    "methyl-green": (0.98003, 0.144316, 0.133146),
    "methyl-blue": (0.7995107, 0.5913521, 0.10528667),
    "melanin": (0.380, 0.569, 0.729),
    "haemosiderin": (0.268, 0.570, 0.776),
}
STAINS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        name: tuple(float(value) for value in np.asarray(od) / np.linalg.norm(od))  # type: ignore[misc]
        for name, od in _OD_RGB.items()
    }
)


def transmittance(amounts: Mapping[str, Floats]) -> Floats:
    """Beer-Lambert: 10 to the minus sum of amount times unit vector.

    Parameters
    ----------
    amounts
        For each name in ``STAINS`` the length of the optical density vector, arrays of shape (height, width).

    Returns
    -------
    ndarray of float64, shape (height, width, 3)
        Fraction of red, green and blue light that passes.
    """
    density = sum(amount[..., None] * np.asarray(STAINS[name]) for name, amount in amounts.items())
    return np.asarray(np.power(10.0, -density), dtype=np.float64)


def blur(image: Floats, sigma_px: float) -> Floats:
    """Gaussian blur of the rows and columns of an intensity image, shape (height, width[, 3])."""
    if sigma_px <= 0:
        return image
    return np.asarray(ndimage.gaussian_filter(image, sigma_px, axes=(0, 1), mode="nearest"), dtype=np.float64)


def texture(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> Floats:
    """Gaussian noise smoothed over ``sigma_px``, of mean 0 and variance 1, shape (height, width)."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma_px, mode="wrap", truncate=3)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-12), dtype=np.float64)


def vignette(size_px: tuple[int, int], depth: float) -> Floats:
    """1 - depth (rho / rho_max)²: the lamp's fall-off, shape (height, width, 1)."""
    rows, cols = np.ogrid[-1 : 1 : size_px[0] * 1j, -1 : 1 : size_px[1] * 1j]
    return np.asarray((1 - depth * (rows**2 + cols**2) / 2)[..., None], dtype=np.float64)


def expose(
    intensity: Floats, noise: float, gain_rgb: tuple[float, float, float], rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Camera: noise of variance 0.02 I + 1 grey² (its deviation times ``noise``), white balance, clip, quantise."""
    if noise > 0:
        deviation = np.sqrt(0.02 * np.maximum(intensity, 0) + 1)
        intensity = intensity + noise * deviation * rng.standard_normal(intensity.shape)
    levels: npt.NDArray[np.uint8] = np.rint(np.clip(intensity * np.asarray(gain_rgb), 0, 255)).astype(np.uint8)
    return levels


def through_jpeg(rgb: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    """The picture after JPEG with halved colour resolution, as slide scanners store it."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, subsampling=2)
    with Image.open(buffer) as picture:
        return np.array(picture, dtype=np.uint8)
