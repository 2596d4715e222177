"""A digital detector: blur, scatter, photon noise, and grey levels that follow the log of exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

if TYPE_CHECKING:
    from calcannot.phantom.shape import Floats

# RQA5 fluence per µGy (IEC 62220-1) x a detective quantum efficiency of 0.65.
PHOTONS_PER_MM2_UGY = 30174 * 0.65
BITS_STORED = 12
SCATTER_SIGMA_MM = 40.0


def grey_levels(
    attenuation: Floats,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
    blur_mm: float,
    scatter_to_primary: float,
    exposure_ugy: float,
    grey_per_neper: float,
    grey_unattenuated: float,
    noise: float,
) -> npt.NDArray[np.uint16]:
    """Blur, scatter, count photons and take the log.

    Parameters
    ----------
    attenuation
        Nepers along each ray, float64, shape (height, width). The exposure is that behind its smallest value.
    rng
        Source of the photon noise.
    spacing_mm, blur_mm
        Side of a pixel, and standard deviation of the detector's blur.
    scatter_to_primary
        Scattered over primary exposure; the scatter is the primary blurred over 40 mm.
    exposure_ugy
        Exposure of the detector behind the thinnest part.
    grey_per_neper
        Grey levels for a factor e of exposure.
    grey_unattenuated
        Grey level of the primary exposure behind the thinnest part; scatter makes it darker.
    noise
        1 for Poisson noise, 0 for none.

    Returns
    -------
    ndarray of uint16, shape (height, width)
        0 to 4095, denser is higher.
    """
    primary = np.exp(attenuation.min() - attenuation)
    primary = ndimage.gaussian_filter(primary, blur_mm / spacing_mm, mode="nearest")
    exposure = primary + scatter_to_primary * _spread(primary, SCATTER_SIGMA_MM / spacing_mm)
    full = PHOTONS_PER_MM2_UGY * exposure_ugy * spacing_mm**2
    photons = full * exposure
    if noise > 0:
        photons = photons + noise * (rng.poisson(photons) - photons)
    level = -np.log(np.maximum(photons, 0.5) / full)
    grey = np.clip(grey_unattenuated + grey_per_neper * level, 0, 2**BITS_STORED - 1)
    pixels: npt.NDArray[np.uint16] = np.rint(grey).astype(np.uint16)
    return pixels


def _spread(primary: Floats, sigma_px: float) -> Floats:
    """A very wide Gaussian blur, done on blocks of an eighth of its width."""
    step = max(1, round(sigma_px / 8))
    height, width = primary.shape
    padded = np.pad(primary, ((0, -height % step), (0, -width % step)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean(axis=(1, 3))
    wide = ndimage.gaussian_filter(blocks, sigma_px / step, mode="nearest")
    rows, cols = ((np.arange(size) - (step - 1) / 2) / step for size in (height, width))
    smooth = ndimage.map_coordinates(wide, np.meshgrid(rows, cols, indexing="ij"), order=1, mode="nearest")
    return np.asarray(smooth, dtype=np.float64)
