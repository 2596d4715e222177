"""Strokes as GeoJSON in QuPath's dialect: [x, y] in level-0 pixels from the top-left corner of the image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.store.geojson_feature import Ring, stroke_of

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_FILE_BYTES = 512 * 1024 * 1024


def read_annotations(path: str | Path, *, everything_is: StrokeKind | None = None) -> Annotations:
    """Read strokes.

    Parameters
    ----------
    path
        A FeatureCollection, a list of Features, one Feature, or one geometry.
    everything_is
        Take every shape as this kind, whatever its class says (``--within`` means regions). A class that excludes still
        excludes.

    Raises
    ------
    AnnotationError
        If the file is not GeoJSON, or a shape is not a valid polygon: the shape and the place are named.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise AnnotationError("the annotation file is larger than 512 MiB", path=path)
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise AnnotationError(f"cannot be read ({error.strerror or 'no such file'})", path=path) from None
    except (ValueError, RecursionError) as error:
        what = f"is not GeoJSON: {str(error)[:120]}"
        raise AnnotationError(
            what, path=path, remedy="export the regions as GeoJSON in pixels, as QuPath does"
        ) from None
    strokes = [
        stroke
        for number, feature in enumerate(features_in(content, path), start=1)
        if (stroke := stroke_of(feature, number, path, everything_is)) is not None
    ]
    if not strokes:
        raise AnnotationError("holds no polygon", path=path, remedy="draw at least one region")
    return Annotations(tuple(strokes))


def to_geojson(annotations: Annotations) -> dict[str, Any]:
    """A FeatureCollection that QuPath opens and ``read_annotations`` reads back unchanged."""
    return {"type": "FeatureCollection", "features": [feature_of(stroke) for stroke in annotations.strokes]}


def feature_of(stroke: Stroke) -> dict[str, Any]:
    """One stroke as a GeoJSON feature."""
    properties: dict[str, Any] = {
        "objectType": "annotation",
        "classification": {"name": stroke.kind.value.capitalize()},
        "calcannot": {"class": stroke.kind.value, "author": stroke.author, "time": stroke.time},
    }
    if stroke.name:
        properties["name"] = stroke.name
    for key in ("reason", "side", "morphology", "reach_px", "peak_fraction"):
        if getattr(stroke, key):
            properties["calcannot"][key] = getattr(stroke, key)
    polygons = [[np.vstack([ring, ring[:1]]).tolist() for ring in polygon] for polygon in _polygons(stroke.rings)]
    one = len(polygons) == 1
    return {
        "type": "Feature",
        "id": stroke.id,
        "geometry": {
            "type": "Polygon" if one else "MultiPolygon",
            "coordinates": polygons[0] if one else polygons,
        },
        "properties": properties,
    }


def _polygons(rings: Sequence[Ring]) -> list[list[Ring]]:
    """Rings by polygon, the outer one first: a ring inside an even number of others is an outer one."""
    from shapely import Polygon, prepare

    if len(rings) == 1 or Polygon(rings[0], list(rings[1:])).is_valid:
        return [list(rings)]
    shapes = [Polygon(ring) for ring in rings]
    prepare(shapes)
    around = [
        [k for k, outer in enumerate(shapes) if k != n and outer.area > shape.area and outer.contains(shape)]
        for n, shape in enumerate(shapes)
    ]
    polygons = {n: [rings[n]] for n, outers in enumerate(around) if len(outers) % 2 == 0}
    for n, outers in enumerate(around):
        if n not in polygons:
            polygons[min(outers, key=lambda k: shapes[k].area)].append(rings[n])
    return list(polygons.values())


def features_in(content: object, path: Path) -> list[dict[str, Any]]:
    """Features of a collection, a list, one feature or one geometry; AnnotationError for anything else."""
    if isinstance(content, dict):
        kind = content.get("type")
        if kind == "FeatureCollection" and isinstance(content.get("features"), list):
            content = content["features"]
        elif kind == "Feature":
            content = [content]
        elif "coordinates" in content:
            content = [{"type": "Feature", "geometry": content, "properties": {}}]
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise AnnotationError("is JSON but not GeoJSON", path=path, remedy="give a FeatureCollection of polygons")
    return content
