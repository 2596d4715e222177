"""Regions of several images as one COCO file: run-length masks or polygons."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot._version import __version__
from calcannot.compiled import compiled
from calcannot.errors import OutputError
from calcannot.export.subject import CLASS_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from calcannot.export.subject import Progress, Subject

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

CATEGORY_ID: Final = 1
LARGEST_PX: Final = 2**32 - 1
"""pycocotools counts pixels of the whole image in 32 bits."""

_AT_ONCE: Final = 2_000


def write_coco(
    path: Path,
    subjects: Iterable[Subject],
    progress: Progress | None = None,
    *,
    polygons: bool = False,
) -> None:
    """Write ``annotations.json``; areas and boxes are those of the pixels.

    Parameters
    ----------
    polygons
        Outer rings in place of run-length masks. COCO's polygons have no holes: ``area`` is that of the pixels, and
        the polygons cover the holes too.

    Raises
    ------
    OutputError
        If an image has 2^32 pixels or more, which pycocotools cannot count.
    """
    images: list[dict[str, Any]] = []
    licences: list[str] = []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"annotations":[')
        written = 0
        for subject in subjects:
            _check_size(subject)
            image_id = len(images) + 1
            images.append(_image(subject, image_id, licences))
            written = _write_regions(file, subject, image_id, written, polygons, progress)
        file.write("\n]")
        category = {"id": CATEGORY_ID, "name": CLASS_NAME.lower(), "supercategory": "mineral"}
        rest = {
            "info": {
                "description": "Calcified regions",
                "version": __version__,
                "contributor": "calcannot",
                "scale": "um_per_px_row and um_per_px_col of each image; null where it is not known",
            },
            "licenses": [{"id": i, "name": name, "url": ""} for i, name in enumerate(licences, start=1)],
            "categories": [category],
            "images": images,
        }
        file.write("," + json.dumps(rest, ensure_ascii=False, indent=1)[1:] + "\n")


def _check_size(subject: Subject) -> None:
    pixels = subject.runs.height_px * subject.runs.width_px
    if pixels > LARGEST_PX:
        what = f"has {pixels} pixels, and COCO's run lengths count to {LARGEST_PX}"
        raise OutputError(what, path=subject.name, remedy="export it as geojson or as tiles")


def _image(subject: Subject, image_id: int, licences: list[str]) -> dict[str, Any]:
    """Entry of an image; its licence joins the list where it is new."""
    origin = subject.origin()
    size = {"width": origin.pop("width_px"), "height": origin.pop("height_px")}
    own: dict[str, Any] = {"id": image_id, "file_name": origin.pop("image"), **size}
    if subject.licence:
        if subject.licence not in licences:
            licences.append(subject.licence)
        own["license"] = licences.index(subject.licence) + 1
    return own | {"case": subject.case} | origin


def _write_regions(
    file: IO[str], subject: Subject, image_id: int, written: int, polygons: bool, progress: Progress | None
) -> int:
    total = subject.region_count
    for first in range(0, total, _AT_ONCE):
        last = min(first + _AT_ONCE, total)
        entries = _entries(subject, image_id, first, last, written, polygons)
        file.write((",\n" if written else "\n") + ",\n".join(entries))
        written += last - first
        if progress:
            progress(last, total)
    return written


def _entries(subject: Subject, image_id: int, first: int, last: int, written: int, polygons: bool) -> Iterator[str]:
    areas = subject.area_px
    for i, region in enumerate(range(first + 1, last + 1)):
        rings = [ring for polygon in subject.outlines.polygons(region) for ring in polygon[: 1 if polygons else None]]
        low = np.min([ring.min(axis=0) for ring in rings], axis=0)
        high = np.max([ring.max(axis=0) for ring in rings], axis=0)
        shape = [ring.ravel().tolist() for ring in rings] if polygons else run_lengths(subject, region)
        entry = {
            "id": written + i + 1,
            "image_id": image_id,
            "category_id": CATEGORY_ID,
            "segmentation": shape,
            "area": int(areas[region - 1]),
            "bbox": [*low.tolist(), *(high - low).tolist()],
            "iscrowd": 0,
            "region": region,
        }
        yield json.dumps(entry, separators=(",", ":"))


def run_lengths(subject: Subject, region: int) -> dict[str, Any]:
    """COCO's run-length mask of a region: column by column, compressed as pycocotools does."""
    from pycocotools import mask

    height, width = subject.runs.height_px, subject.runs.width_px
    outlines = subject.outlines
    first, last = (outlines.polygon_start[outlines.region_start[i]] for i in (region - 1, region))
    changes = _changes(outlines.points, outlines.ring_start[first : last + 1], height)
    changes.sort()
    # Where a run reaches the bottom of a column and goes on at the top of the next, nothing changes; nor does it after
    # the last pixel.
    joined = np.flatnonzero(changes[1:] == changes[:-1])
    changes = np.delete(changes, [*joined, *(joined + 1)])
    if changes[-1] == height * width:
        changes = changes[:-1]
    counts = np.diff(changes, prepend=0, append=height * width)
    packed = mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return {"size": [height, width], "counts": packed["counts"].decode("ascii")}


@compiled
def _changes(points: Int32, ring_start: Int64, height: int) -> Int64:
    """Pixels, counted down the columns, at which mineral begins or ends: where horizontal edges lie above them."""
    total = np.int64(0)
    for ring in range(ring_start.size - 1):
        for i in range(ring_start[ring], ring_start[ring + 1]):
            j = i + 1 if i + 1 < ring_start[ring + 1] else ring_start[ring]
            total += abs(points[j, 0] - points[i, 0])
    found = np.empty(total, np.int64)
    n = 0
    for ring in range(ring_start.size - 1):
        for i in range(ring_start[ring], ring_start[ring + 1]):
            j = i + 1 if i + 1 < ring_start[ring + 1] else ring_start[ring]
            low, high = min(points[i, 0], points[j, 0]), max(points[i, 0], points[j, 0])
            for col in range(low, high):
                found[n] = np.int64(col) * height + points[i, 1]
                n += 1
    return found
