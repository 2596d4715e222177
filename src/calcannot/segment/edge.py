"""Where the outline of a lesion lies on a blurred film: the level that its own shape has at its edge.

A plate blurred by the detector crosses half its height at its true edge; an ellipsoid, which thins out, crosses a tenth
of its peak there. Which of them a lesion is can be seen from its area at several levels: a plate's hardly changes, an
ellipsoid's falls as 1 - f². A family that holds both is fitted to those areas: a height of (1 - r^(2/q))^½ within a
disc, blurred by a Gaussian. Whatever its shape, a body with a smooth surface thins out towards its outline as the
square root of the distance to it; how flat it is inside is q, 1 for an ellipsoid and 0 for a plate. The blur of another
outline of the same area is that of the disc times its perimeter over the disc's.

A plate with a blur and a nearly flat body with less of it can hardly be told apart, but their edges lie apart. So a
lesion is a plate where a plate, blurred no more than films are, accounts for its areas.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_LEVELS = 16
_LOWEST_SHARE, _HIGHEST_SHARE = 0.2, 0.85  # of the plateau: below is noise, above is texture
_LOWEST_SIGMA = 5.0  # below, noise adds to the area
_PLATE_MISFIT = 0.015  # how far the areas of a plate may miss the model, as a share
_LEAST_ROUNDNESS = 0.02  # below it is a plate
_HEIGHT_DOUBT = 0.12  # log of the height over the plateau: noise and texture lift the plateau, a small dome lowers it
_BLUR_DOUBTS = 2.0  # of those below: how much more than expected a plate may be blurred
_BLUR_DOUBT = 0.2  # standard deviation of the log of the blur: detectors differ (0.20 to 0.35 mm), and so do heights
_BLUR_WEIGHT = 0.015  # how far areas must miss the model, as a share, to move the blur by one doubt
_RADII = 120


class Edge(NamedTuple):
    """What the areas of a lesion say about its edge.

    ``level`` is the residual that the blurred edge has at its true place, ``height`` and ``roundness`` (q) those of the
    profile, ``blur_px`` the Gaussian without the smoothing and the pixel, ``misfit`` the root mean square by which
    areas miss the model, as a share of the largest.
    """

    level: float
    height: float
    roundness: float
    blur_px: float
    area_px: float
    misfit: float


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
    from scipy import ndimage, optimize
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
    perimeter = float(perimeter_crofton(outline, 4))  # type: ignore[no-untyped-call]
    raggedness = max(1.0, perimeter / (2 * math.sqrt(math.pi * int(outline.sum()))))
    added = math.hypot(smoothing_px, 1 / math.sqrt(12))

    def width(area: float, blur: float) -> float:
        spread = math.hypot(blur, added) * raggedness / math.sqrt(area / math.pi)
        return min(max(spread, 0.005), 0.5)

    def misses(x: Float, roundness: float | None = None) -> Float:
        area, height, blur = math.exp(x[0]), math.exp(x[1]), math.exp(x[2])
        round_ = float(x[3]) if roundness is None else roundness
        modelled, _ = blurred_areas(round_, width(area, blur), levels / height, sigma / height)
        towards = _BLUR_WEIGHT * (x[2] - math.log(blur_px)) / _BLUR_DOUBT
        return np.append((modelled * area - areas) / areas[0], towards)

    start = np.log([areas[0], plateau, blur_px])
    reach = np.array([2, _HEIGHT_DOUBT, 1.5])
    found = optimize.least_squares(
        misses, start, bounds=(start - reach, start + reach), x_scale=[0.05, 0.1, 0.1], diff_step=1e-3, args=(0.0,)
    )
    roundness = 0.0
    if found.x[2] > start[2] + _BLUR_DOUBTS * _BLUR_DOUBT or _misfit(found.fun) > _PLATE_MISFIT:
        bounds = (np.append(start - reach, _LEAST_ROUNDNESS), np.append(start + reach, 1.0))
        fits = [
            optimize.least_squares(
                misses, np.append(start, first), bounds=bounds, x_scale=[0.05, 0.1, 0.1, 0.2], diff_step=1e-3
            )
            for first in (0.2, 0.9)
        ]
        found = min(fits, key=lambda fit: float(fit.cost))
        roundness = float(found.x[3])
    area, height, blur = (math.exp(number) for number in found.x[:3])
    _, at_edge = blurred_areas(roundness, width(area, blur), np.array([0.5]), 0.0)
    # Five digits: the last ones are the optimiser's and the processor's.
    numbers = (at_edge * height, height, roundness, blur, area, _misfit(found.fun))
    return Edge(*(float(f"{number:.5g}") for number in numbers))


def _misfit(misses: Float) -> float:
    return float(np.sqrt(np.mean(misses[:-1] ** 2)))


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
