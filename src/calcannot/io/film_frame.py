"""The bright frame of a digitised film: strips along its sides that no X-ray reached.

Unexposed film is as bright as nothing else on it, of one level, and ends in a straight and sharp step. Bone along a
side is uneven and has a soft edge; a body that reaches a side is not brighter than all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

_DEEPEST_SHARE: Final = 0.08  # of the film, from a side
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


def bright_frame_mask(grey: npt.NDArray[Any], ignored: Mask) -> Mask:
    """Straight bright strips along the sides, slightly skewed ones too; bool (height, width).

    Parameters
    ----------
    grey
        Pixels with denser brighter, shape (height, width).
    ignored
        Other borders, bool (height, width): a frame inside them is looked for.
    """
    mask = np.zeros(grey.shape, np.bool_)
    rows, cols = (np.flatnonzero(ignored.mean(axis=axis) < 0.5) for axis in (1, 0))
    if not (rows.size and cols.size):
        return mask
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    film, out = grey[box], mask[box]
    depth = [int(_DEEPEST_SHARE * side) for side in film.shape]
    if min(depth) < 2 * _LEAST_BLOCK_PX:
        return mask
    core = np.s_[depth[0] : -depth[0], depth[1] : -depth[1]]
    inner = film[core][~ignored[box][core]]
    if not inner.size:
        return mask
    low, top = (float(each) for each in np.percentile(inner, (100 - _TOP_PERCENT, _TOP_PERCENT)))
    for turn in _TURNS:
        reach = _reach(turn(film), low, top)
        if reach is not None:
            turn(out)[np.arange(turn(out).shape[0])[:, np.newaxis] < reach] = True
    return mask & ~ignored


_TURNS: Final[tuple[Callable[[npt.NDArray[Any]], npt.NDArray[Any]], ...]] = (
    lambda film: film,
    lambda film: film[::-1],
    lambda film: film.T,
    lambda film: film.T[::-1],
)


def _reach(film: npt.NDArray[Any], low: float, top: float) -> Float | None:
    """How many pixels the frame at the first row reaches inwards, for each column; None for no frame."""
    size, width = film.shape
    depth, block = int(_DEEPEST_SHARE * size), max(_LEAST_BLOCK_PX, width // _BLOCKS)
    count = width // block
    profiles = np.median(film[:depth, : count * block].reshape(depth, count, block), axis=2)
    level = float(np.median(profiles[0]))
    span = level - low
    if level < top or span <= 0 or np.mean(np.abs(profiles[0] - level) <= _EVEN * span) < _EVEN_SHARE:
        return None
    inside = np.median(profiles[depth // 2 :], axis=0)
    step = level - inside
    high, half, foot = (_first_below(profiles, inside + share * step) for share in (0.8, 0.5, 0.2))
    seen = step >= _STEP * span
    if seen.mean() < _STEP_SHARE or np.median((foot - high)[seen]) > max(_LEAST_PX, _SHARP_SHARE * size):
        return None
    at = (np.arange(count) + 0.5) * block
    slope, start = _line(at[seen], half[seen])
    off = np.abs(half[seen] - start - slope * at[seen])
    if abs(slope) > _MOST_SLOPE or np.mean(off <= max(_LEAST_PX, _STRAIGHT_SHARE * size)) < _ON_THE_LINE:
        return None
    line = start + slope * (np.arange(width) + 0.5)
    soft = 2 * float(np.median((foot - half)[seen]))  # to the foot of the step, where it is that of a Gaussian
    return np.where(line > 0, np.minimum(line + soft, depth), 0.0)


def _first_below(profiles: Float, levels: Float) -> Float:
    """First row of each column that is below the column's level; the number of rows where none is."""
    below = profiles < levels
    return np.where(below.any(axis=0), below.argmax(axis=0), len(profiles)).astype(np.float64)


def _line(x: Float, y: Float) -> tuple[float, float]:
    """Slope and start of the line through most points: medians of slopes and of what is left (Theil and Sen)."""
    i, j = np.triu_indices(x.size, 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i]))) if i.size else 0.0
    return slope, float(np.median(y - slope * x))
