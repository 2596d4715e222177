"""Where a film shows no patient: shutter and collimator as the header gives them, padding, and flat borders.

Places are masks or outlines in pixels of the image as read; nothing here looks at what lies inside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.io.dicom_facts import number, numbers, text

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = npt.NDArray[np.bool_]
Ring = npt.NDArray[np.float64]

# Of a row or column that is a border, the share that has one value; text may be burned into the rest.
_FLAT_SHARE: Final = 0.995
# A saturated area is a border where it holds a corner and this share of a side: mineral does not.
_SIDE_SHARE: Final = 0.25
_LEAST_PADDING_SHARE: Final = 0.001
_BLOCKS: Final = 512  # a saturated area is outlined on about so many blocks a side
_CIRCLE_POINTS: Final = 180
_LEAST_FIELD_SHARE: Final = 0.05
_TAGS: Final = {
    "shutter": ("Shutter", "CenterOfCircularShutter", "RadiusOfCircularShutter", "VerticesOfThePolygonalShutter"),
    "collimator": (
        "Collimator", "CenterOfCircularCollimator", "RadiusOfCircularCollimator", "VerticesOfThePolygonalCollimator",
    ),
}  # fmt: skip


def fields_of(header: Any, height: int, width: int) -> tuple[list[tuple[str, Ring]], list[str]]:
    """Outlines of what shutter and collimator leave open, and sentences about those that cannot be true.

    Returns
    -------
    list of (name, ring)
        ``shutter`` or ``collimator``; float64 (n, 2) in (x, y). DICOM counts rows and columns from 1 and names the
        pixel at the edge, which is taken to be open.
    """
    found: list[tuple[str, Ring]] = []
    warnings = []
    for name in _TAGS:
        shapes = text(header, f"{name.capitalize()}Shape")
        for kind, ring_of in _SHAPES.items():
            if kind not in shapes:
                continue
            ring = ring_of(header, name)
            if ring is None or _open_share(ring, height, width) < _LEAST_FIELD_SHARE:
                warnings.append(f"the {kind.lower()} {name} in the header leaves nothing open and is not used")
            elif kind != "RECTANGULAR" or _open_share(ring, height, width) < 1:
                found.append((name, ring))
    return found, warnings


def padding_mask(stored: npt.NDArray[Any], header: Any) -> Mask:
    """Pixels of the padding value (or range) in areas that reach the border of the image; bool, shape of ``stored``."""
    first, last = number(header, "PixelPaddingValue"), number(header, "PixelPaddingRangeLimit")
    nothing = np.zeros(stored.shape, np.bool_)
    if first is None or not np.isfinite(first):
        return nothing
    last = first if last is None or not np.isfinite(last) else last
    padded = (stored >= min(first, last)) & (stored <= max(first, last))
    if not padded.any():
        return nothing
    return _reaching_the_border(padded, round(_LEAST_PADDING_SHARE * stored.size))


def flat_border_mask(grey: npt.NDArray[Any]) -> Mask:
    """Rows and columns at the sides that hold one value, and saturated areas round a corner; bool (height, width).

    What is saturated holds no mineral that could be told from what surrounds it.
    """
    top, left, bottom, right = 0, 0, *grey.shape
    while True:  # a band that ends at another one shows when that is gone
        inner = grey[top:bottom, left:right]
        bands = [_flat_lines(lines) for lines in (inner, inner.T, inner[::-1], inner.T[::-1])]
        if max(bands[0], bands[2]) >= bottom - top or max(bands[1], bands[3]) >= right - left:
            return np.zeros(grey.shape, np.bool_)  # one value all over: no picture
        if not any(bands):
            break
        top, left, bottom, right = top + bands[0], left + bands[1], bottom - bands[2], right - bands[3]
    flat = np.ones(grey.shape, np.bool_)
    flat[top:bottom, left:right] = False
    return np.asarray(flat | _saturated_corners(grey))


def _flat_lines(grey: npt.NDArray[Any]) -> int:
    """Rows from the first on that hold the first row's value."""
    value = np.median(grey[0])
    uneven = np.flatnonzero((grey == value).mean(axis=1) < _FLAT_SHARE)
    return int(uneven[0]) if uneven.size else len(grey)


def _saturated_corners(grey: npt.NDArray[Any]) -> Mask:
    from scipy import ndimage

    height, width = grey.shape
    step = max(1, min(height, width) // _BLOCKS)
    rows, cols = height // step, width // step
    blocks = grey[: rows * step, : cols * step].reshape(rows, step, cols, step).min(axis=(1, 3)) == grey.max()
    labels, _ = ndimage.label(blocks)
    kept = np.zeros(blocks.shape, np.bool_)
    for corner in {int(labels[r, c]) for r in (0, -1) for c in (0, -1)} - {0}:
        area = labels == corner
        if max(float(side.mean()) for side in (area[0], area[-1], area[:, 0], area[:, -1])) >= _SIDE_SHARE:
            kept |= area
    mask = np.zeros(grey.shape, np.bool_)
    mask[: rows * step, : cols * step] = np.repeat(np.repeat(kept, step, axis=0), step, axis=1)
    # The rest of the last block, which is narrower than the others.
    mask[rows * step :] = mask[rows * step - 1]
    mask[:, cols * step :] = mask[:, cols * step - 1 : cols * step]
    return mask


def _reaching_the_border(mask: Mask, least_px: int) -> Mask:
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    keep = np.zeros(count + 1, np.bool_)
    keep[border] = True
    keep[0] = False
    keep &= np.bincount(labels.ravel(), minlength=count + 1) >= least_px
    return np.asarray(keep[labels])


def _rectangle(header: Any, name: str) -> Ring | None:
    prefix = name.capitalize()
    edges = [
        number(header, f"{prefix}{edge}Edge")
        for edge in ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    ]
    if not all(edge is not None and np.isfinite(edge) for edge in edges):
        return None
    left, right, top, bottom = (float(edge or 0) for edge in edges)
    if right < left or bottom < top:
        return None
    return np.array([[left - 1, top - 1], [right, top - 1], [right, bottom], [left - 1, bottom]])


def _circle(header: Any, name: str) -> Ring | None:
    centre, radius = numbers(header, _TAGS[name][1]), number(header, _TAGS[name][2])
    if centre is None or radius is None or len(centre) != 2 or not np.isfinite([*centre, radius]).all():
        return None
    angle = np.arange(_CIRCLE_POINTS) * (2 * np.pi / _CIRCLE_POINTS)
    return np.stack([centre[1] - 0.5 + radius * np.cos(angle), centre[0] - 0.5 + radius * np.sin(angle)], axis=1)


def _polygon(header: Any, name: str) -> Ring | None:
    flat = numbers(header, _TAGS[name][3])
    if flat is None or len(flat) < 6 or len(flat) % 2 or not np.isfinite(flat).all():
        return None
    return np.array(flat).reshape(-1, 2)[:, ::-1] - 0.5


_SHAPES: Final[dict[str, Callable[[Any, str], Ring | None]]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}


def _open_share(ring: Ring, height: int, width: int) -> float:
    """Share of the image inside the bounding box of a ring."""
    low = np.maximum(ring.min(axis=0), 0)
    high = np.minimum(ring.max(axis=0), (width, height))
    return float(np.prod(np.maximum(high - low, 0)) / (height * width)) if (high > low).all() else 0.0
