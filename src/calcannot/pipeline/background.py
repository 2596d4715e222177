"""The local background of each region of interest, and the outline above it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from calcannot.model.annotation import StrokeKind
from calcannot.segment.background import fit_surface, surface_at
from calcannot.segment.clefts import SMOOTHING_SHARE, filled, reach_px
from calcannot.segment.outline import with_outline
from calcannot.segment.polygons import inside, inside_any
from calcannot.segment.resolve import smoothing_px
from calcannot.segment.smoothing import read_smoothed
from calcannot.segment.window import with_exclusions

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import Surface

_SMOOTHING_STEPS: Final = 7
_CLEFT_SIGMAS: Final = 16.0
"""Clefts are looked for in an image of at most this noise, as a share of the peak: more smoothing would fill them."""


def fit_background(source: ImageSource, recipe: Recipe, region: Stroke, annotations: Annotations) -> Surface:
    """Local background of one region of interest, with as little smoothing as the noise allows.

    Blur moves an edge that is not cut at its own level, noise frays it: pixels are smoothed just so far that the
    recipe's multiple of the noise does not exceed its share of the peak, and no further than the recipe says. What is
    excluded, by hand or by the image itself, is no background.
    """
    info, background = source.info, recipe.background
    assert background is not None
    x_min, y_min, x_max, y_max = region.bounds()
    row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
    height, width = min(info.height_px, math.ceil(y_max)) - row, min(info.width_px, math.ceil(x_max)) - col
    excluded = with_exclusions(info, annotations).of(StrokeKind.EXCLUDE)
    within = inside(region, row, col, height, width)
    left_out = inside_any(excluded, row, col, height, width)
    steps = []
    for step in range(_SMOOTHING_STEPS + 1):
        sigma_px = smoothing_px(recipe, info) * step / _SMOOTHING_STEPS
        values = read_smoothed(source, row, col, height, width, sigma_px, rounded=False)
        surface = fit_surface(
            values,
            within,
            background.rim.in_px(info.calibration, "background.rim"),
            background.k_sigma,
            background.peak_fraction,
            smoothing_sigma_px=sigma_px,
            left_out=left_out,
            name=region.id,
            row=row,
            col=col,
        )
        steps.append(surface)
        if background.k_sigma * surface.sigma <= background.peak_fraction * surface.peak:
            break
    if background.cleft_width is not None:
        fine = next((s for s in steps if s.sigma * _CLEFT_SIGMAS <= s.peak), surface)
        radius_px = background.cleft_width.in_px(info.calibration, "background.cleft_width") / 2
        surface = replace(
            surface,
            cleft_radius_px=radius_px,
            cleft_smoothing_sigma_px=fine.smoothing_sigma_px,
            cleft_sigma=fine.sigma,
        )
    if background.edge_blur is None:
        return surface
    # A closing at the border of the region sees what lies beyond it, as it does when the pixels are classified.
    reach = reach_px(surface.cleft_radius_px)
    top, left = max(0, row - reach), max(0, col - reach)
    bottom, right = min(info.height_px, row + height + reach), min(info.width_px, col + width + reach)
    box = (top, left, bottom - top, right - left)
    level = surface_at(surface, *box)
    closed = None
    if surface.cleft_radius_px:
        smooth = read_smoothed(source, *box, SMOOTHING_SHARE * surface.cleft_radius_px, rounded=False)
        closed = filled(smooth - level, surface.cleft_radius_px)
    return with_outline(
        surface,
        read_smoothed(source, *box, surface.smoothing_sigma_px, rounded=False) - level,
        closed,
        inside(region, *box) & ~inside_any(excluded, *box),
        background.edge_blur.in_px(info.calibration, "background.edge_blur"),
    )
