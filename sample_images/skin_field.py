"""Building blocks of the sample section: its size, steps, streaks and smooth lines. Lengths are in µm and in px."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft, ndimage

SIZE_PX = (1800, 2400)
UM_PER_PX = 1.0  # so every length is in µm and in px


def smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def streaks(angle: float, along: float, across: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and variance 1, smoothed more along one direction than across it."""
    down, right = fft.fftfreq(SIZE_PX[0])[:, None], fft.rfftfreq(SIZE_PX[1])[None, :]
    u = right * math.cos(angle) + down * math.sin(angle)
    v = down * math.cos(angle) - right * math.sin(angle)
    passed = np.exp(-2 * math.pi**2 * ((along * u) ** 2 + (across * v) ** 2))
    field = fft.irfft2(fft.rfft2(rng.standard_normal(SIZE_PX)) * passed, s=SIZE_PX)
    return field / field.std()


def line(sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise along the columns, mean 0 and variance 1, shape (1, width)."""
    line = ndimage.gaussian_filter1d(rng.standard_normal(SIZE_PX[1]), sigma, mode="reflect")
    return ((line - line.mean()) / line.std())[None, :]
