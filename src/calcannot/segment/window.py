"""Decide every pixel of a box: the one place where a resolved recipe and the strokes meet pixels."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.model.classes import ADDED, CORE, EDGE, MINERAL, MINERAL_HIGH, MINERAL_LOW, REFERENCE, REJECTED
from calcannot.segment.above_background import classes_above
from calcannot.segment.allowed import AllowedArea, Corrections, with_exclusions
from calcannot.segment.channels import Channel, Pixels, channel_of
from calcannot.segment.cleanup import fill_small_holes, inner_edge, open_mask
from calcannot.segment.colour_table import (
    COLOURS,
    GREY_LEVELS,
    LevelScale,
    colours_with_red,
    compile_greys,
    empty_cubes,
    level_scale,
    look_up_colours,
)
from calcannot.segment.polygons import inside
from calcannot.segment.rule_table import ColourTables, colours_within, levels_of_colours
from calcannot.segment.seeds import with_regions
from calcannot.segment.smoothing import read_smoothed

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.model.resolved import ResolvedRecipe, ResolvedRule

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int32]

_MASK_BITS = (MINERAL, MINERAL_LOW, MINERAL_HIGH)
_WIDENED = (0.0, -1.0, 1.0)


@dataclass(slots=True)
class WindowClassifier:
    """Classifies boxes of one image. Compiled once, then read from several threads.

    Parameters
    ----------
    info
        Of the image.
    recipe
        Resolved for this image.
    annotations
        Regions of interest, exclusions and corrections.
    few_pixels
        True where much less than a slide will be asked for: no table is compiled then for a rule on bytes of the image.
    """

    info: ImageInfo
    recipe: ResolvedRecipe
    annotations: Annotations
    few_pixels: bool = False
    scale: LevelScale = field(init=False)
    allowed: AllowedArea = field(init=False)
    corrections: Corrections = field(init=False)
    _channel: Channel = field(init=False)
    _greys: Bytes | None = field(init=False, default=None)
    _first_grey: int = field(init=False, default=0)
    _colours: ColourTables | None = field(init=False, default=None)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.annotations = with_exclusions(self.info, self.annotations)
        # Where lesions are grown from clicks, the region of interest is as far as they can reach.
        self.allowed = AllowedArea(with_regions(self.annotations, self.recipe.surfaces))
        self.corrections = Corrections(self.annotations)
        spec = self.recipe.rules[0].channel if self.recipe.rules else _any_channel(self.info)
        self._channel = channel_of(spec, self.info)
        self.scale = level_scale(self._channel)
        # Where the background depends on the place no table holds the rule.
        if not self.recipe.surfaces and self.info.channels == 1 and self.info.dtype in ("uint8", "uint16", "int16"):
            self._first_grey = -GREY_LEVELS // 2 if self.info.dtype == "int16" else 0
            self._greys = compile_greys(self._rule_bits, self._first_grey)

    @property
    def counts_colours(self) -> bool:
        """Whether a colour says if its pixel is of the reference area; every pixel is where it does not."""
        return self.recipe.tissue_at_most is not None

    @property
    def colour_tables(self) -> ColourTables | None:
        """Tables that decide pixels that are not drawn on, or None where neighbours matter or it would cost more."""
        by_colour = self._is_byte_colour and not (self.recipe.halo_px or self.recipe.smoothing_sigma_px)
        return self._compiled_colours() if by_colour and (self._needs_tables or not self.annotations.strokes) else None

    @property
    def _is_byte_colour(self) -> bool:
        return self.info.channels == 3 and self.info.dtype == "uint8" and not self.recipe.surfaces

    @property
    def _is_of_bytes(self) -> bool:
        """Whether the rule compares bytes of a pixel and nothing computed from them."""
        return all(channel_of(r.channel, self.info).is_integer for r in (*self.recipe.rules, *self.recipe.or_rules))

    @property
    def _needs_tables(self) -> bool:
        """Whether looking colours up is less work than applying the rule to pixels, or the only exact way."""
        is_small = self.few_pixels or self.info.height_px * self.info.width_px < COLOURS
        return not (is_small and self._is_of_bytes)

    def _compiled_colours(self) -> ColourTables:
        with self._lock:
            if self._colours is None:
                levels = levels_of_colours(self._channel)
                classes = self._classes_of_bytes() if self._is_of_bytes else self._classes_of_levels()
                self._colours = ColourTables(classes, levels, empty_cubes(classes))
            return self._colours

    def _classes_of_bytes(self) -> Bytes:
        """Class of each of 2^24 colours, a part at a time: tables of each bound would take 100 MiB."""
        classes = np.empty((256, 256, 256), np.uint8)
        for red in range(256):
            classes[red] = self._rule_bits(colours_with_red(red))
        if not self.counts_colours:
            classes &= ~np.uint8(REFERENCE)
        return classes.reshape(-1)

    def _classes_of_levels(self) -> Bytes:
        """The same of channels that are slow to compute, by their levels."""
        classes = np.zeros(COLOURS, np.uint8)
        if self.recipe.found:
            for bit, widen in zip(_MASK_BITS, _WIDENED, strict=True):
                rules, or_rules = (
                    tuple(rule.widened(widen) for rule in each) for each in (self.recipe.rules, self.recipe.or_rules)
                )
                mask = colours_within(rules, self.info, np.ones(COLOURS, np.bool_), every=True)
                classes[colours_within(or_rules, self.info, mask, every=False)] |= bit
        if self.recipe.tissue_at_most is not None:
            glass = levels_of_colours(channel_of("glass", self.info))
            classes[(glass <= self.recipe.tissue_at_most) | (classes & MINERAL != 0)] |= REFERENCE
        return classes

    def classify(self, source: ImageSource, row: int, col: int, height: int, width: int) -> tuple[Bytes, Levels]:
        """Class bits and channel levels of a box.

        Returns
        -------
        classes
            uint8 (height, width), bits of ``calcannot.model.classes``.
        levels
            int32 (height, width); defined where a pixel has a class, elsewhere any number.
        """
        halo = self.recipe.halo_px
        r0, c0 = max(0, row - halo), max(0, col - halo)
        r1 = min(self.info.height_px, row + height + halo)
        c1 = min(self.info.width_px, col + width + halo)
        pixels = read_smoothed(source, r0, c0, r1 - r0, c1 - c0, self.recipe.smoothing_sigma_px)
        classes, levels = self._by_rule(pixels)
        if self.recipe.surfaces:
            box = (r0, c0, r1 - r0, c1 - c0)
            classes = classes_above(source, self.recipe.surfaces, self.annotations.regions, *box)
        borders = {
            "top": r0 == 0, "left": c0 == 0, "bottom": r1 == self.info.height_px, "right": c1 == self.info.width_px,
        }  # fmt: skip
        if self.recipe.fill_holes_px or self.recipe.open_radius_px:
            classes = self._cleaned(classes, borders)
            levels = self.scale.to_levels(self._channel.values(pixels))
        core = np.s_[row - r0 : row - r0 + height, col - c0 : col - c0 + width]
        classes, levels = np.ascontiguousarray(classes[core]), np.ascontiguousarray(levels[core])
        if self.annotations.strokes:
            classes = self._drawn(classes, row, col)
            if self.annotations.of(StrokeKind.ADD):
                levels = self.scale.to_levels(self._channel.values(pixels[core]))
        return classes, levels

    def _rule_bits(self, pixels: Pixels) -> Bytes:
        """Class of pixels by the rule alone, whatever their place."""
        bits = np.zeros(pixels.shape[:2], np.uint8)
        if self.recipe.found:
            for bit, widen in zip(_MASK_BITS, _WIDENED, strict=True):
                bits[self._holds(pixels, widen)] |= bit
        if self.recipe.tissue_at_most is not None:
            glass = channel_of("glass", self.info).values(pixels)
            bits[(glass <= self.recipe.tissue_at_most) | (bits & MINERAL != 0)] |= REFERENCE
        else:
            bits |= REFERENCE
        return bits

    def _holds(self, pixels: Pixels, widen: float) -> Mask:
        mask = np.ones(pixels.shape[:2], np.bool_)
        for rule in self.recipe.rules:
            mask &= _within(channel_of(rule.channel, self.info).values(pixels), rule.widened(widen))
        for rule in self.recipe.or_rules:
            mask |= _within(channel_of(rule.channel, self.info).values(pixels), rule.widened(widen))
        return mask

    def _by_rule(self, pixels: Pixels) -> tuple[Bytes, Levels]:
        if self._is_byte_colour and not self._needs_tables:
            return self._rule_bits(pixels), self.scale.to_levels(self._channel.values(pixels))
        if self._is_byte_colour:
            tables = self._compiled_colours()
            classes = np.empty(pixels.shape[:2], np.uint8)
            levels = np.empty(pixels.shape[:2], np.int32)
            look_up_colours(np.ascontiguousarray(pixels), tables.classes, tables.levels, classes, levels)
            return classes if self.counts_colours else classes | np.uint8(REFERENCE), levels
        if self._greys is not None:
            levels = pixels.astype(np.int32)
            return self._greys[levels - self._first_grey], levels
        classes = self._rule_bits(pixels)
        if self.recipe.core_at_least is not None:
            classes[pixels > self.recipe.core_at_least] |= CORE
        return classes, self.scale.to_levels(self._channel.values(pixels))

    def _cleaned(self, classes: Bytes, borders: dict[str, bool]) -> Bytes:
        cleaned = classes & ~np.uint8(MINERAL | MINERAL_LOW | MINERAL_HIGH)
        for bit in _MASK_BITS:
            mask = fill_small_holes((classes & bit) != 0, self.recipe.fill_holes_px, **borders)
            mask = open_mask(mask, self.recipe.open_radius_px, **borders)
            cleaned[mask] |= bit
        if self.recipe.reference == "tissue":
            cleaned[(cleaned & MINERAL) != 0] |= REFERENCE
        return cleaned

    def _drawn(self, classes: Bytes, row: int, col: int) -> Bytes:
        """Apply strokes in order, then leave nothing outside the regions of interest or inside an exclusion."""
        box = (row, col, *classes.shape)
        for stroke in self.annotations.of(StrokeKind.ADD, StrokeKind.ERASE):
            touched = inside(stroke, *box)
            if stroke.kind is StrokeKind.ADD:
                classes[touched] |= MINERAL | MINERAL_LOW | MINERAL_HIGH | REFERENCE | ADDED
            else:
                classes[touched] &= ~np.uint8(MINERAL | MINERAL_LOW | MINERAL_HIGH | ADDED)
        for stroke in self.annotations.of(StrokeKind.REJECT):
            classes[inside(stroke, *box)] |= REJECTED
        if not self.annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE):
            return classes
        # One pixel more on each side tells where the allowed area ends.
        height, width = classes.shape
        wide = self.allowed.mask(row - 1, col - 1, height + 2, width + 2)
        classes[inner_edge(wide)[1:-1, 1:-1]] |= EDGE
        classes[~wide[1:-1, 1:-1]] = 0
        return classes


def _any_channel(info: ImageInfo) -> str:
    return "value" if info.channels == 3 else "intensity"


def _within(values: Pixels, rule: ResolvedRule) -> Mask:
    mask = np.ones(values.shape, np.bool_)
    if rule.above is not None:
        mask &= values > rule.above
    if rule.at_least is not None:
        mask &= values >= rule.at_least
    if rule.at_most is not None:
        mask &= values <= rule.at_most
    return mask
