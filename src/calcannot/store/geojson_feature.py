"""One feature of GeoJSON as a stroke: everything in it is held against what it may be."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import AnnotationError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.foci import Morphology, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


EXCLUDE_REASONS = ("ink", "fold", "pigment", "dust", "other")
Ring = npt.NDArray[np.float64]
_WORDS = ("id", "name", "class", "classification", "reason", "author", "time", "side", "morphology")
_EXCLUDING = {"exclude", "excluded", "exclusion", "ignore*", "ignore"}


def stroke_of(
    feature: dict[str, Any],
    number: int,
    path: Path,
    everything_is: StrokeKind | None = None,
    *,
    is_known_valid: bool = False,
) -> Stroke | None:
    """A feature as a stroke, None for a mark or a line.

    Parameters
    ----------
    number, path
        For the error's message.
    is_known_valid
        Its polygons need not be looked at: they were before it was written, and it fits its checksum.
    """
    properties = feature.get("properties") or {}
    geometry = feature.get("geometry") or {}
    is_feature = feature.get("type", "Feature") == "Feature"
    if not is_feature or not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise AnnotationError(f"feature {number} is not a GeoJSON feature", path=path)
    rings = _rings(geometry, number, path, is_known_valid=is_known_valid)
    if rings is None:
        return None
    ours = properties.get("calcannot")
    own: dict[str, Any] = ours if isinstance(ours, dict) else {}
    _check_words(feature, properties, own, number, path)
    kind, reason = _kind(properties, own, everything_is)
    return Stroke(
        id=str(feature.get("id") or _id_of(geometry)),
        kind=kind,
        rings=rings,
        reason=reason,
        name=str(properties.get("name") or ""),
        author=str(own.get("author") or ""),
        time=str(own.get("time") or ""),
        side=_choice(Side, "side", properties, own, number, path),
        morphology=_choice(Morphology, "morphology", properties, own, number, path),
        reach_px=_number("reach_px", 2**31, own, number, path),
        peak_fraction=_number("peak_fraction", 1, own, number, path),
    )


def _id_of(geometry: dict[str, Any]) -> str:
    """Without an id the content is the identity: the same file gives the same regions again."""
    return hashlib.sha256(json.dumps(geometry, sort_keys=True).encode()).hexdigest()[:32]


def _check_words(
    feature: dict[str, Any], properties: dict[str, Any], own: dict[str, Any], number: int, path: Path
) -> None:
    """What is read as words must be words: a class that is none would be taken for a region."""
    label = properties.get("classification")
    words = {"id": feature.get("id"), "name": properties.get("name")} | own
    words["classification"] = label.get("name") if isinstance(label, dict) else label
    for name, value in words.items():
        if name in _WORDS and not isinstance(value, str | int | None):
            raise AnnotationError(f"feature {number} has a {name} that is no text", path=path)


def _choice(
    codes: type[Side] | type[Morphology],
    key: str,
    properties: dict[str, Any],
    own: dict[str, Any],
    number: int,
    path: Path,
) -> str:
    """A code as we or QuPath (in its metadata) write it; AnnotationError for a word that is none."""
    metadata = properties.get("metadata")
    given = own.get(key) or (metadata.get(key) if isinstance(metadata, dict) else None) or ""
    code = str(given).strip().lower().replace(" ", "-")
    if code and code not in {each.value for each in codes}:
        what = f"feature {number} has the {key} {str(given)[:40]!r}"
        raise AnnotationError(what, path=path, remedy=f"choose one of {', '.join(codes)}")
    return code


def _number(key: str, below: float, own: dict[str, Any], number: int, path: Path) -> float | None:
    """A number above 0 and below a limit, None where there is none; AnnotationError for anything else."""
    given = own.get(key)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < below:
        what = f"feature {number} has the {key} {str(given)[:40]!r}"
        raise AnnotationError(what, path=path, remedy=f"write a number above 0 and below {below:g}, or leave it out")
    return float(given)


def _kind(properties: dict[str, Any], own: dict[str, Any], everything_is: StrokeKind | None) -> tuple[StrokeKind, str]:
    classification = properties.get("classification")
    label = classification.get("name") if isinstance(classification, dict) else classification
    name = str(own.get("class") or label or "").strip().lower()
    reason = str(own.get("reason") or "").lower()
    if name in EXCLUDE_REASONS:
        return StrokeKind.EXCLUDE, name
    if name in _EXCLUDING:
        return StrokeKind.EXCLUDE, reason or "other"
    if everything_is is None and name in {each.value for each in StrokeKind}:
        return StrokeKind(name), reason
    return everything_is or StrokeKind.REGION, reason


def _rings(geometry: dict[str, Any], number: int, path: Path, *, is_known_valid: bool) -> tuple[Ring, ...] | None:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind in ("Point", "MultiPoint", "LineString", "MultiLineString"):
        return None  # a mark or a measuring line encloses nothing
    polygons = coordinates if kind == "MultiPolygon" else [coordinates]
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(polygons, list):
        what = f"feature {number} is a {kind or 'shape without type'}, not a polygon"
        raise AnnotationError(what, path=path, remedy="keep polygons only")
    rings = []
    for polygon in polygons:
        if not isinstance(polygon, list) or not polygon:
            raise AnnotationError(f"feature {number} has no coordinates", path=path)
        rings += [_ring(ring, number, path) for ring in polygon]
    if not is_known_valid:
        _check_valid(polygons, number, path)
    return tuple(rings)


def _ring(ring: Sequence[Sequence[float]], number: int, path: Path) -> Ring:
    try:
        points = np.array([[float(point[0]), float(point[1])] for point in ring], dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError):
        raise AnnotationError(f"feature {number} has a coordinate that is no pair of numbers", path=path) from None
    if len(points) and np.array_equal(points[0], points[-1]):
        points = points[:-1]
    if len(points) < 3:
        raise AnnotationError(f"feature {number} has a ring of fewer than three points", path=path)
    if not np.isfinite(points).all() or np.abs(points).max() > 2**31:
        raise AnnotationError(f"feature {number} has a coordinate that is not a place in an image", path=path)
    return points


def _check_valid(polygons: list[Any], number: int, path: Path) -> None:
    from shapely import MultiPolygon, Polygon
    from shapely.validation import explain_validity

    shapes = [
        Polygon([p[:2] for p in polygon[0]], [[p[:2] for p in hole] for hole in polygon[1:]]) for polygon in polygons
    ]
    shape = shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)
    if not shape.is_valid or math.isclose(shape.area, 0.0):
        reason = explain_validity(shape) if not shape.is_valid else "it encloses nothing"
        what = f"feature {number} is not a valid polygon: {reason}"
        raise AnnotationError(what, path=path, remedy="redraw the outline so that it does not cross itself")
