"""Regions as GeoJSON in QuPath's dialect, written a few thousand at a time."""

from __future__ import annotations

import gzip
import json
import math
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from calcannot.export.subject import CLASS_NAME, COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcannot.export.subject import Progress, Subject
    from calcannot.runs.outlines import Ring

_AT_ONCE: Final = 2_000
_UNITS: Final = {"um2": "µm^2", "px": "px", "um": "µm", "deg": "°"}
_AREAS: Final = ("area", "filled_area", "hull_area")


def measurement_name(column: str) -> str:
    """Name of a column as QuPath writes it, with the unit: ``area_um2`` is ``Area µm^2``."""
    stem, _, suffix = column.rpartition("_")
    if suffix not in _UNITS:
        return _words(column)
    unit = "px^2" if suffix == "px" and stem in _AREAS else _UNITS[suffix]
    return f"{_words(stem)} {unit}"


def write_geojson(path: Path, subject: Subject, progress: Progress | None = None) -> None:
    """Write one Feature a region; a name that ends in ``.gz`` is compressed.

    Geometry is in pixels of level 0, [x, y] from the top-left corner, along pixel edges. A region whose pixels touch at
    a corner only is a MultiPolygon. Numbers that do not exist are left out.
    """
    if path.suffix == ".gz":
        # No name and no time in the header: the same regions are the same bytes.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
            _write(file, subject, progress)
    else:
        with path.open("wb") as file:
            _write(file, subject, progress)


def _write(file: BinaryIO | gzip.GzipFile, subject: Subject, progress: Progress | None) -> None:
    file.write(f'{{"type":"FeatureCollection","calcannot":{_json(subject.origin())},"features":['.encode())
    total = subject.region_count
    for first in range(0, total, _AT_ONCE):
        last = min(first + _AT_ONCE, total)
        file.write(((",\n" if first else "\n") + ",\n".join(_features(subject, first, last))).encode())
        if progress:
            progress(last, total)
    file.write(b"\n]}\n")


def _features(subject: Subject, first: int, last: int) -> Iterator[str]:
    properties = _json(
        {
            "objectType": "detection",
            "classification": {"name": CLASS_NAME, "color": list(COLOUR)},
            "isLocked": False,
        }
    )[:-1]
    measured = {f'{{"name":{_json(measurement_name(name))},"value":': values[first:last].tolist()
                for name, values in subject.columns.items()}  # fmt: skip
    for i in range(last - first):
        region = first + i + 1
        numbers = ",".join(f"{head}{_number(values[i])}}}" for head, values in measured.items() if _exists(values[i]))
        yield (
            f'{{"type":"Feature","id":"{subject.region_id(region)}","geometry":{_geometry(subject, region)},'
            f'"properties":{properties},"name":"{region}","measurements":[{numbers}]}}}}'
        )


def _geometry(subject: Subject, region: int) -> str:
    polygons = [f"[{','.join(_ring(ring) for ring in polygon)}]" for polygon in subject.outlines.polygons(region)]
    if len(polygons) == 1:
        return f'{{"type":"Polygon","coordinates":{polygons[0]}}}'
    return f'{{"type":"MultiPolygon","coordinates":[{",".join(polygons)}]}}'


def _ring(ring: Ring) -> str:
    points = ring.tolist()
    points.append(points[0])
    return str(points).replace(" ", "")


def _exists(value: float | bool) -> bool:
    return not (isinstance(value, float) and math.isnan(value))


def _number(value: float | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else repr(value)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
