"""Class of a film's pixels inside regions of interest: what rises above the local background of each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.classes import CORE, MINERAL, MINERAL_HIGH, MINERAL_LOW, REFERENCE
from calcannot.segment.background import rim_of, surface_at
from calcannot.segment.clefts import cleft, closing_sigma_px, filled, reach_px
from calcannot.segment.mirror import mirror_of, read_level
from calcannot.segment.polygons import inside
from calcannot.segment.seeds import region_around

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.resolved import Surface

Float = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_WIDENED = ((MINERAL, 0.0), (MINERAL_LOW, -1.0), (MINERAL_HIGH, 1.0))


def classes_above(
    source: ImageSource,
    surfaces: tuple[Surface, ...],
    drawn: tuple[Stroke, ...],
    row: int,
    col: int,
    height: int,
    width: int,
) -> Bytes:
    """Class bits of a box, uint8 (height, width).

    Parameters
    ----------
    surfaces
        Local backgrounds.
    drawn
        Regions of interest, or clicks, that they belong to.
    """
    box = (row, col, height, width)
    classes = np.full((height, width), REFERENCE, np.uint8)
    strokes = {stroke.id: stroke for stroke in drawn}
    for surface in surfaces:
        stroke = strokes[surface.region]
        region = region_around(stroke, surface.seed_reach_px) if surface.seed_reach_px else stroke
        within = inside(region, *box)
        if not within.any():
            continue
        residual, gap = _residual(source, surface, *box)
        within &= ~gap
        for bit, widen in _WIDENED:
            above = residual > surface.threshold - widen * surface.sigma
            classes[within & above] |= np.uint8(bit)
        proof = within & ~_rim(source.info, region, surface.rim_px, *box) & (residual > surface.core)
        if surface.seed_reach_px:
            proof &= inside(stroke, *box)
        classes[proof] |= np.uint8(CORE)
    return classes


def _rim(info: ImageInfo, region: Stroke, rim_px: float, row: int, col: int, height: int, width: int) -> Mask:
    """Pixels of a box in the rim of a region, which ends where the image does."""
    top, left, *size = _wider(info, math.ceil(rim_px) + 1, row, col, height, width)
    # What lies beyond the array is outside only at the border of the image; elsewhere it is too far to matter.
    rim = rim_of(inside(region, top, left, *size), rim_px)
    return rim[row - top : row - top + height, col - left : col - left + width]


def _residual(source: ImageSource, surface: Surface, row: int, col: int, height: int, width: int) -> tuple[Float, Mask]:
    """Level above a background, and clefts; both (height, width)."""
    box = _wider(source.info, reach_px(surface.cleft_radius_px), row, col, height, width)
    level, mirror = surface_at(surface, *box), mirror_of(surface)
    residual = read_level(source, mirror, *box, surface.smoothing_sigma_px) - level
    core = np.s_[row - box[0] : row - box[0] + height, col - box[1] : col - box[1] + width]
    if not surface.cleft_radius_px:
        return residual[core], np.zeros((height, width), np.bool_)
    fine = read_level(source, mirror, *box, surface.cleft_smoothing_sigma_px) - level
    closing_px = closing_sigma_px(surface.cleft_radius_px, surface.cleft_smoothing_sigma_px)
    smooth = read_level(source, mirror, *box, closing_px) - level
    gap = cleft(fine, filled(smooth, surface.cleft_radius_px), surface.cleft_sigma)
    return residual[core], gap[core]


def _wider(info: ImageInfo, by: int, row: int, col: int, height: int, width: int) -> tuple[int, int, int, int]:
    """A box that reaches further on every side, as far as the image does: row, column, height, width."""
    top, left = max(0, row - by), max(0, col - by)
    bottom, right = min(info.height_px, row + height + by), min(info.width_px, col + width + by)
    return top, left, bottom - top, right - left
