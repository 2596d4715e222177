"""At which level the outline of a lesion is drawn above its local background."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.segment.clefts import without_clefts
from calcannot.segment.edge import fit_edge

if TYPE_CHECKING:
    from calcannot.model.resolved import Surface

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

OUTLINE_SHARE_OF_BLUR = 0.1
"""Standard uncertainty of the place of an outline, as a share of the film's blur.

On 100 rendered lesions (ellipsoids, plates, lobes with and without septa; seeds 1000 to 1024) outlines lay off by 0.09
of the blur in the root mean square.
"""

LEAST_SIGMA = 2.0
"""The outline is drawn no lower than this many standard deviations of the noise: below, most of it is noise."""

CLEAR_SIGMA = 3.0
"""At this many standard deviations of the noise an outline lies clear of it."""

PROFILE_SIGMA = 12.0
"""Below this many standard deviations of the noise, noise alone makes a plate's areas fall as an ellipsoid's do."""

UNSURE = 0.015
"""Standard uncertainty of an area, as a share, from which on noise moves it by 3 % or more in one of 20 films."""


def with_outline(
    surface: Surface, residual: Float, closed: Float | None, region: Mask, blur_px: float
) -> tuple[Surface, float]:
    """The surface with the outline at the level that the lesion's own profile has at its edge.

    Parameters
    ----------
    surface
        Of the background, with the noise and the peak.
    residual
        Image less background, float64 (height, width).
    closed
        The same with clefts filled; None where none are looked for.
    region
        Pixels inside the region of interest, bool (height, width).
    blur_px
        Gaussian blur that the film is expected to have.

    Returns
    -------
    Surface, float
        And by what the noise would have to be divided for the outline to lie clear of it; at most 1 where it does.
    """
    if surface.peak <= surface.core:
        return surface, 1.0
    whole = residual if closed is None else without_clefts(residual, closed, surface.sigma)
    inside = np.where(region, whole, 0.0)
    edge = fit_edge(inside, surface.sigma, surface.peak, blur_px, surface.smoothing_sigma_px)
    too_noisy = PROFILE_SIGMA * surface.sigma / surface.peak
    lowest = LEAST_SIGMA * surface.sigma
    if edge is None:
        # Too faint for a profile: as low as the noise allows, and known to no better than the blur.
        found = replace(
            surface, threshold=lowest, peak_fraction=lowest / surface.peak, outline_uncertainty_px=float(blur_px)
        )
        return found, too_noisy
    threshold = max(edge.level, lowest)
    found = replace(
        surface,
        threshold=threshold,
        peak_fraction=threshold / surface.peak,
        edge_roundness=edge.roundness,
        edge_blur_px=edge.blur_px,
        outline_uncertainty_px=OUTLINE_SHARE_OF_BLUR * blur_px,
        profile_uncertainty=edge.area_uncertainty,
    )
    return found, max(too_noisy, CLEAR_SIGMA * surface.sigma / edge.level)


def is_unsure(surface: Surface) -> bool:
    """Whether noise leaves an area unsure by more than 3 %, wherever its outline is drawn."""
    return surface.profile_uncertainty is not None and surface.profile_uncertainty > UNSURE


def is_faint(surface: Surface) -> bool:
    """Whether the outline of a lesion lies in the noise, or noise hides what its edge is like."""
    in_noise = surface.threshold < CLEAR_SIGMA * surface.sigma or surface.peak < PROFILE_SIGMA * surface.sigma
    return surface.outline_uncertainty_px is not None and in_noise
