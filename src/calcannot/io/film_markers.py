"""Letters and objects on a film that are no part of the patient: burned-in text and markers of lead.

Mineral lies in the body, so what stands alone in the air beside it is none. Text that a computer wrote has one value
and edges of one pixel, which no shadow has. What fulfils only part of this is told and left where it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.io.glyphs import (
    Box,
    Piece,
    is_like_a_letter,
    is_text,
    joined,
    letter_sized_pieces,
    rings_round,
    sides_of,
    with_ticks,
)

Mask = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

TEXT: Final = "text"
LEAD: Final = "marker"
FRAME: Final = "frame"
DOUBT: Final = "doubt"

_MOST_SATURATED_SHARE: Final = 0.05  # more of the top value than this is a wrong exposure, not text
_STEP_SHARE: Final = 0.25
_AIR_SHARE: Final = 0.02
_AIR_TOLERANCE: Final = 0.10  # of the distance from the air's level to the densest
_HAZE_TOLERANCE: Final = 0.30  # a letter on a plate, or in scattered light: or mineral in a thin fold of skin
_RING_AIR_SHARE: Final = 0.95
_MARKER_CONTRAST: Final = 0.3
_LEAST_DOUBT_SHARE: Final = 0.03
_EVEN_SHARE: Final = 0.2  # of a letter's contrast, between the quarters of its pixels
_COARSE_SIDE: Final = 768
_MOST_FRAME_SHARE: Final = 0.75
_AS_BRIGHT: Final = 0.1  # as a frame, of the distance from the air's level to the frame's
_HALF_AS_BRIGHT: Final = 0.5  # most of the piece, at least: flesh round a bone is not


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that is no part of the patient, or may be none (``DOUBT``).

    Of the kind ``FRAME`` are corners, which its straight strips leave.
    """

    kind: str
    box: Box


def find_markers(grey: npt.NDArray[Any], ignored: Mask, frame: Mask | None = None) -> list[Marker]:
    """Look for text and markers.

    Parameters
    ----------
    grey
        Pixels with denser brighter, shape (height, width).
    ignored
        Where not to look: bool (height, width).
    frame
        Of unexposed film, a part of ``ignored``: what was written on it may reach into the air.
    """
    if ignored.all():
        return []
    low, top = float(np.percentile(grey[~ignored], 1)), float(grey[~ignored].max())
    if top <= low:
        return []
    pieces = _burned_in(grey, ignored, low, top)
    sizes = Counter(sides_of(piece.box) for piece in pieces)
    found = [
        Marker(TEXT if is_text(group, grey.shape, sizes) else DOUBT, box) for box, group in joined(pieces, grey.shape)
    ]
    if frame is None or not frame.any():
        frame = np.zeros(grey.shape, np.bool_)
    else:
        written = _alone_in_air(grey, _without(ignored, found), low, top, _HAZE_TOLERANCE, frame, at_frame=True)
        for box, group in joined(written, grey.shape):
            at_side = all(_touches_side(piece.box, grey.shape) for piece in group)
            found.append(Marker(FRAME if at_side else LEAD, box))
    alone = _alone_in_air(grey, _without(ignored, found), low, top, _AIR_TOLERANCE, frame)
    for box, group in joined(alone, grey.shape):
        letters = len(group) > 1 or any(piece.like_a_letter for piece in group)
        found.append(Marker(LEAD if letters else DOUBT, box))
    least = _LEAST_DOUBT_SHARE * min(grey.shape)
    for piece in _alone_in_air(grey, _without(ignored, found), low, top, _HAZE_TOLERANCE, frame):
        if piece.like_a_letter and piece.flat and max(sides_of(piece.box)) >= least:
            found.append(Marker(DOUBT, piece.box))
    return sorted(found, key=lambda marker: marker.box)


def _touches_side(box: Box, shape: tuple[int, ...]) -> bool:
    # A piece is known to the block of pixels only.
    spare = max(1, min(shape) // _COARSE_SIDE)
    return min(box.row, box.col, shape[0] - box.end_row - spare, shape[1] - box.end_col - spare) <= 0


def _without(ignored: Mask, found: list[Marker]) -> Mask:
    taken = ignored.copy()
    for marker in found:
        taken[marker.box.row : marker.box.end_row, marker.box.col : marker.box.end_col] = True
    return taken


def _burned_in(grey: npt.NDArray[Any], ignored: Mask, low: float, top: float) -> list[Piece]:
    """Pieces of the highest value with steps of one pixel round them."""
    mask = (grey == top) & ~ignored
    if not mask.any() or mask.mean() > _MOST_SATURATED_SHARE:
        return []
    pieces, faint = list[Piece](), list[Piece]()
    for box, piece, around in letter_sized_pieces(mask):
        values = grey[around].astype(np.float64)
        near, far = rings_round(piece, mask[around])
        if not (near.any() and far.any()):
            continue
        beside, beyond = float(np.median(values[near])), float(np.median(values[far]))
        drop = top - beside
        is_sharp = beside - beyond <= _STEP_SHARE * drop
        kind = pieces if is_sharp and drop >= _STEP_SHARE * (top - low) else faint
        kind.append(Piece(box, is_like_a_letter(piece)))
    return with_ticks(pieces, faint, grey.shape)


def _alone_in_air(
    grey: npt.NDArray[Any],
    ignored: Mask,
    low: float,
    top: float,
    tolerance: float,
    frame: Mask,
    *,
    at_frame: bool = False,
) -> list[Piece]:
    """Dense pieces with nothing but air round them, or what differs from air by no more than the tolerance.

    Those ``at_frame`` touch the frame besides, and are as bright: a finger that comes in from the side is not.
    """
    from scipy import ndimage

    step = max(1, min(grey.shape) // _COARSE_SIDE)
    rows, cols = grey.shape[0] // step, grey.shape[1] // step
    cut = np.s_[: rows * step, : cols * step]
    coarse = grey[cut].reshape(rows, step, cols, step).mean(axis=(1, 3), dtype=np.float64)
    out: Mask = np.asarray(ignored[cut].reshape(rows, step, cols, step).any(axis=(1, 3)))
    side: Mask = np.asarray(frame[cut].reshape(rows, step, cols, step).any(axis=(1, 3)))
    air_level = _air_level(coarse, out, side, low, top)
    if air_level is None:
        return []
    air = ~out & (coarse <= air_level + tolerance * (top - air_level))
    labels, count = ndimage.label(air)
    inner = labels[ndimage.binary_dilation(side)]
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1], inner]))
    large = np.bincount(labels.ravel(), minlength=count + 1) >= _AIR_SHARE * labels.size
    keep = np.zeros(count + 1, np.bool_)
    keep[border[border > 0]] = True
    air = (keep & large)[labels]
    frame_level = float(np.median(grey[frame])) if at_frame else 0.0
    pieces = []
    for box, piece, around in letter_sized_pieces(~air & ~out, least_px=2):
        wide = ndimage.binary_dilation(np.pad(piece, 1), np.ones((3, 3)), iterations=3)[1:-1, 1:-1] & ~piece
        if at_frame:
            if not (wide & side[around]).any():
                continue
            wide &= ~side[around]
        if not wide.any() or air[around][wide].mean() < _RING_AIR_SHARE:
            continue
        full = Box(*(edge * step for edge in box))
        inside = grey[full.row : full.end_row, full.col : full.end_col].astype(np.float64)
        peak = float(np.percentile(inside, 95))
        contrast = frame_level - air_level
        if at_frame and (
            peak < frame_level - _AS_BRIGHT * contrast
            or np.median(coarse[around][piece]) < frame_level - _HALF_AS_BRIGHT * contrast
        ):
            continue
        if peak - air_level < _MARKER_CONTRAST * (top - air_level):
            continue
        letter = inside >= (peak + air_level) / 2
        spread = float(np.subtract(*np.percentile(inside[letter], (75, 25))))
        pieces.append(Piece(full, is_like_a_letter(letter), spread <= _EVEN_SHARE * (peak - air_level)))
    return pieces


def _air_level(coarse: Float, out: Mask, side: Mask, low: float, top: float) -> float | None:
    """Level of the air at the border of the film: the lowest that many of its outer pixels share; None for no air."""
    from scipy import ndimage

    width = max(1, min(coarse.shape) // 50)
    rim = np.zeros(coarse.shape, np.bool_)
    rim[:width] = rim[-width:] = rim[:, :width] = rim[:, -width:] = True
    if side[rim].mean() > _MOST_FRAME_SHARE:
        rim = ndimage.binary_dilation(side, iterations=width) & ~side
    # A frame is not air and counts among the outer pixels all the same: which level is common does not hang on it.
    outer = coarse[rim & (side | ~out)]
    if outer.size == 0:
        return None
    counts, edges = np.histogram(np.clip(outer, low, top), bins=32, range=(low, top))
    common = np.flatnonzero(counts >= 0.1 * outer.size)
    # What many outer pixels share is air only where it is darker than most of the film's range.
    if common.size == 0 or common[0] > 12:
        return None
    here = (outer >= edges[common[0]]) & (outer <= edges[common[0] + 1])
    return float(np.median(outer[here])) if here.any() else low
