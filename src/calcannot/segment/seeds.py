"""A click on a lesion: the region of interest around it, and what hangs together with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, StrokeKind

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.resolved import Surface

Mask = npt.NDArray[np.bool_]

_CORNERS = 64


def region_around(seed: Stroke, reach_px: float) -> Stroke:
    """The stroke with a circle of this radius about the middle of its bounds for its outline."""
    x_min, y_min, x_max, y_max = seed.bounds()
    turn = np.arange(_CORNERS) * 2 * np.pi / _CORNERS
    ring = np.stack([(x_min + x_max) / 2 + reach_px * np.cos(turn), (y_min + y_max) / 2 + reach_px * np.sin(turn)], 1)
    return replace(seed, rings=(ring,))


def with_regions(annotations: Annotations, surfaces: tuple[Surface, ...]) -> Annotations:
    """Strokes with the regions of interest in the place of the clicks that they were made from."""
    reach = {surface.region: surface.seed_reach_px for surface in surfaces if surface.seed_reach_px}
    if not reach:
        return annotations
    return Annotations(
        tuple(
            region_around(stroke, reach[stroke.id])
            if stroke.kind is StrokeKind.REGION and stroke.id in reach
            else stroke
            for stroke in annotations.strokes
        )
    )


def grown(mask: Mask, seed: Mask) -> Mask:
    """What of a mask hangs together, by sides or corners, with a pixel of the seed; bool (height, width)."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    return np.isin(labels, np.setdiff1d(np.unique(labels[seed]), 0))
