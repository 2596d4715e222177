"""Letters and objects on a film that are no part of the patient: burned-in text and markers of lead.

Mineral lies in the body, so what stands alone in the air beside it is none. Text that a computer wrote has one value
and edges of one pixel, which no shadow has. What fulfils only part of this is told and left where it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Mask = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

TEXT: Final = "text"
LEAD: Final = "marker"
DOUBT: Final = "doubt"

_LEAST_GLYPH_PX: Final = 5
_LARGEST_GLYPH_SHARE: Final = 0.15  # of the shorter side of the image
_MOST_PIECES: Final = 4000
_MOST_SATURATED_SHARE: Final = 0.05  # more of the top value than this is a wrong exposure, not text
_STEP_SHARE: Final = 0.25
_NEAR_EDGE_SHARE: Final = 0.08
_SOLID: Final = 0.8  # a letter fills less of its hull
_SLENDER: Final = 2.5
_REPEATED: Final = 4
_AIR_SHARE: Final = 0.02
_AIR_TOLERANCE: Final = 0.10  # of the distance from the air's level to the densest
_HAZE_TOLERANCE: Final = 0.30  # a letter on a plate, or in scattered light: or mineral in a thin fold of skin
_RING_AIR_SHARE: Final = 0.95
_MARKER_CONTRAST: Final = 0.3
_LEAST_DOUBT_SHARE: Final = 0.03
_EVEN_SHARE: Final = 0.2  # of a letter's contrast, between the quarters of its pixels
_COARSE_SIDE: Final = 768


class Box(NamedTuple):
    """Rows and columns, half open."""

    row: int
    col: int
    end_row: int
    end_col: int


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that is no part of the patient (``TEXT``, ``LEAD``), or may be none (``DOUBT``)."""

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class _Piece:
    box: Box
    like_a_letter: bool
    flat: bool = True


def find_markers(grey: npt.NDArray[Any], ignored: Mask) -> list[Marker]:
    """Look for text and markers.

    Parameters
    ----------
    grey
        Pixels with denser brighter, shape (height, width).
    ignored
        Where not to look: bool (height, width).
    """
    if ignored.all():
        return []
    low, top = float(np.percentile(grey[~ignored], 1)), float(grey[~ignored].max())
    if top <= low:
        return []
    pieces = _burned_in(grey, ignored, low, top)
    sizes = Counter(_size(piece.box) for piece in pieces)
    found = [
        Marker(TEXT if _is_text(group, grey.shape, sizes) else DOUBT, box) for box, group in _joined(pieces, grey.shape)
    ]
    for box, group in _joined(_alone_in_air(grey, _without(ignored, found), low, top, _AIR_TOLERANCE), grey.shape):
        letters = len(group) > 1 or any(piece.like_a_letter for piece in group)
        found.append(Marker(LEAD if letters else DOUBT, box))
    least = _LEAST_DOUBT_SHARE * min(grey.shape)
    for piece in _alone_in_air(grey, _without(ignored, found), low, top, _HAZE_TOLERANCE):
        if piece.like_a_letter and piece.flat and max(_size(piece.box)) >= least:
            found.append(Marker(DOUBT, piece.box))
    return sorted(found, key=lambda marker: marker.box)


def _without(ignored: Mask, found: list[Marker]) -> Mask:
    taken = ignored.copy()
    for marker in found:
        taken[marker.box.row : marker.box.end_row, marker.box.col : marker.box.end_col] = True
    return taken


def _burned_in(grey: npt.NDArray[Any], ignored: Mask, low: float, top: float) -> list[_Piece]:
    """Pieces of the highest value with steps of one pixel round them."""
    mask = (grey == top) & ~ignored
    if not mask.any() or mask.mean() > _MOST_SATURATED_SHARE:
        return []
    pieces = []
    for box, piece, around in _pieces(mask):
        values = grey[around].astype(np.float64)
        near, far = _rings(piece, mask[around])
        if not (near.any() and far.any()):
            continue
        beside, beyond = float(np.median(values[near])), float(np.median(values[far]))
        drop = top - beside
        if drop >= _STEP_SHARE * (top - low) and beside - beyond <= _STEP_SHARE * drop:
            pieces.append(_Piece(box, _like_a_letter(piece)))
    return pieces


def _alone_in_air(grey: npt.NDArray[Any], ignored: Mask, low: float, top: float, tolerance: float) -> list[_Piece]:
    """Dense pieces with nothing but air round them, or what differs from air by no more than the tolerance."""
    from scipy import ndimage

    step = max(1, min(grey.shape) // _COARSE_SIDE)
    rows, cols = grey.shape[0] // step, grey.shape[1] // step
    cut = np.s_[: rows * step, : cols * step]
    coarse = grey[cut].reshape(rows, step, cols, step).mean(axis=(1, 3), dtype=np.float64)
    out: Mask = np.asarray(ignored[cut].reshape(rows, step, cols, step).any(axis=(1, 3)))
    air_level = _air_level(coarse, out, low, top)
    if air_level is None:
        return []
    air = ~out & (coarse <= air_level + tolerance * (top - air_level))
    labels, count = ndimage.label(air)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    large = np.bincount(labels.ravel(), minlength=count + 1) >= _AIR_SHARE * labels.size
    keep = np.zeros(count + 1, np.bool_)
    keep[border[border > 0]] = True
    air = (keep & large)[labels]
    pieces = []
    for box, piece, around in _pieces(~air & ~out, least_px=2):
        wide = ndimage.binary_dilation(np.pad(piece, 1), np.ones((3, 3)), iterations=3)[1:-1, 1:-1] & ~piece
        if not wide.any() or air[around][wide].mean() < _RING_AIR_SHARE:
            continue
        full = Box(*(edge * step for edge in box))
        inside = grey[full.row : full.end_row, full.col : full.end_col].astype(np.float64)
        peak = float(np.percentile(inside, 95))
        if peak - air_level < _MARKER_CONTRAST * (top - air_level):
            continue
        letter = inside >= (peak + air_level) / 2
        spread = float(np.subtract(*np.percentile(inside[letter], (75, 25))))
        pieces.append(_Piece(full, _like_a_letter(letter), spread <= _EVEN_SHARE * (peak - air_level)))
    return pieces


def _air_level(coarse: Float, out: Mask, low: float, top: float) -> float | None:
    """Level of the air at the border of the film: the lowest that many of its outer pixels share; None for no air."""
    frame = np.zeros(coarse.shape, np.bool_)
    width = max(1, min(coarse.shape) // 50)
    frame[:width] = frame[-width:] = frame[:, :width] = frame[:, -width:] = True
    outer = coarse[frame & ~out]
    if outer.size == 0:
        return None
    counts, edges = np.histogram(np.clip(outer, low, top), bins=32, range=(low, top))
    common = np.flatnonzero(counts >= 0.1 * outer.size)
    # What many outer pixels share is air only where it is darker than most of the film's range.
    if common.size == 0 or common[0] > 12:
        return None
    here = (outer >= edges[common[0]]) & (outer <= edges[common[0] + 1])
    return float(np.median(outer[here])) if here.any() else low


def _pieces(mask: Mask, least_px: int = _LEAST_GLYPH_PX) -> Iterator[tuple[Box, Mask, tuple[slice, slice]]]:
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
        height, width = (part.stop - part.start for part in found)
        if max(height, width) < least_px or max(height, width) > largest:
            continue
        box = Box(found[0].start, found[1].start, found[0].stop, found[1].stop)
        around = np.s_[max(0, box.row - 4) : box.end_row + 4, max(0, box.col - 4) : box.end_col + 4]
        yield box, labels[around] == number, around


def _rings(piece: Mask, taken: Mask) -> tuple[Mask, Mask]:
    """Pixels next to a piece and the third from it, without those of other pieces."""
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(~piece)
    return (distance > 0) & (distance < 1.5) & ~taken, (distance >= 2.5) & (distance < 3.5) & ~taken


def _like_a_letter(piece: Mask) -> bool:
    """Whether a piece has holes, fills little of its hull, or is a stroke."""
    from skimage.measure import label, regionprops

    regions = regionprops(label(piece, connectivity=2))  # type: ignore[no-untyped-call]
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


def _joined(pieces: list[_Piece], shape: tuple[int, ...]) -> list[tuple[Box, list[_Piece]]]:
    """Pieces nearer to each other than a letter is high, and the box of each group with some pixels to spare."""
    groups: list[tuple[Box, list[_Piece]]] = []
    for piece in sorted(pieces, key=lambda each: each.box):
        box, members = piece.box, [piece]
        again = True
        while again:
            again = False
            for group in list(groups):
                if _near(box, group[0]):
                    groups.remove(group)
                    box, members, again = _around(box, group[0]), members + group[1], True
        groups.append((box, members))
    spare = max(2, min(shape[:2]) // 250)
    return [
        (
            Box(
                max(0, box.row - spare), max(0, box.col - spare),
                min(shape[0], box.end_row + spare), min(shape[1], box.end_col + spare),
            ),
            members,
        )
        for box, members in groups
    ]  # fmt: skip


def _near(one: Box, other: Box) -> bool:
    reach = max(one.end_row - one.row, one.end_col - one.col, other.end_row - other.row, other.end_col - other.col)
    rows = max(one.row, other.row) - min(one.end_row, other.end_row)
    cols = max(one.col, other.col) - min(one.end_col, other.end_col)
    return max(rows, cols) <= reach


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.row, other.row), min(one.col, other.col),
        max(one.end_row, other.end_row), max(one.end_col, other.end_col),
    )  # fmt: skip


def _size(box: Box) -> tuple[int, int]:
    """Its sides, however it lies."""
    sides = sorted((box.end_row - box.row, box.end_col - box.col))
    return sides[0], sides[1]


def _is_text(group: list[_Piece], shape: tuple[int, ...], sizes: Mapping[tuple[int, int], int]) -> bool:
    """Whether pieces with sharp edges are writing: two letters or more, or one near the edge of the image."""
    letters = [piece for piece in group if piece.like_a_letter]
    if len(letters) > 1:
        return True
    # Nothing that grew comes several times in the same size to the pixel: these are the ticks of a scale.
    if all(sizes[_size(piece.box)] >= _REPEATED for piece in group):
        return True
    near = _NEAR_EDGE_SHARE * min(shape[:2])
    return any(
        min(piece.box.row, piece.box.col, shape[0] - piece.box.end_row, shape[1] - piece.box.end_col) <= near
        for piece in letters
    )
