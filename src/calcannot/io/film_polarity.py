"""Whether the picture itself says which side of grey is dense: the air beside the body is the least dense thing on it.

Collimated areas are as flat as air and of the other side of grey; they end in straight lines, and air ends at the body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_COARSE_SIDE: Final = 256
_EXTREME: Final = 0.04  # of the range of the film, without its outermost 0.3 % at either end
_OUTERMOST_PERCENT: Final = 0.3
_FLAT_PER_PX: Final = 0.002  # of that range: a body that reaches the border is not so flat
_AIR_SHARE: Final = 0.05
_CLEARLY: Final = 3.0
_STRAIGHT_SHARE: Final = 0.9


class Air(StrEnum):
    """Where the air is found."""

    DARK = "dark"
    BRIGHT = "bright"
    NOT_SEEN = "not seen"


def air_of(grey: npt.NDArray[Any], ignored: npt.NDArray[np.bool_]) -> Air:
    """Look for air at both ends of the grey scale.

    Parameters
    ----------
    grey
        Pixels, shape (height, width).
    ignored
        Borders that show no patient: bool (height, width).
    """
    from scipy import ndimage

    step = max(1, min(grey.shape) // _COARSE_SIDE)
    rows, cols = grey.shape[0] // step, grey.shape[1] // step
    cut = np.s_[: rows * step, : cols * step]
    coarse = grey[cut].reshape(rows, step, cols, step).mean(axis=(1, 3), dtype=np.float64)
    shown = ~ignored[cut].reshape(rows, step, cols, step).any(axis=(1, 3))
    if not shown.any():
        return Air.NOT_SEEN
    low, high = np.percentile(coarse[shown], (_OUTERMOST_PERCENT, 100 - _OUTERMOST_PERCENT))
    if high <= low:
        return Air.NOT_SEEN
    share = (coarse - low) / (high - low)
    shown &= ndimage.gaussian_gradient_magnitude(share, 1.5) < _FLAT_PER_PX
    dark, bright = (_curved_share(area & shown) for area in (share <= _EXTREME, share >= 1 - _EXTREME))
    if dark >= _AIR_SHARE and dark > _CLEARLY * bright:
        return Air.DARK
    if bright >= _AIR_SHARE and bright > _CLEARLY * dark:
        return Air.BRIGHT
    return Air.NOT_SEEN


def _curved_share(area: npt.NDArray[np.bool_]) -> float:
    """Share of the image that an area holds where it reaches the border, without whole rows and columns."""
    from scipy import ndimage

    labels, count = ndimage.label(area)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    keep = np.zeros(count + 1, np.bool_)
    keep[border] = True
    keep[0] = False
    outer = keep[labels]
    outer[outer.mean(axis=1) >= _STRAIGHT_SHARE] = False
    outer[:, outer.mean(axis=0) >= _STRAIGHT_SHARE] = False
    return float(outer.mean())
