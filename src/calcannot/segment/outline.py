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

LEAST_SIGMA = 3.0
"""The outline is drawn no lower than this many standard deviations of the noise, which would fray it."""

PROFILE_SIGMA = 12.0
"""Below this many standard deviations of the noise, noise alone makes a plate's areas fall as an ellipsoid's do."""


def with_outline(surface: Surface, residual: Float, closed: Float | None, region: Mask, blur_px: float) -> Surface:
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
    """
    if surface.peak <= surface.core:
        return surface
    whole = residual if closed is None else without_clefts(residual, closed, surface.sigma)
    inside = np.where(region, whole, 0.0)
    edge = fit_edge(inside, surface.sigma, surface.peak, blur_px, surface.smoothing_sigma_px)
    if edge is None:
        # Too faint for a profile: as low as the noise allows, and known to no better than the blur.
        lowest = LEAST_SIGMA * surface.sigma
        return replace(
            surface, threshold=lowest, peak_fraction=lowest / surface.peak, outline_uncertainty_px=float(blur_px)
        )
    threshold = max(edge.level, LEAST_SIGMA * surface.sigma)
    return replace(
        surface,
        threshold=threshold,
        peak_fraction=threshold / surface.peak,
        edge_roundness=edge.roundness,
        edge_blur_px=edge.blur_px,
        outline_uncertainty_px=OUTLINE_SHARE_OF_BLUR * blur_px,
    )


def in_noise(surface: Surface) -> bool:
    """Whether less noise would help: the outline lies above the lesion's edge, or its profile cannot be told."""
    in_doubt = surface.threshold <= LEAST_SIGMA * surface.sigma or surface.peak < PROFILE_SIGMA * surface.sigma
    return surface.peak > surface.core and in_doubt
