"""Where the outline of a lesion lies on a blurred film: the level that its own shape has at its edge.

A plate blurred by the detector crosses half its height at its true edge; an ellipsoid, which thins out, crosses a tenth
of its peak there. Which of them a lesion is can be seen from its area at several levels: a plate's hardly changes, an
ellipsoid's falls as 1 - f². A family that holds both is fitted to those areas: a height of (1 - r^(2/q))^½ within a
disc, blurred by a Gaussian. Whatever its shape, a body with a smooth surface thins out towards its outline as the
square root of the distance to it; how flat it is inside is q, 1 for an ellipsoid and 0 for a plate. The blur of another
outline of the same area is that of the disc times its perimeter over the disc's.

A plate with a blur and a nearly flat body with less of it can hardly be told apart, but their edges lie apart. So a
lesion is a plate where a plate, blurred no more than films are, accounts for its areas and an ellipsoid does not do
better. Else it is an ellipsoid, as every projection of one is, unless its areas say otherwise by two standard
deviations: noise alone makes a small ellipsoid look flat, and a flat body would end further inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_LEVELS = 16
_LOWEST_SHARE, _HIGHEST_SHARE = 0.2, 0.85  # of the plateau: below is noise, above is texture
_LOWEST_SIGMA = 5.0  # below, noise adds to the area
_MODEL_MISFIT = 0.0075  # standard deviation by which areas miss the model without noise, as a share
_PLATE_DOUBTS = 2.0  # how far the areas of a plate may miss the model
_HEIGHT_DOUBT = 0.12  # log of the height over the plateau: noise and texture lift the plateau, a small dome lowers it
_BLUR_DOUBT = 0.2  # standard deviation of the log of the blur: detectors differ (0.20 to 0.35 mm), and so do heights
_BLUR_DOUBTS = 2.0  # how much more than expected a plate may be blurred
_ROUNDNESS_DOUBTS = 2.0  # what an ellipsoid misses by more than another profile, where it is none
_LEAST_ROUNDNESS = 0.02  # below it is a plate
_REACH = np.array([2.0, _HEIGHT_DOUBT, 1.5])  # of the logs of area, height and blur from where the fit starts
_RADII = 120
_NOISY = 0.02  # of the height: less noise moves no area
_SHARES = np.linspace(0.02, 0.6, 117)  # of the height, where an edge may lie


class Edge(NamedTuple):
    """What the areas of a lesion say about its edge.

    ``level`` is the residual above which the lesion has its true area: that of the blurred edge at its place, and a
    little higher where noise adds more outside than it takes inside. ``height`` and ``roundness`` (q) are those of the
    profile, ``blur_px`` the Gaussian without the smoothing and the pixel, ``misfit`` the root mean square by which
    areas miss the model, in standard deviations of what noise and other shapes explain. ``area_uncertainty`` is the
    standard uncertainty of ``area_px``, as a share of it, that noise and other shapes leave.
    """

    level: float
    height: float
    roundness: float
    blur_px: float
    area_px: float
    misfit: float
    area_uncertainty: float


def fit_edge(residual: Float, sigma: float, peak: float, blur_px: float, smoothing_px: float) -> Edge | None:
    """Fit the profile of the lesion that stands highest above its background.

    Parameters
    ----------
    residual
        Image less background, clefts filled; float64 (height, width), 0 outside the region of interest.
    sigma
        Noise of the residual.
    peak
        Its highest level.
    blur_px
        Gaussian blur that the image is expected to have.
    smoothing_px
        Gaussian that was added to it.

    Returns
    -------
    Edge or None
        None where too little stands out for a fit.
    """
    from scipy import ndimage
    from skimage.measure import perimeter_crofton

    high = residual[residual > 0.5 * peak]
    if high.size < _LEVELS:
        return None
    plateau = float(np.percentile(high, 90))
    lowest = max(_LOWEST_SHARE * plateau, _LOWEST_SIGMA * sigma)
    if lowest > 0.6 * plateau:
        return None
    levels = np.linspace(lowest, _HIGHEST_SHARE * plateau, _LEVELS)
    # Only what hangs together with the dense part: noise elsewhere in the region is no part of its area.
    labels, _ = ndimage.label(residual > lowest, np.ones((3, 3)))
    core = ndimage.binary_opening(residual > 0.6 * plateau, np.ones((3, 3)))
    held = np.isin(labels, np.unique(labels[core & (labels > 0)]))
    values = np.sort(residual[held])
    areas = values.size - np.searchsorted(values, levels, side="right").astype(np.float64)
    outline = np.pad(held & (residual > 0.4 * plateau), 2)
    if areas[-1] < _LEVELS:
        return None
    perimeter = float(perimeter_crofton(outline, 4))
    raggedness = max(1.0, perimeter / (2 * math.sqrt(math.pi * int(outline.sum()))))
    added = math.hypot(smoothing_px, 1 / math.sqrt(12))
    doubt = _noise_of(areas, levels, sigma, perimeter, added) + _MODEL_MISFIT**2 * np.eye(_LEVELS)
    white = np.linalg.inv(np.linalg.cholesky(doubt))
    counted = _Counted(levels, areas, white, plateau, sigma, blur_px, added, raggedness)
    fit = _simplest(counted)
    area, height, blur = (math.exp(number) for number in fit.x)
    width, noise = counted.width(area, blur), sigma / height
    _, at_edge = blurred_areas(fit.roundness, width, np.array([0.5]), 0.0)
    if noise > _NOISY:
        modelled, _ = blurred_areas(fit.roundness, width, _SHARES, noise)
        at_edge = max(at_edge, float(np.interp(-1.0, -modelled, _SHARES)))
    # Five digits: the last ones are the optimiser's and the processor's.
    numbers = (at_edge * height, height, fit.roundness, blur, area, fit.misfit, fit.area_uncertainty)
    return Edge(*(float(f"{number:.5g}") for number in numbers))


class _Fit(NamedTuple):
    """Log of area, height and blur, the roundness, and how well they do: ``off`` is in doubts, the last of the blur.

    ``slopes`` is the derivative of ``off`` by what was fitted, float64 (n, 3 or 4).
    """

    x: Float
    roundness: float
    chi_square: float
    off: Float
    slopes: Float

    @property
    def misfit(self) -> float:
        return float(np.sqrt(np.mean(self.off[:-1] ** 2)))

    @property
    def area_uncertainty(self) -> float:
        """Standard deviation of the log of the area: ``off`` is white, so that of the least squares' solution."""
        return float(np.linalg.norm(np.linalg.pinv(self.slopes)[0]))


@dataclass(frozen=True)
class _Counted:
    """Areas of a lesion above some levels, ``white`` of their doubts, and what is known of its film."""

    levels: Float
    areas: Float
    white: Float
    plateau: float
    sigma: float
    blur_px: float
    added_px: float
    raggedness: float

    def width(self, area: float, blur: float) -> float:
        """Standard deviation of the whole blur as a share of the radius of a disc of this area."""
        spread = math.hypot(blur, self.added_px) * self.raggedness / math.sqrt(area / math.pi)
        return min(max(spread, 0.005), 0.5)

    def best(self, roundness: float | None) -> _Fit:
        """The best profile of this roundness, or of any between a plate's and an ellipsoid's."""
        from scipy import optimize

        start = np.log([self.areas[0], self.plateau, self.blur_px])
        low, high, scale = start - _REACH, start + _REACH, [0.05, 0.1, 0.1]
        starts = [start]
        if roundness is None:
            low, high, scale = np.append(low, _LEAST_ROUNDNESS), np.append(high, 1.0), [*scale, 0.2]
            starts = [np.append(start, first) for first in (0.2, 0.9)]
        fits = [
            optimize.least_squares(
                self._off, first, bounds=(low, high), x_scale=scale, diff_step=1e-3, args=(roundness,)
            )
            for first in starts
        ]
        fit = min(fits, key=lambda each: float(each.cost))
        found = float(fit.x[3]) if roundness is None else roundness
        return _Fit(fit.x[:3], found, 2 * float(fit.cost), fit.fun, fit.jac)

    def _off(self, x: Float, roundness: float | None) -> Float:
        area, height, blur = math.exp(x[0]), math.exp(x[1]), math.exp(x[2])
        round_ = float(x[3]) if roundness is None else roundness
        modelled, _ = blurred_areas(round_, self.width(area, blur), self.levels / height, self.sigma / height)
        off = self.white @ ((modelled * area - self.areas) / self.areas[0])
        return np.append(off, (x[2] - math.log(self.blur_px)) / _BLUR_DOUBT)


def _simplest(counted: _Counted) -> _Fit:
    """A plate or an ellipsoid where that accounts for the areas, else what lies between."""
    plate, ellipsoid = counted.best(0.0), counted.best(1.0)
    sharp = plate.off[-1] <= _BLUR_DOUBTS
    if sharp and plate.misfit <= _PLATE_DOUBTS and plate.chi_square < ellipsoid.chi_square:
        return plate
    if ellipsoid.chi_square <= _ROUNDNESS_DOUBTS**2:
        return ellipsoid
    between = counted.best(None)
    return between if ellipsoid.chi_square - between.chi_square > _ROUNDNESS_DOUBTS**2 else ellipsoid


def _noise_of(areas: Float, levels: Float, sigma: float, perimeter: float, spread_px: float) -> Float:
    """Covariance that noise gives the areas above some levels, as shares of the largest; float64 (n, n).

    A contour moves by the noise over the slope. Along a contour and between two of them, noise keeps together as far as
    the Gaussian that it went through: its correlation is exp(-d²/4s²).
    """
    slope = np.gradient(areas, levels)
    alone = np.abs(slope) * sigma * math.sqrt(2 * math.sqrt(math.pi) * spread_px / perimeter) / areas[0]
    apart = (areas[:, np.newaxis] - areas) / perimeter
    return np.asarray(np.outer(alone, alone) * np.exp(-((apart / (2 * spread_px)) ** 2)))


def blurred_areas(roundness: float, width: float, levels: Float, noise: float) -> tuple[Float, float]:
    """Areas of a blurred disc of height (1 - r^(2/q))^½ above some levels, and its level at r = 1.

    Parameters
    ----------
    roundness
        q: 1 for an ellipsoid, 0 for a plate.
    width
        Standard deviation of the blur, as a share of the disc's radius.
    levels
        As shares of the height.
    noise
        Standard deviation of the noise, as a share of the height.

    Returns
    -------
    areas
        As shares of the disc's, float64, shape of ``levels``.
    at_edge
        As a share of the height.
    """
    from scipy import special

    source = (np.arange(_RADII) + 0.5) / _RADII
    radius = np.linspace(0, 1 + 4 * width, _RADII)
    # A Gaussian blur of rings, integrated over the angle: exp(-(r² + s²)/2w²) I0(rs/w²) s/w² ds.
    apart = (radius[:, np.newaxis] - source) / width
    ring = special.i0e(radius[:, np.newaxis] * source / width**2) * np.exp(-(apart**2) / 2) * source / width**2 / _RADII
    body = np.sqrt(1 - source ** (2 / roundness)) if roundness > 0 else np.ones(_RADII)
    profile = ring @ body
    rings = np.gradient(radius**2)
    if noise > 0:
        above = special.ndtr((profile - levels[:, np.newaxis]) / noise)
    else:
        above = (profile > levels[:, np.newaxis]).astype(np.float64)
    return np.asarray(above @ rings), float(np.interp(1.0, radius, profile))
