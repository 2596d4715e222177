"""The local background of each region of interest, and the outline above it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.model.annotation import StrokeKind
from calcannot.segment.allowed import with_exclusions
from calcannot.segment.background import fit_surface, rim_of, surface_at
from calcannot.segment.clefts import closing_sigma_px, filled, reach_px
from calcannot.segment.mirror import Mirror, find_mirror, read_level
from calcannot.segment.outline import CLEAR_SIGMA, with_outline
from calcannot.segment.polygons import inside, inside_any
from calcannot.segment.resolve import smoothing_px
from calcannot.segment.seeds import grown, region_around

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations, Stroke
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import LocalBackground, Recipe
    from calcannot.model.resolved import Surface

_SMOOTHING_STEPS: Final = 7

_FAINT_SHARE: Final = 0.2
"""Smoothing of a lesion whose outline would lie in the noise else, at most, as a share of its radius at half height.

More would leave no difference between a body that thins out and a blurred plate.
"""

_LEAST_FACTOR: Final = 1.1
"""Less additional smoothing than by this factor is not worth while."""

_CLEFT_SIGMAS: Final = 16.0
"""Clefts are looked for in an image of at most this noise, as a share of the peak: more smoothing would fill them."""


def fit_background(source: ImageSource, recipe: Recipe, region: Stroke, annotations: Annotations) -> Surface:
    """Local background of one region of interest, with as little smoothing as the noise allows.

    Blur moves an edge that is not cut at its own level, noise frays it: pixels are smoothed just so far that the
    recipe's multiple of the noise does not exceed its share of the peak, and no further than the recipe says, unless
    the outline of a faint lesion would lie in the noise even then. What is excluded, by hand or by the image itself, is
    no background.
    """
    lesion = _Lesion(source, recipe, region, with_exclusions(source.info, annotations).of(StrokeKind.EXCLUDE))
    background, unit_px = lesion.background, smoothing_px(recipe, source.info) / _SMOOTHING_STEPS
    steps: list[Surface] = []
    while True:
        steps.append(lesion.fitted(unit_px * len(steps)))
        quiet = background.k_sigma * steps[-1].sigma <= background.peak_fraction * steps[-1].peak
        if quiet or len(steps) > _SMOOTHING_STEPS:
            break
    surface, too_noisy, radius_px = lesion.outlined(steps)
    while too_noisy > 1:
        # Noise falls with the smoothing, and the level of a soft edge rises with its root.
        more = max(too_noisy ** (2 / 3), 1.1 * _LEAST_FACTOR)
        sigma_px = min(more * max(surface.smoothing_sigma_px, unit_px), _FAINT_SHARE * radius_px)
        if sigma_px <= surface.smoothing_sigma_px * _LEAST_FACTOR:
            break
        # Smooth noise varies over millimetres as a bone does: whether one crosses the rim is seen before.
        steps.append(replace(lesion.fitted(sigma_px), rim_edge_ratio=surface.rim_edge_ratio))
        surface, too_noisy, radius_px = lesion.outlined(steps)
    return surface


@dataclass(frozen=True)
class _Lesion:
    """One region of interest of a film."""

    source: ImageSource
    recipe: Recipe
    drawn: Stroke
    excluded: tuple[Stroke, ...]

    @property
    def background(self) -> LocalBackground:
        assert self.recipe.background is not None
        return self.recipe.background

    @property
    def region(self) -> Stroke:
        """What was drawn, or the region of interest around the click."""
        reach_px = self.seed_reach_px
        return region_around(self.drawn, reach_px) if reach_px else self.drawn

    @property
    def seed_reach_px(self) -> float:
        """Radius of the region of interest around a click; 0 where the region was drawn."""
        reach = self.background.seed_reach
        return 0.0 if reach is None else reach.in_px(self.source.info.calibration, "background.seed_reach")

    @property
    def rim_px(self) -> float:
        return self.background.rim.in_px(self.source.info.calibration, "background.rim")

    @cached_property
    def mirror(self) -> Mirror | None:
        """Where the other side lies, if the recipe asks for it."""
        if self.background.mirror is None:
            return None
        row, col, *_ = self.box
        rim = rim_of(inside(self.region, *self.box), self.rim_px) & ~inside_any(self.excluded, *self.box)
        reach_px = self.background.mirror.in_px(self.source.info.calibration, "background.mirror")
        return find_mirror(self.source, row, col, rim, reach_px, smoothing_px(self.recipe, self.source.info))

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Row, column, height and width of the region."""
        x_min, y_min, x_max, y_max = self.region.bounds()
        info, row, col = self.source.info, max(0, math.floor(y_min)), max(0, math.floor(x_min))
        return row, col, min(info.height_px, math.ceil(y_max)) - row, min(info.width_px, math.ceil(x_max)) - col

    def fitted(self, sigma_px: float) -> Surface:
        """The background of the film smoothed by this Gaussian."""
        mirror = self.mirror
        surface = fit_surface(
            read_level(self.source, mirror, *self.box, sigma_px),
            inside(self.region, *self.box),
            self.rim_px,
            self.background.k_sigma,
            self.background.peak_fraction,
            smoothing_sigma_px=sigma_px,
            left_out=inside_any(self.excluded, *self.box),
            seed=inside(self.drawn, *self.box) if self.seed_reach_px else None,
            name=self.region.id,
            row=self.box[0],
            col=self.box[1],
        )
        return replace(
            surface,
            seed_reach_px=self.seed_reach_px,
            mirror_down_px=mirror.down if mirror else None,
            mirror_sum_px=mirror.sum if mirror else None,
        )

    def outlined(self, steps: list[Surface]) -> tuple[Surface, float, float]:
        """The last of the surfaces, with clefts and outline where the recipe asks for them.

        Also by what its noise would have to be divided, and the radius in px of a disc of the area above half its peak.
        """
        surface, info, background = steps[-1], self.source.info, self.background
        if background.cleft_width is not None:
            fine = next((s for s in steps if s.sigma * _CLEFT_SIGMAS <= s.peak), surface)
            surface = replace(
                surface,
                cleft_radius_px=background.cleft_width.in_px(info.calibration, "background.cleft_width") / 2,
                cleft_smoothing_sigma_px=fine.smoothing_sigma_px,
                cleft_sigma=fine.sigma,
            )
        if background.edge_blur is None:
            return surface, 1.0, 0.0
        # A closing at the border of the region sees what lies beyond it, as it does when the pixels are classified.
        row, col, height, width = self.box
        reach = reach_px(surface.cleft_radius_px)
        top, left = max(0, row - reach), max(0, col - reach)
        bottom, right = min(info.height_px, row + height + reach), min(info.width_px, col + width + reach)
        box = (top, left, bottom - top, right - left)
        level = surface_at(surface, *box)
        closed = None
        if surface.cleft_radius_px:
            closing_px = closing_sigma_px(surface.cleft_radius_px, surface.smoothing_sigma_px)
            smooth = read_level(self.source, self.mirror, *box, closing_px)
            closed = filled(smooth - level, surface.cleft_radius_px)
        residual = read_level(self.source, self.mirror, *box, surface.smoothing_sigma_px) - level
        within = inside(self.region, *box) & ~inside_any(self.excluded, *box)
        if self.seed_reach_px:
            within &= grown(residual > CLEAR_SIGMA * surface.sigma, inside(self.drawn, *box))
        radius_px = math.sqrt(np.count_nonzero(residual[within] > 0.5 * surface.peak) / math.pi)
        blur_px = background.edge_blur.in_px(info.calibration, "background.edge_blur")
        return *with_outline(surface, residual, closed, within, blur_px), radius_px
