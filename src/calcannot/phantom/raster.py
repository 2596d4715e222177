"""Rasters of outlines: by pixel centre, and by the fraction of each pixel that is covered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calcannot.phantom.shape import Bools, Floats, Shape, Union

if TYPE_CHECKING:
    from collections.abc import Sequence

SUPERSAMPLE = 16
_SMALL_PX = 48  # boxes up to this side are supersampled whole; larger ones along their edge only


def centre_mask(shapes: Sequence[Shape], size_px: tuple[int, int]) -> Bools:
    """Pixels whose centre lies inside any of the shapes, shape (height, width)."""
    mask: Bools = np.zeros(size_px, dtype=bool)
    for shape in shapes:
        rows, cols = _box(shape, size_px)
        if rows.size and cols.size:
            window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
            mask[window] |= shape.contains(rows[:, None].astype(float), cols[None, :].astype(float))
    return mask


def coverage(shapes: Sequence[Shape], size_px: tuple[int, int], supersample: int = SUPERSAMPLE) -> Floats:
    """Fraction of each pixel that the union of the shapes covers.

    Parameters
    ----------
    shapes
        May overlap and may reach beyond the image.
    size_px
        Height and width of the raster.
    supersample
        Points a side in each pixel. Pixels away from an edge are not subdivided; only features of large shapes thinner
        than a pixel could be missed by that.

    Returns
    -------
    ndarray of float64, shape (height, width)
        Between 0 and 1; its sum is the covered area in px².
    """
    offsets = (np.arange(supersample) + 0.5) / supersample - 0.5
    union = Union(tuple(shapes))
    touched: Bools = np.zeros(size_px, dtype=bool)
    for shape in shapes:
        rows, cols = _box(shape, size_px)
        if not (rows.size and cols.size):
            continue
        window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        if max(rows.size, cols.size) <= _SMALL_PX:
            touched[window] = True
            continue
        inside = shape.contains(rows[:, None].astype(float), cols[None, :].astype(float))
        touched[window] |= ndimage.binary_dilation(inside, iterations=2) & ~ndimage.binary_erosion(inside, iterations=2)
    covered = centre_mask(shapes, size_px).astype(np.float64)
    edge = np.argwhere(touched)
    sub_rows, sub_cols = np.meshgrid(offsets, offsets, indexing="ij")
    for start in range(0, len(edge), 8192):
        part = edge[start : start + 8192]
        rows_px, cols_px = part[:, :1] + sub_rows.ravel(), part[:, 1:] + sub_cols.ravel()
        covered[part[:, 0], part[:, 1]] = _near(union, part, rows_px, cols_px)
    return covered


def _near(union: Union, pixels: npt.NDArray[np.intp], rows_px: Floats, cols_px: Floats) -> Floats:
    """Mean over the points of each pixel, asking only the shapes that come near it."""
    inside: Bools = np.zeros(rows_px.shape, dtype=bool)
    for shape in union.parts:
        near = np.hypot(pixels[:, 0] - shape.row_px, pixels[:, 1] - shape.col_px) <= shape.reach_px + 1
        if near.any():
            inside[near] |= shape.contains(rows_px[near], cols_px[near])
    return np.asarray(inside.mean(axis=1), dtype=np.float64)


def _box(shape: Shape, size_px: tuple[int, int]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column numbers of the pixels that the shape can touch, with two pixels around."""
    spans = []
    for centre, size in zip((shape.row_px, shape.col_px), size_px, strict=True):
        first = max(0, math.floor(centre - shape.reach_px) - 2)
        last = min(size, math.ceil(centre + shape.reach_px) + 3)
        spans.append(np.arange(first, max(first, last)))
    return spans[0], spans[1]


def level_coverage(field: Floats, supersample: int = SUPERSAMPLE) -> Floats:
    """Fraction of each pixel where a field, bilinear between pixel centres, is above 0.

    Parameters
    ----------
    field
        Values at pixel centres, shape (height, width); beyond the outer centres the nearest value holds.
    supersample
        Points a side in each pixel that the zero level may cross.

    Returns
    -------
    ndarray of float64, shape (height, width)
        Between 0 and 1; its sum is the area in px².
    """
    above = field > 0
    covered = above.astype(np.float64)
    near = np.ones((3, 3), dtype=bool)
    crossed = ndimage.binary_dilation(above, near) & ~ndimage.binary_erosion(above, near, border_value=1)
    edge = np.argwhere(crossed)
    padded = np.pad(field, 1, mode="edge")
    offsets = (np.arange(supersample) + 0.5) / supersample - 0.5
    # Weights of the pixel before, the pixel itself and the one after, for each point along one axis.
    weights = np.stack([np.maximum(-offsets, 0), 1 - np.abs(offsets), np.maximum(offsets, 0)], axis=1)
    for start in range(0, len(edge), 8192):
        part = edge[start : start + 8192]
        square = np.stack([[padded[part[:, 0] + i, part[:, 1] + j] for j in range(3)] for i in range(3)])
        points = np.einsum("ai,ijn,bj->nab", weights, square, weights, optimize=True)
        covered[part[:, 0], part[:, 1]] = (points > 0).mean(axis=(1, 2))
    return covered
