"""What grows from a click in its region of interest at one level: which pixels, and what it has run into."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.classes import CORE, MINERAL
from calcannot.pipeline.reach import gap_of, hanging_together
from calcannot.segment.above_background import classes_above
from calcannot.segment.polygons import inside, inside_any
from calcannot.segment.seeds import grown, region_around

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import Surface

Mask = npt.NDArray[np.bool_]

_CORNERS = 16


class Leak(StrEnum):
    """What a growth has run into."""

    NONE = "nothing"
    RIM = "the rim of its circle, which is background"
    FILM = "the edge of the film"
    EXCLUSION = "what is excluded"


@dataclass(frozen=True, eq=False)
class Growth:
    """A lesion that was grown from a click.

    Attributes
    ----------
    stroke
        The click: what is kept.
    surface
        Local background around it, and the level of the outline.
    mask
        Pixels of the lesion in the box of the region of interest, bool (height, width): those that a measurement of
        ``stroke`` gives, but for holes that the recipe fills.
    row, col
        Place of the box in the image.
    leak
        What the growth has run into.
    found
        The surface with the level that was found by itself.
    held
        Growth at that level ran out of the lesion, and was held by a higher one.
    """

    stroke: Stroke
    surface: Surface
    mask: Mask
    row: int
    col: int
    leak: Leak
    found: Surface
    held: bool = False

    @property
    def area_px(self) -> int:
        """Pixels of the lesion."""
        return int(np.count_nonzero(self.mask))

    def is_on(self, click: Stroke) -> bool:
        """Whether a click was on this lesion: then this growth takes its place."""
        return bool((inside(click, self.row, self.col, *self.mask.shape) & self.mask).any())


def growth_in(
    source: ImageSource, recipe: Recipe, stroke: Stroke, surface: Surface, found: Surface, excluded: tuple[Stroke, ...]
) -> Growth:
    """Growth from a stroke at the level of a surface.

    Parameters
    ----------
    found
        The surface with the level that was found by itself.
    excluded
        Where nothing grows.
    """
    box, mineral, _, out = _classified(source, stroke, surface, excluded)
    row, col = box[:2]
    core = (classes_above(source, (surface,), (stroke,), *box) & CORE) != 0
    mask = _of_size(grown(mineral, mineral & core), _least_px(source, recipe))
    return Growth(stroke, surface, mask, row, col, _leak(source, stroke, surface, mask, out, box), found)


def pieces_in(
    source: ImageSource, recipe: Recipe, stroke: Stroke, surface: Surface, excluded: tuple[Stroke, ...]
) -> list[npt.NDArray[np.float64]]:
    """A disc well inside each piece of what hangs together with a click across septa."""
    from scipy import ndimage

    box, mineral, core, _ = _classified(source, stroke, surface, excluded)
    whole = hanging_together(mineral, inside(stroke, *box), gap_of(recipe, source.info))
    least_px = _least_px(source, recipe)
    labels, _ = ndimage.label(whole, np.ones((3, 3)))
    depth = np.where(core, ndimage.distance_transform_edt(np.pad(whole, 1))[1:-1, 1:-1], 0.0)
    discs = []
    for piece, place in enumerate(ndimage.find_objects(labels), 1):
        own = labels[place] == piece
        inner = np.where(own, depth[place], 0.0)
        if np.count_nonzero(own) >= least_px and inner.max() > 0:
            row, col = np.unravel_index(int(inner.argmax()), inner.shape)
            row, col = int(row) + place[0].start + box[0], int(col) + place[1].start + box[1]
            discs.append(disc(row, col, max(1.0, float(inner.max()) / 2)))
    return discs


def disc(row: float, col: float, radius_px: float) -> npt.NDArray[np.float64]:
    """A ring of (x, y) from the image's corner, float64 (16, 2), around the middle of a pixel."""
    turn = np.arange(_CORNERS) * 2 * np.pi / _CORNERS
    centre = np.array([col + 0.5, row + 0.5])
    return np.round(centre + radius_px * np.stack([np.cos(turn), np.sin(turn)], axis=1), 3)


def _classified(
    source: ImageSource, stroke: Stroke, surface: Surface, excluded: tuple[Stroke, ...]
) -> tuple[tuple[int, int, int, int], Mask, Mask, Mask]:
    """Box of the region of interest, and in it: mineral, what proves it wherever it lies, and what is excluded."""
    assert stroke.reach_px is not None
    circle = region_around(stroke, stroke.reach_px)
    x_min, y_min, x_max, y_max = circle.bounds()
    row, col = max(0, math.floor(y_min)), max(0, math.floor(x_min))
    height = min(source.info.height_px, math.ceil(y_max)) - row
    width = min(source.info.width_px, math.ceil(x_max)) - col
    box = (row, col, height, width)
    classes = classes_above(source, (surface,), (circle,), *box)
    out = inside_any(excluded, *box)
    return box, ((classes & MINERAL) != 0) & ~out, (classes & CORE) != 0, out


def _least_px(source: ImageSource, recipe: Recipe) -> int:
    """Least area of a region in px, as the recipe is resolved."""
    least = recipe.cleanup.minimum_area if recipe.cleanup else None
    return 1 if least is None else math.ceil(least.in_px(source.info.calibration, "cleanup.minimum_area"))


def _of_size(mask: Mask, least_px: int) -> Mask:
    """A mask without its pieces of fewer pixels."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    enough = np.bincount(labels.ravel()) >= least_px
    enough[0] = False
    return np.asarray(enough[labels])


def _leak(
    source: ImageSource, stroke: Stroke, surface: Surface, mask: Mask, out: Mask, box: tuple[int, int, int, int]
) -> Leak:
    from scipy import ndimage

    assert stroke.reach_px is not None
    row, col, height, width = box
    x_min, y_min, x_max, y_max = stroke.bounds()
    rows, cols = np.nonzero(mask)
    away = np.hypot(rows + row + 0.5 - (y_min + y_max) / 2, cols + col + 0.5 - (x_min + x_max) / 2)
    if away.size and away.max() > stroke.reach_px - surface.rim_px:
        return Leak.RIM
    edges = (
        mask[0].any() and row == 0, mask[-1].any() and row + height == source.info.height_px,
        mask[:, 0].any() and col == 0, mask[:, -1].any() and col + width == source.info.width_px,
    )  # fmt: skip
    if any(edges):
        return Leak.FILM
    return Leak.EXCLUSION if (ndimage.binary_dilation(mask) & out).any() else Leak.NONE
