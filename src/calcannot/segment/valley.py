"""The valley between mineral and tissue: the automatic threshold for a stain that is opaque.

Silver takes light from every channel, a dye leaves one bright. On the value channel (maximum of red, green and blue)
mineral is therefore a mode of its own at the dark end, whatever the counterstain, with a nearly empty stretch between
it and the darkest nuclei. In that stretch lie only the blurred edges of mineral. An edge blurred by a symmetric point
spread crosses the half-way level between both sides at its true place, so the threshold is the half-way level,
kept inside the empty stretch where nuclei do not reach.

An automatic threshold always finds something. This one first asks whether there is a dark mode at all, and says no
otherwise: a tail of dark nuclei falls off without a valley.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.segment.histogram import Histogram

BINS = 256
_SMOOTHING_BINS = (1.5, 3.0, 6.0, 12.0)  # the finest that shows a valley; little mineral needs more
_VALLEY_SHARE = 0.5  # a valley is at most half as high as the lower of its two modes
_SIGNIFICANCE = 5.0  # and lower by five standard deviations of the counts
_FLOOR_RISE = 1.5  # the empty stretch ends where the counts are half as high again: there nuclei begin
_FEW_PIXELS = 3.0  # per level; a stretch is not cut short by counts this small
_FLOOR_SIGMAS = 4.0  # nor by the noise of the counts, of which the bottom is the lowest of many


@dataclass(frozen=True, slots=True)
class Valley:
    """Outcome of the search, in levels of the histogram's own scale.

    ``mineral_level`` is the dark mode, ``tissue_level`` the median of what is above the valley, ``contrast`` is 1
    minus their ratio, measured from the channel's zero.
    """

    found: bool
    threshold: float
    mineral_level: float
    tissue_level: float
    contrast: float
    valley_low: float
    valley_high: float


def find_valley(histogram: Histogram, *, low: float, high: float, least_contrast: float) -> Valley:
    """Search a histogram for a dark mode that a valley sets apart.

    Parameters
    ----------
    histogram
        Of a channel in which mineral is dark.
    low, high
        Range the channel can take; it is divided into 256 bins.
    least_contrast
        A mode counts as mineral when 1 - mode / tissue is at least this, both measured from ``low``. Otherwise the
        valley between nuclei and pale tissue would be taken where there is little mineral or none.
    """
    width = (high - low + 1) / BINS if high - low >= BINS - 1 else (high - low) / BINS
    counts = _rebin(histogram, low, width)
    for sigma in _SMOOTHING_BINS:
        smooth = _smoothed(counts, sigma)
        split = _darkest_split(counts, smooth, sigma, least_contrast)
        if split is not None:
            break
    else:
        return Valley(False, low, low, high, 0.0, low, low)
    peak, bottom, tissue = split
    first, last = _empty_stretch(smooth, sigma, peak, bottom, tissue)
    at = int(np.clip((peak + tissue) / 2, first, last))
    levels = [low + index * width for index in (peak, tissue, first, last)]
    # The whole of bin ``at`` is mineral: its last level where the channel is one of integers.
    threshold = low + (at + 1) * width - (1 if width >= 1 else 0)
    return Valley(True, threshold, levels[0], levels[1], _contrast(peak, tissue), levels[2], levels[3])


def _contrast(peak: int, tissue: int) -> float:
    return 1.0 - peak / tissue if tissue > 0 else 0.0


def _rebin(histogram: Histogram, low: float, width: float) -> npt.NDArray[np.float64]:
    index = np.clip(((histogram.centres - low) / width).astype(np.intp), 0, BINS - 1)
    return np.bincount(index, weights=histogram.counts, minlength=BINS).astype(np.float64)


def _smoothed(counts: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(counts, sigma, mode="reflect"))


def _darkest_split(
    counts: npt.NDArray[np.float64], smooth: npt.NDArray[np.float64], sigma: float, least_contrast: float
) -> tuple[int, int, int] | None:
    """Dark mode, valley bottom and tissue level as bins, or None.

    Of all valleys that qualify the deepest in proportion to its lower side wins, so that a shoulder inside the mineral
    (a brown rim, a bright crack) is not taken for tissue.
    """
    mode_below = np.maximum.accumulate(smooth)
    mode_above = np.maximum.accumulate(smooth[::-1])[::-1]
    best: tuple[float, int, int, int] | None = None
    for bottom in range(1, BINS - 1):
        if not smooth[bottom - 1] >= smooth[bottom] <= smooth[bottom + 1]:
            continue
        lower = min(mode_below[bottom], mode_above[bottom])
        noise = _noise(lower + smooth[bottom], sigma)
        if lower == 0 or smooth[bottom] > _VALLEY_SHARE * lower or lower - smooth[bottom] < _SIGNIFICANCE * noise:
            continue
        peak, tissue = int(np.argmax(smooth[: bottom + 1])), _median_bin(counts, bottom + 1)
        share = float(smooth[bottom] / lower)
        if _contrast(peak, tissue) >= least_contrast and (best is None or share < best[0]):
            best = (share, peak, bottom, tissue)
    return None if best is None else best[1:]


def _median_bin(counts: npt.NDArray[np.float64], start: int) -> int:
    cumulative = np.cumsum(counts[start:])
    return start + int(np.searchsorted(cumulative, cumulative[-1] / 2))


def _noise(count: float, sigma: float) -> float:
    """Standard deviation of Poisson counts after a Gaussian average: that of 2 sqrt(pi) sigma times as many."""
    return math.sqrt(count / (2.0 * math.sqrt(math.pi) * sigma))


def _empty_stretch(
    smooth: npt.NDArray[np.float64], sigma: float, peak: int, bottom: int, tissue: int
) -> tuple[int, int]:
    """First and last bin around the bottom whose counts are little above the bottom's, give or take their noise."""
    limit = _FLOOR_RISE * smooth[bottom] + _FEW_PIXELS + _FLOOR_SIGMAS * _noise(smooth[bottom], sigma)
    first = last = bottom
    while first - 1 > peak and smooth[first - 1] <= limit:
        first -= 1
    while last + 1 < tissue and smooth[last + 1] <= limit:
        last += 1
    return first, last
