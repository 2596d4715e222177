"""Strokes as a hand draws them, made what a file can hold without changing which pixels are inside."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import AnnotationError
from calcannot.store.geojson import feature_of
from calcannot.store.geojson_feature import stroke_of

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke


def sound(stroke: Stroke) -> Stroke:
    """The stroke as a file will give it back: rings in the same order, words in the same letters.

    An outline that crosses itself becomes a valid one with the same inside, by the even-odd rule.

    Raises
    ------
    AnnotationError
        If it encloses nothing, or says what no stroke can say.
    """
    try:
        return _as_read(stroke)
    except (AnnotationError, ValueError, IndexError, TypeError):
        return _as_read(replace(stroke, rings=_even_odd(stroke)))


def _as_read(stroke: Stroke) -> Stroke:
    read = stroke_of(feature_of(stroke), 1, Path(stroke.name or "stroke"))
    assert read is not None  # rings make a polygon
    return read


def _even_odd(stroke: Stroke) -> tuple[Any, ...]:
    from shapely import Polygon, make_valid

    rings = [np.asarray(ring, dtype=np.float64) for ring in stroke.rings]
    usable = [ring for ring in rings if ring.ndim == 2 and len(ring) >= 3 and np.isfinite(ring).all()]
    if len(usable) < len(rings) or not rings:
        what = f"the {stroke.kind.value} {stroke.name or stroke.id} has an outline that is none"
        raise AnnotationError(what, remedy="draw it again")
    inside = reduce(lambda a, b: a.symmetric_difference(b), (make_valid(Polygon(ring)) for ring in usable))
    areas = [each for each in getattr(inside, "geoms", [inside]) if each.geom_type == "Polygon" and each.area > 0]
    if not areas:
        what = f"the {stroke.kind.value} {stroke.name or stroke.id} encloses nothing"
        raise AnnotationError(what, remedy="draw around an area")
    return tuple(
        np.array(ring.coords, dtype=np.float64)[:-1, :2] for area in areas for ring in (area.exterior, *area.interiors)
    )
