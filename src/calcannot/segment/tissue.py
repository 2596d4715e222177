"""Where tissue ends and glass begins: glass is bright and neutral, and a dye darkens at least one channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.segment.valley import BINS

if TYPE_CHECKING:
    from calcannot.segment.histogram import Histogram

_GLASS_FROM: Final = 0.8  # of white: cameras are set so that the empty field is nearly white
_GLASS_SHARE: Final = 0.002  # of the pixels within one smoothing width of the mode, or it is no glass
_SIGMAS: Final = 4.0
_LEAST_STEP: Final = 0.03  # of white: what an eye would not call a difference is no tissue


def glass_and_tissue(histogram: Histogram, white: float) -> tuple[float | None, float]:
    """Level of glass (None where the image shows none) and the level at or below which a pixel is tissue.

    Glass is the brightest mode of the darkest channel of neutral pixels. Only noise is brighter than glass, so the
    width of the mode's bright side is the noise, and tissue starts four such widths below. Without glass everything is
    tissue.

    Parameters
    ----------
    histogram
        Of the channel ``glass``.
    white
        Largest value a pixel can have.
    """
    from scipy.ndimage import gaussian_filter1d

    if histogram.total == 0:
        return None, white
    width = (white + 1) / BINS
    index = np.clip((histogram.centres / width).astype(np.intp), 0, BINS - 1)
    counts = np.bincount(index, weights=histogram.counts, minlength=BINS).astype(np.float64)
    smooth = gaussian_filter1d(counts, 1.5, mode="constant")
    least = _GLASS_SHARE * histogram.total
    for level in range(BINS - 1, int(_GLASS_FROM * BINS), -1):
        near = smooth[max(0, level - 3) : level + 4]
        if smooth[level] == near.max() and smooth[level] >= least:
            return level * width, _below(counts, level, width, white)
    return None, white


def _below(counts: np.ndarray[tuple[int], np.dtype[np.float64]], level: int, width: float, white: float) -> float:
    brighter = counts[level:].copy()
    brighter[0] /= 2
    distance = np.arange(brighter.size, dtype=np.float64)
    spread = float(np.sqrt((brighter * distance**2).sum() / brighter.sum())) if brighter.sum() else 0.0
    step = max(_SIGMAS * spread * width, _LEAST_STEP * white)
    return float(np.floor(level * width - step))
