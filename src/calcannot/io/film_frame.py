"""The bright frame of a digitised film: strips along its sides that no X-ray reached.

Unexposed film is as bright as nothing else on it, of one level, and ends in a straight and sharp step. Bone along a
side is uneven and has a soft edge; a body that reaches a side is not brighter than all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

_DEEPEST_SHARE: Final = 0.08  # of the film, from a side
_READ_SHARE: Final = 0.1  # what a frame ends in is seen beyond the deepest
_BLOCKS: Final = 96  # of a side: text and scratches do not move the median of a block
_LEAST_BLOCK_PX: Final = 4
_TOP_PERCENT: Final = 99.0  # of what lies further in than a frame may reach
_EVEN: Final = 0.1  # of the range from the film's first percentile to the frame
_EVEN_SHARE: Final = 0.75  # of a side
_STEP: Final = 0.25  # of that range
_STEP_SHARE: Final = 0.5  # of a side: beside a dense body there is hardly a step
_SHARP_SHARE: Final = 0.005  # of the film, from 80 % of the step to 20 %
_STRAIGHT_SHARE: Final = 0.005
_LEAST_PX: Final = 3.0
_ON_THE_LINE: Final = 0.8
_MOST_SLOPE: Final = 0.05  # 3 degrees
_CORNER_SHARE: Final = 0.15  # of the film, to where a corner has ended
_CORNER_EVEN: Final = 0.05  # of the step


@dataclass(frozen=True, slots=True, eq=False)
class BrightFrame:
    """Straight strips of unexposed film along sides, and rounded or cut corners between them; bool (height, width)."""

    strips: Mask
    corners: Mask


def find_frame(grey: npt.NDArray[Any], ignored: Mask) -> BrightFrame:
    """Straight bright strips along the sides, slightly skewed ones too, and the corners between them.

    Parameters
    ----------
    grey
        Pixels with denser brighter, shape (height, width).
    ignored
        Other borders, bool (height, width): a frame inside them is looked for.
    """
    found = BrightFrame(np.zeros(grey.shape, np.bool_), np.zeros(grey.shape, np.bool_))
    rows, cols = (np.flatnonzero(ignored.mean(axis=axis) < 0.5) for axis in (1, 0))
    if not (rows.size and cols.size):
        return found
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    film, strips, corners = grey[box], found.strips[box], found.corners[box]
    depth = [int(_READ_SHARE * side) for side in film.shape]
    if min(depth) < 2 * _LEAST_BLOCK_PX:
        return found
    core = np.s_[depth[0] : -depth[0], depth[1] : -depth[1]]
    inner = film[core][~ignored[box][core]]
    if not inner.size:
        return found
    low, top = (float(each) for each in np.percentile(inner, (100 - _TOP_PERCENT, _TOP_PERCENT)))
    frames = [(turn, frame) for turn in _TURNS if (frame := _frame(turn(film), low, top)) is not None]
    for turn, frame in frames:
        turn(strips)[np.arange(turn(strips).shape[0])[:, np.newaxis] < frame.reach] = True
    for turn, frame in frames:
        for flip in (1, -1):
            _add_corner(turn(film)[:, ::flip], turn(strips)[:, ::flip], turn(corners)[:, ::flip], frame)
    return BrightFrame(found.strips & ~ignored, found.corners & ~found.strips & ~ignored)


_TURNS: Final[tuple[Callable[[npt.NDArray[Any]], npt.NDArray[Any]], ...]] = (
    lambda film: film,
    lambda film: film[::-1],
    lambda film: film.T,
    lambda film: film.T[::-1],
)


class _Frame(NamedTuple):
    """How many pixels a frame at the first row reaches inwards, for each column; its least level, and its soft edge."""

    reach: Float
    least: float
    soft: float


def _frame(film: npt.NDArray[Any], low: float, top: float) -> _Frame | None:
    """The frame at the first row; None for no frame."""
    size, width = film.shape
    deepest, read = (int(share * size) for share in (_DEEPEST_SHARE, _READ_SHARE))
    block = max(_LEAST_BLOCK_PX, width // _BLOCKS)
    count = width // block
    profiles = np.median(film[:read, : count * block].reshape(read, count, block), axis=2)
    level = float(np.median(profiles[0]))
    span = level - low
    if level < top or span <= 0 or np.mean(np.abs(profiles[0] - level) <= _EVEN * span) < _EVEN_SHARE:
        return None
    at = (np.arange(count) + 0.5) * block
    # What is nearest tells best what a frame ends in, but a thick one is there itself.
    for beyond in (profiles[deepest // 2 : deepest], profiles[deepest:]):
        edge = _edge(profiles, at, level, span, np.median(beyond, axis=0), size)
        if edge is None or edge.start + edge.slope * width / 2 > deepest:
            continue
        line = edge.start + edge.slope * (np.arange(width) + 0.5)
        reach = np.where(line > 0, np.minimum(line + edge.soft, read), 0.0)
        return _Frame(reach, level - _CORNER_EVEN * edge.step, edge.soft)
    return None


class _Edge(NamedTuple):
    """Where a frame ends: row ``start`` + ``slope`` * column; from there to the foot of its step; and that step."""

    start: float
    slope: float
    soft: float
    step: float


def _edge(profiles: Float, at: Float, level: float, span: float, inside: Float, size: int) -> _Edge | None:
    """A straight and sharp edge between a frame's level and what lies inside of it, by columns; None for no frame."""
    step = level - inside
    high, half, foot = (_first_below(profiles, inside + share * step) for share in (0.8, 0.5, 0.2))
    seen = step >= _STEP * span
    if seen.mean() < _STEP_SHARE or np.median((foot - high)[seen]) > max(_LEAST_PX, _SHARP_SHARE * size):
        return None
    slope, start = _line(at[seen], half[seen])
    off = np.abs(half[seen] - start - slope * at[seen])
    if abs(slope) > _MOST_SLOPE or np.mean(off <= max(_LEAST_PX, _STRAIGHT_SHARE * size)) < _ON_THE_LINE:
        return None
    soft = 2 * float(np.median((foot - half)[seen]))  # to the foot of the step, where it is that of a Gaussian
    return _Edge(start, slope, soft, float(np.median(step[seen])))


def _add_corner(film: npt.NDArray[Any], strips: Mask, corners: Mask, frame: _Frame) -> None:
    """Add what is rounded or cut off at the first corner, in place: as bright as the frame, and ever less deep.

    What is as bright along a side has no end there, and is no corner.
    """
    deep, wide = (int(_CORNER_SHARE * side) for side in film.shape)
    bright = (film[:deep, :wide] >= frame.least) | strips[:deep, :wide]
    columns = np.flatnonzero(~strips[:deep, :wide].all(axis=0))
    if not columns.size:
        return
    run = np.minimum.accumulate(np.where(bright.all(axis=0), deep, bright.argmin(axis=0))[columns])
    beyond = run > np.ceil(frame.reach[columns])
    if run[0] == deep or beyond[-1]:
        return
    reach = np.zeros(wide)
    reach[columns[beyond]] = run[beyond] + frame.soft
    corners[:deep, :wide] |= np.arange(deep)[:, np.newaxis] < reach


def _first_below(profiles: Float, levels: Float) -> Float:
    """First row of each column that is below the column's level; the number of rows where none is."""
    below = profiles < levels
    return np.where(below.any(axis=0), below.argmax(axis=0), len(profiles)).astype(np.float64)


def _line(x: Float, y: Float) -> tuple[float, float]:
    """Slope and start of the line through most points: medians of slopes and of what is left (Theil and Sen)."""
    i, j = np.triu_indices(x.size, 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i]))) if i.size else 0.0
    return slope, float(np.median(y - slope * x))
