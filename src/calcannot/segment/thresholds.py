"""Automatic thresholds by the names the field uses, computed from a histogram.

Each gives the number that scikit-image's function of that name gives on the same pixels: foreground is above it,
background at or below. scikit-image is called where it takes a histogram; where it wants the pixels (Li, triangle,
mean) the same formula runs on the counts. Maximum entropy (Kapur, Sahoo and Wong 1985) is not in scikit-image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import RecipeError
from calcannot.model.recipe_rules import Method

if TYPE_CHECKING:
    from calcannot.segment.histogram import Histogram

MULTI_OTSU_BINS = 1024


def automatic_threshold(method: Method, histogram: Histogram, *, darker: bool) -> float:
    """Threshold of a histogram that is not flat.

    Parameters
    ----------
    darker
        True where mineral is the dark side; decides which of several classes multi-Otsu separates.

    Raises
    ------
    RecipeError
        If the histogram is flat, or has too few levels for the method.
    """
    if histogram.is_flat:
        remedy = "set the threshold as a number"
        raise RecipeError(f"the threshold {method.value} needs pixels of more than one value", remedy=remedy)
    match method:
        case Method.MEAN:
            return histogram.mean
        case Method.LI:
            return _li(histogram)
        case Method.TRIANGLE:
            return _triangle(histogram)
        case Method.MAX_ENTROPY:
            return _max_entropy(histogram)
        case Method.VALLEY:
            raise RecipeError("the threshold valley is resolved with the tissue level")  # see valley.py
        case _:
            return _from_scikit_image(method, histogram, darker=darker)


def _from_scikit_image(method: Method, histogram: Histogram, *, darker: bool) -> float:
    from skimage import filters

    pair = (histogram.counts, histogram.centres)
    match method:
        case Method.OTSU:
            return float(filters.threshold_otsu(hist=pair))
        case Method.YEN:
            return float(filters.threshold_yen(hist=pair))
        case Method.ISODATA:
            return float(filters.threshold_isodata(hist=pair))
    try:
        borders = filters.threshold_multiotsu(hist=_at_most_bins(histogram, MULTI_OTSU_BINS), classes=3)
    except ValueError:
        remedy = "use otsu, or set the threshold as a number"
        raise RecipeError("multi-otsu needs three grey levels or more", remedy=remedy) from None
    return float(borders[0] if darker else borders[-1])


def _at_most_bins(histogram: Histogram, bins: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Counts and centres, merged down: three classes of 65,536 levels would take hours."""
    size = histogram.counts.size
    if size <= bins:
        return histogram.counts, histogram.centres
    edges = np.linspace(0, size, bins + 1).astype(np.intp)
    counts = np.add.reduceat(histogram.counts, edges[:-1])
    return counts, (histogram.centres[edges[:-1]] + histogram.centres[edges[1:] - 1]) / 2


def _li(histogram: Histogram) -> float:
    """Li's iterative minimum cross entropy (Li and Tam 1998), as ``skimage.filters.threshold_li``."""
    counts = histogram.counts
    offset = histogram.minimum
    values = histogram.centres - offset
    tolerance = float(histogram.centres[1] - histogram.centres[0]) / 2
    current = histogram.mean - offset
    previous = -2 * tolerance
    while abs(current - previous) > tolerance:
        previous = current
        above = values > previous
        n_above = counts[above].sum()
        n_below = counts[~above].sum()
        if n_above == 0 or n_below == 0:
            break
        mean_above = float(np.dot(counts[above], values[above])) / float(n_above)
        mean_below = float(np.dot(counts[~above], values[~above])) / float(n_below)
        if mean_below == 0:
            break
        current = (mean_below - mean_above) / (np.log(mean_below) - np.log(mean_above))
    return float(current + offset)


def _triangle(histogram: Histogram) -> float:
    """Zack, Rogers and Latt 1977, as ``skimage.filters.threshold_triangle``."""
    counts = histogram.counts.astype(np.float64)
    centres = histogram.centres
    peak = int(np.argmax(counts))
    low, high = np.flatnonzero(counts)[[0, -1]]
    if low == high:
        return float(centres[peak])
    flip = peak - low < high - peak
    if flip:
        counts = counts[::-1]
        low, peak = counts.size - high - 1, counts.size - peak - 1
    width = peak - low
    along = np.arange(width)
    heights = counts[along + low]
    peak_height = counts[peak]
    norm = np.sqrt(peak_height**2 + width**2)
    distance = peak_height / norm * along - width / norm * heights
    arg = int(np.argmax(distance)) + int(low)
    return float(centres[counts.size - arg - 1 if flip else arg])


def _max_entropy(histogram: Histogram) -> float:
    """Kapur, Sahoo and Wong 1985: the split whose two sides have the largest sum of entropies."""
    probability = histogram.counts / histogram.total
    below = np.cumsum(probability)
    with np.errstate(divide="ignore", invalid="ignore"):
        term = np.where(probability > 0, probability * np.log(probability), 0.0)
        partial = np.cumsum(term)
        above = 1.0 - below
        entropy_below = np.log(below) - partial / below
        entropy_above = np.log(above) - (partial[-1] - partial) / above
    entropy = entropy_below + entropy_above
    valid = (below > 0) & (above > 1e-12)
    entropy = np.where(valid, entropy, -np.inf)
    return float(histogram.centres[int(np.argmax(entropy))])
