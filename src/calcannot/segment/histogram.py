"""Counts of channel values over a whole image or region of interest: what automatic thresholds are computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FLOAT_BINS = 256  # scikit-image's number of bins for float images


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Pixel counts by value.

    Attributes
    ----------
    counts
        int64 (n,), first and last bin not empty (unless all are).
    centres
        float64 (n,): the value itself for integer channels, the middle of the bin otherwise.
    total, mean, minimum, maximum
        Over the pixels themselves, not the bins.
    """

    counts: npt.NDArray[np.int64]
    centres: npt.NDArray[np.float64]
    total: int
    mean: float
    minimum: float
    maximum: float

    @property
    def is_flat(self) -> bool:
        """True where no threshold can divide the pixels: none, or all of one value."""
        return self.total == 0 or self.minimum == self.maximum


def from_levels(counts: npt.NDArray[np.int64], first_level: int) -> Histogram:
    """Histogram of integer levels: ``counts[i]`` pixels have the value ``first_level + i``."""
    present = np.flatnonzero(counts)
    if present.size == 0:
        return Histogram(np.zeros(1, np.int64), np.zeros(1), 0, 0.0, 0.0, 0.0)
    low, high = int(present[0]), int(present[-1])
    kept = counts[low : high + 1].astype(np.int64)
    centres = np.arange(first_level + low, first_level + high + 1, dtype=np.float64)
    total = int(kept.sum())
    # Integer sums: the mean is the same whatever the order of the tiles.
    weighted = int(np.dot(kept, np.arange(kept.size, dtype=np.int64)))
    return Histogram(kept, centres, total, first_level + low + weighted / total, float(centres[0]), float(centres[-1]))


def from_weighted_values(values: npt.NDArray[np.floating], weights: npt.NDArray[np.int64]) -> Histogram:
    """Histogram of real values, each with a pixel count, in 256 bins from smallest to largest as scikit-image makes."""
    if values.size == 0:
        return Histogram(np.zeros(1, np.int64), np.zeros(1), 0, 0.0, 0.0, 0.0)
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, bins=FLOAT_BINS, range=(low, high), weights=weights)
    total = int(weights.sum())
    centres = (edges[:-1] + edges[1:]) / 2
    mean = float(np.dot(values, weights) / total)
    return Histogram(np.rint(counts).astype(np.int64), centres, total, mean, low, high)
