"""Neighbourhood steps on a mask, exact under tiling: what decides a pixel lies inside the halo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def fill_small_holes(mask: Mask, largest_px: int, *, top: bool, bottom: bool, left: bool, right: bool) -> Mask:
    """Fill 4-connected holes of at most ``largest_px`` pixels.

    A piece of background that reaches a side of the window is either larger than can be seen (the halo is as wide as
    the largest hole) or open to the image border (where ``top``, ``bottom``, ``left`` or ``right`` is True): neither
    is a hole.
    """
    from scipy import ndimage

    if largest_px <= 0:
        return mask
    gaps, count = ndimage.label(~mask)
    if count == 0:
        return mask
    areas = np.bincount(gaps.ravel(), minlength=count + 1)
    hole = areas <= largest_px
    hole[0] = False
    for at_border, side in ((top, gaps[0]), (bottom, gaps[-1]), (left, gaps[:, 0]), (right, gaps[:, -1])):
        if at_border:
            hole[side] = False
    hole[0] = False
    return np.asarray(mask | hole[gaps])


def open_mask(mask: Mask, radius_px: int, *, top: bool, bottom: bool, left: bool, right: bool) -> Mask:
    """Opening with a disc: what the disc can cover without leaving the mask. The image border is no edge of mineral."""
    from scipy import ndimage

    if radius_px <= 0:
        return mask
    reach = np.arange(-radius_px, radius_px + 1)
    disc = reach[:, np.newaxis] ** 2 + reach**2 <= radius_px**2
    # Beyond the image the mask is taken to go on as at its border, as far as a disc reaches that covers a pixel of the
    # image; inside the slide the halo holds the truth.
    reach_px = 2 * radius_px
    padding = tuple((reach_px * a, reach_px * b) for a, b in ((top, bottom), (left, right)))
    padded = np.pad(mask, padding, mode="edge")
    opened = ndimage.binary_opening(padded, structure=disc)
    rows = slice(padding[0][0], padded.shape[0] - padding[0][1])
    cols = slice(padding[1][0], padded.shape[1] - padding[1][1])
    return np.asarray(opened[rows, cols])


def inner_edge(allowed: Mask) -> Mask:
    """Allowed pixels with a neighbour (of eight) that is not allowed."""
    from scipy import ndimage

    return np.asarray(allowed & ~ndimage.binary_erosion(allowed, structure=np.ones((3, 3)), border_value=1))
