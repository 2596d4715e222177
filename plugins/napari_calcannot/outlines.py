"""Pixels to polygons whose inside is exactly these pixels: outlines run along the edges of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Ring = npt.NDArray[np.float64]
Corner = tuple[int, int]

# Step (x, y) from corner to corner with mineral on the right hand, tried in this order: the turn away from the pixel
# across the corner comes first, so that pixels which share a corner only are not in one outline.
_TURNS = {(1, 0): ((0, 1), (1, 0), (0, -1)), (0, 1): ((-1, 0), (0, 1), (1, 0)),
          (-1, 0): ((0, -1), (-1, 0), (0, 1)), (0, -1): ((1, 0), (0, -1), (-1, 0))}  # fmt: skip


def polygons_of(mask: Mask, row: int = 0, col: int = 0) -> list[tuple[Ring, ...]]:
    """Outlines of the 4-connected pieces of a mask: for each its outer ring, then its holes.

    Parameters
    ----------
    row, col
        Place of the mask's first pixel in the image.

    Returns
    -------
    list of tuple of ndarray
        Rings are float64 (n, 2) in (x, y) from the corner of the image, as in ``Stroke``.
    """
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    polygons = []
    for number, place in enumerate(ndimage.find_objects(labels, count), start=1):
        piece = np.pad(labels[place] == number, 1)
        offset = np.array([col + place[1].start - 1, row + place[0].start - 1], np.float64)
        rings = [np.array(ring, np.float64) + offset for ring in _rings(piece)]
        rings.sort(key=_signed_area, reverse=True)  # the outer one turns the other way than the holes
        polygons.append(tuple(rings))
    return polygons


def _signed_area(ring: Ring) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _rings(mask: Mask) -> list[list[Corner]]:
    """Closed walks along the edges of a mask that does not touch its border."""
    steps: dict[Corner, list[Corner]] = {}

    def edges(where: Mask, dx: int, dy: int, x0: int, y0: int) -> None:
        for y, x in np.argwhere(where):
            steps.setdefault((int(x) + x0, int(y) + y0), []).append((dx, dy))

    edges(mask & ~np.roll(mask, 1, 0), 1, 0, 0, 0)  # above: to the right
    edges(mask & ~np.roll(mask, -1, 1), 0, 1, 1, 0)  # right: down
    edges(mask & ~np.roll(mask, -1, 0), -1, 0, 1, 1)  # below: to the left
    edges(mask & ~np.roll(mask, 1, 1), 0, -1, 0, 1)  # left: up
    rings = []
    while steps:
        start = next(iter(steps))
        walk, at = [start], start
        step = steps[at][0]
        while True:
            steps[at].remove(step)
            if not steps[at]:
                del steps[at]
            at = (at[0] + step[0], at[1] + step[1])
            if at == start:
                break
            walk.append(at)
            step = next(turn for turn in _TURNS[step] if turn in steps[at])
        rings += [_corners(part) for part in _parted(walk)]
    return rings


def _parted(walk: list[Corner]) -> list[list[Corner]]:
    """A walk that passes a corner twice as two that pass it once: a polygon must not touch itself."""
    done: list[list[Corner]] = []
    path: list[Corner] = []
    seen: dict[Corner, int] = {}
    for corner in walk:
        if corner in seen:
            first = seen[corner]
            loop = path[first:]
            for each in loop[1:]:
                del seen[each]
            done.append(loop)
            del path[first + 1 :]
            continue
        seen[corner] = len(path)
        path.append(corner)
    return [*done, path]


def _corners(ring: list[Corner]) -> list[Corner]:
    """Without the corners that a straight edge passes."""
    points = np.array(ring)
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    turning = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return [(int(x), int(y)) for x, y in points[turning]]
