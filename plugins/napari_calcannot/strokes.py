"""Strokes to napari's shapes and back.

A stroke counts [x, y] from the top-left corner of the image; napari counts (y, x) from the centre of the first pixel.
So x of a stroke is x of a shape plus one half.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_calcannot.painting import Hand

Vertices = npt.NDArray[Any]

HALF_PIXEL = 0.5
COLUMNS = ("id", "ring", "kind", "name", "reason")
"""Features of a shape: which stroke it is, which of its rings, and what it says."""

DRAWN = (StrokeKind.REGION, StrokeKind.EXCLUDE)
"""Kinds that are shapes in the viewer; the others are kept as they are."""

_ELLIPSE_VERTICES = 72


def ring_to_vertices(ring: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, 2) in (x, y) from the corner to (n, 2) in (y, x) from the first pixel's centre."""
    return ring[:, ::-1] - HALF_PIXEL


def vertices_to_ring(vertices: Vertices) -> npt.NDArray[np.float64]:
    """(n, 2) in (y, x) from the first pixel's centre to (n, 2) in (x, y) from the corner."""
    return vertices[:, ::-1].astype(np.float64) + HALF_PIXEL


def shapes_from(annotations: Annotations) -> tuple[list[npt.NDArray[np.float64]], dict[str, list[Any]]]:
    """Polygons of all regions and exclusions, one a ring, and the columns that say which stroke each belongs to."""
    shapes = []
    features: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for stroke in annotations.of(*DRAWN):
        for number, ring in enumerate(stroke.rings):
            shapes.append(ring_to_vertices(ring))
            features["id"].append(stroke.id)
            features["ring"].append(number)
            features["kind"].append(stroke.kind.value)
            features["name"].append(stroke.name)
            features["reason"].append(stroke.reason)
    return shapes, features


def annotations_from(
    shapes: Sequence[Vertices],
    shape_types: Sequence[str],
    features: Mapping[str, Sequence[Any]],
    previous: Annotations,
    hand: Hand,
) -> tuple[Annotations, list[str]]:
    """Strokes as they are now in the viewer.

    A shape that was not touched gives back its stroke unchanged, to the last bit: napari keeps vertices in single
    precision, and a number must not depend on whether it was on a screen. If nothing changed, ``previous`` itself is
    given back.

    Parameters
    ----------
    shapes
        (n, 2) in (y, x).
    shape_types
        napari's names; lines and paths enclose nothing and are passed over.
    features
        The columns of ``COLUMNS``; empty for new shapes.
    previous
        Strokes that were put on show.
    hand
        Who draws what is new.

    Returns
    -------
    Annotations, list of str
        And the id of each shape, for the column ``id``.

    Raises
    ------
    AnnotationError
        If an outline crosses itself.
    """
    known = {stroke.id: stroke for stroke in previous.of(*DRAWN)}
    rings: dict[str, list[npt.NDArray[np.float64]]] = {}
    kinds: dict[str, tuple[str, str, str]] = {}
    seen: set[tuple[str, int]] = set()
    ids = []
    for number, (vertices, shape_type) in enumerate(zip(shapes, shape_types, strict=True)):
        identity, ring_number = str(features["id"][number] or ""), int(features["ring"][number] or 0)
        if not identity or identity == "nan" or (identity, ring_number) in seen:
            # New, or a pasted copy: a copy with the same id would be taken for a second ring and cut a hole.
            identity, ring_number = str(uuid.uuid4()), 0
        seen.add((identity, ring_number))
        ids.append(identity)
        if shape_type in ("line", "path"):
            continue
        ring = _unchanged(known.get(identity), ring_number, vertices)
        if ring is None:
            ring = vertices_to_ring(_ellipse(vertices) if shape_type == "ellipse" else vertices)
            _check_simple(ring)
        rings.setdefault(identity, []).append(ring)
        kind, name, reason = (str(features[column][number] or "") for column in ("kind", "name", "reason"))
        kinds[identity] = (kind, name, reason)
    strokes = [_stroke(known.get(i), i, tuple(parts), *kinds[i], hand, len(kinds)) for i, parts in rings.items()]
    kept = [stroke for stroke in previous.strokes if stroke.kind not in DRAWN]
    merged = Annotations((*strokes, *kept))
    same = len(merged.strokes) == len(previous.strokes) and all(
        new is old for new, old in zip(strokes, previous.of(*DRAWN), strict=False)
    )
    return (previous if same else merged), ids


def _unchanged(stroke: Stroke | None, number: int, vertices: Vertices) -> npt.NDArray[np.float64] | None:
    if stroke is None or number >= len(stroke.rings):
        return None
    expected = ring_to_vertices(stroke.rings[number]).astype(np.float32)
    return stroke.rings[number] if np.array_equal(expected, vertices.astype(np.float32)) else None


def _stroke(
    old: Stroke | None, identity: str, rings: tuple[npt.NDArray[np.float64], ...], kind: str, name: str, reason: str,
    hand: Hand, count: int,
) -> Stroke:  # fmt: skip
    if old is not None:
        whole = len(rings) == len(old.rings) and all(new is was for new, was in zip(rings, old.rings, strict=True))
        return old if whole else replace(old, rings=rings)
    excludes = kind == StrokeKind.EXCLUDE.value
    drawn = hand.stroke(
        StrokeKind.EXCLUDE if excludes else StrokeKind.REGION,
        rings,
        reason=(reason if reason not in ("", "nan") else "other") if excludes else "",
        name=name if name not in ("", "nan") else "" if excludes else f"region {count}",
    )
    return replace(drawn, id=identity)


def _ellipse(corners: Vertices) -> Vertices:
    """An ellipse is kept by napari as the corners of its box; here it becomes a polygon of 72 vertices."""
    centre = corners.mean(axis=0)
    first, second = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    angle = np.linspace(0, 2 * math.pi, _ELLIPSE_VERTICES, endpoint=False)[:, np.newaxis]
    return np.asarray(centre + np.cos(angle) * first + np.sin(angle) * second)


def _check_simple(ring: npt.NDArray[np.float64]) -> None:
    from shapely import Polygon

    if len(ring) < 3 or not Polygon(ring).is_valid or math.isclose(Polygon(ring).area, 0.0):
        what = "the outline of a region crosses itself or encloses nothing"
        raise AnnotationError(what, remedy="delete it and draw it again")
