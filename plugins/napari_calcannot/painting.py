"""What a hand does with a tool, as strokes. Pixels count (row, column), strokes (x, y) from the image's corner."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.segment.polygons import inside
from napari_calcannot.boxes import Box, box_of
from napari_calcannot.outlines import polygons_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Mask = npt.NDArray[np.bool_]
Ring = npt.NDArray[np.float64]

_SEGMENTS = 8  # of a quarter circle: within 0.5 % of the radius
_SIMPLIFIED_PX = 0.05
LARGEST_FILL_PX = 16_000_000


@dataclass(frozen=True, slots=True)
class Hand:
    """Who draws."""

    author: str = ""

    def stroke(self, kind: StrokeKind, rings: Sequence[Ring], *, reason: str = "", name: str = "") -> Stroke:
        """A stroke of now."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Stroke(str(uuid.uuid4()), kind, tuple(rings), reason, name, self.author, now)


def brush_rings(path: npt.NDArray[np.float64], radius_px: float) -> tuple[Ring, ...]:
    """Outline of what a round brush touches on its way.

    Parameters
    ----------
    path
        float64 (n, 2) in (x, y); one point is a dab.
    """
    from shapely import LineString, Point

    line = Point(path[0]) if len(path) == 1 or not np.ptp(path, axis=0).any() else LineString(path)
    touched = line.buffer(radius_px, quad_segs=_SEGMENTS).simplify(_SIMPLIFIED_PX)
    return tuple(np.array(ring.coords[:-1], np.float64) for ring in (touched.exterior, *touched.interiors))


def lasso_rings(path: npt.NDArray[np.float64]) -> list[tuple[Ring, ...]]:
    """Outlines of what a freehand line encloses; one that crosses itself encloses several pieces.

    Raises
    ------
    AnnotationError
        If it encloses nothing.
    """
    from shapely import Polygon, make_valid

    shape = make_valid(Polygon(path)) if len(path) >= 3 else None
    parts = [] if shape is None else getattr(shape, "geoms", [shape])
    rings = [
        tuple(np.array(ring.coords[:-1], np.float64) for ring in (part.exterior, *part.interiors))
        for whole in parts
        for part in getattr(whole, "geoms", [whole])
        if part.geom_type == "Polygon" and part.area > 0
    ]
    if not rings:
        raise AnnotationError("the line encloses nothing", remedy="draw around the place")
    return rings


def bounded(
    rings: Sequence[tuple[Ring, ...]], allowed: Callable[[Box], Mask], size: tuple[int, int]
) -> list[tuple[Ring, ...]]:
    """The part of some outlines whose pixels are allowed, as outlines along pixel edges.

    Parameters
    ----------
    allowed
        Gives the pixels of a box that may be painted.
    size
        Rows and columns of the image.
    """
    kept: list[tuple[Ring, ...]] = []
    for each in rings:
        stroke = Stroke("", StrokeKind.ADD, each)
        box = box_of(stroke, *size)
        if box is not None:
            kept += polygons_of(inside(stroke, box.row, box.col, *box.shape) & allowed(box), box.row, box.col)
    return kept


def gap_rings(row: int, col: int, mask: Callable[[Box], Mask], size: tuple[int, int]) -> list[tuple[Ring, ...]]:
    """Outline of the gap in the mask that a pixel lies in.

    Raises
    ------
    AnnotationError
        If the pixel is mineral already, or nothing encloses it.
    """
    from scipy import ndimage

    pad = 128
    while True:
        box = Box(row, col, row + 1, col + 1).padded(pad, *size)
        if box.shape[0] * box.shape[1] > LARGEST_FILL_PX:
            raise AnnotationError("no mineral encloses this place", remedy="draw around it instead")
        labels, _ = ndimage.label(~mask(box))
        number = labels[row - box.row, col - box.col]
        if number == 0:
            raise AnnotationError("this place is mineral already", remedy="click into a gap")
        gap = labels == number
        rows, cols = np.flatnonzero(gap.any(axis=1)), np.flatnonzero(gap.any(axis=0))
        row_0, col_0 = int(rows[0]) + box.row, int(cols[0]) + box.col
        found = Box(row_0, col_0, int(rows[-1]) + 1 + box.row, int(cols[-1]) + 1 + box.col)
        if not Box(0, 0, *size).holds(found):
            raise AnnotationError("no mineral encloses this place", remedy="draw around it instead")
        if box.holds(found):
            return polygons_of(gap, box.row, box.col)
        pad *= 2


def pixel_ring(row: int, col: int) -> Ring:
    """The square of one pixel: a mark on the region that it lies in."""
    return np.array([[col, row], [col + 1, row], [col + 1, row + 1], [col, row + 1]], np.float64)
