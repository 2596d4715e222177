"""The outline of a mask as rings that hold the same pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ON_A_LINE = 1e-6  # px


def rings_of(mask: npt.NDArray[np.bool_], row: int = 0, col: int = 0) -> tuple[npt.NDArray[np.float64], ...]:
    """Rings in (x, y), as `Stroke` has them: a pixel of the mask has its centre inside an odd number of them.

    Parameters
    ----------
    mask
        bool (height, width).
    row, col
        Place of the mask's first pixel in the image.
    """
    from skimage.measure import approximate_polygon, find_contours

    # Marching squares at one half runs between the centres of pixels; a border of nothing closes every ring.
    contours = find_contours(np.pad(mask, 1).astype(np.uint8), 0.5)
    rings = []
    for contour in contours:
        corners = approximate_polygon(contour[:, ::-1], _ON_A_LINE)[:-1]
        rings.append(corners - 0.5 + (col, row))
    return tuple(rings)
