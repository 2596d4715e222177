"""Pieces of a film that may be letters: their size, their shape, and which of them belong together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Mask = npt.NDArray[np.bool_]

_LEAST_GLYPH_PX: Final = 5
_LEAST_TICK_PX: Final = 3  # at the edge of the image
_LARGEST_GLYPH_SHARE: Final = 0.15  # of the shorter side of the image
_MOST_PIECES: Final = 4000
_NEAR_EDGE_SHARE: Final = 0.08
_SOLID: Final = 0.8  # a letter fills less of its hull
_SLENDER: Final = 2.5
_REPEATED: Final = 4


class Box(NamedTuple):
    """Rows and columns, half open."""

    row: int
    col: int
    end_row: int
    end_col: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected piece; ``flat`` if it has one level throughout."""

    box: Box
    like_a_letter: bool
    flat: bool = True


def letter_sized_pieces(mask: Mask, least_px: int = _LEAST_GLYPH_PX) -> Iterator[tuple[Box, Mask, tuple[slice, slice]]]:
    """Boxes of the pieces of a mask that have the size of a letter, each with a margin of 4 px and the piece in it."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    largest = _LARGEST_GLYPH_SHARE * min(mask.shape)
    if count > _MOST_PIECES:
        areas = np.bincount(labels.ravel(), minlength=count + 1)
        labels[(areas < least_px * least_px)[labels]] = 0
    for number, found in enumerate(ndimage.find_objects(labels), 1):
        if found is None:
            continue
        box = Box(found[0].start, found[1].start, found[0].stop, found[1].stop)
        least = min(least_px, _LEAST_TICK_PX) if _touches_edge(box, mask.shape) else least_px
        if not least <= sides_of(box)[1] <= largest:
            continue
        around = np.s_[max(0, box.row - 4) : box.end_row + 4, max(0, box.col - 4) : box.end_col + 4]
        yield box, labels[around] == number, around


def with_ticks(pieces: list[Piece], faint: list[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """Pieces as large as a letter, and smaller ones of a size that comes several times: the ticks of a scale.

    Ticks of the same scale over a bright ground are among the ``faint``.
    """
    sizes = Counter(sides_of(piece.box) for piece in pieces)
    ticks = {size for size, count in sizes.items() if count >= _REPEATED}
    found = [piece for piece in pieces if sides_of(piece.box)[1] >= _LEAST_GLYPH_PX or sides_of(piece.box) in ticks]
    return found + [p for p in faint if sides_of(p.box) in ticks and _touches_edge(p.box, shape)]


def rings_round(piece: Mask, taken: Mask) -> tuple[Mask, Mask]:
    """Pixels next to a piece and the third from it, without those of other pieces."""
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(~piece)
    return (distance > 0) & (distance < 1.5) & ~taken, (distance >= 2.5) & (distance < 3.5) & ~taken


def is_like_a_letter(piece: Mask) -> bool:
    """Whether a piece has holes, fills little of its hull, or is a stroke."""
    from skimage.measure import label, regionprops

    regions = regionprops(label(piece, connectivity=2))
    if not regions:
        return False
    largest = max(regions, key=lambda region: region.area)
    rows, cols = largest.bbox[2] - largest.bbox[0], largest.bbox[3] - largest.bbox[1]
    if min(rows, cols) < 2:
        return False
    return bool(
        largest.area_filled > 1.08 * largest.area
        or largest.solidity < _SOLID
        or largest.axis_major_length > _SLENDER * max(largest.axis_minor_length, 1.0)
    )


def joined(pieces: list[Piece], shape: tuple[int, ...]) -> list[tuple[Box, list[Piece]]]:
    """Pieces nearer to another than the larger of the two is long, and the box of each group with pixels to spare."""
    from scipy.sparse.csgraph import connected_components

    if not pieces:
        return []
    boxes = np.array([piece.box for piece in pieces])
    reach = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    near = np.empty((len(boxes), len(boxes)), np.bool_)
    for number, box in enumerate(boxes):  # row by row: distances of all pairs at once would take gigabytes
        gaps = np.maximum(boxes[:, :2], box[:2]) - np.minimum(boxes[:, 2:], box[2:])
        near[number] = gaps.max(axis=1) <= np.maximum(reach, reach[number])
    count, group = connected_components(near, directed=False)
    spare = max(2, min(shape[:2]) // 250)
    found = []
    for number in range(count):
        first, last = boxes[group == number, :2].min(axis=0) - spare, boxes[group == number, 2:].max(axis=0) + spare
        box = Box(*(int(edge) for edge in (*np.maximum(first, 0), *np.minimum(last, shape[:2]))))
        found.append((box, [piece for piece, own in zip(pieces, group, strict=True) if own == number]))
    return found


def _touches_edge(box: Box, shape: tuple[int, ...]) -> bool:
    return box.row == 0 or box.col == 0 or box.end_row == shape[0] or box.end_col == shape[1]


def sides_of(box: Box) -> tuple[int, int]:
    """Its sides, however it lies."""
    sides = sorted((box.end_row - box.row, box.end_col - box.col))
    return sides[0], sides[1]


def is_text(group: list[Piece], shape: tuple[int, ...], sizes: Mapping[tuple[int, int], int]) -> bool:
    """Whether pieces with sharp edges are writing: two letters or more, or one near the edge of the image."""
    letters = [piece for piece in group if piece.like_a_letter]
    if len(letters) > 1:
        return True
    # Nothing that grew comes several times in the same size to the pixel: these are the ticks of a scale.
    if all(sizes[sides_of(piece.box)] >= _REPEATED for piece in group):
        return True
    near = _NEAR_EDGE_SHARE * min(shape[:2])
    return any(
        min(piece.box.row, piece.box.col, shape[0] - piece.box.end_row, shape[1] - piece.box.end_col) <= near
        for piece in letters
    )
