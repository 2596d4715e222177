"""A finished run taken apart again, so that a run that resumes need not measure its images anew."""

from __future__ import annotations

import csv
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from calcannot.batch.parts import Part, Parts

if TYPE_CHECKING:
    from pathlib import Path


def take_apart(results: Path, parts: Parts) -> None:
    """Make a part of every image of a finished run. Mask and overlay stay where they are.

    What does not fit together (tables that were edited, names with line breaks) is left alone: its images are measured
    anew.
    """
    try:
        record = json.loads((results / "run.json").read_text(encoding="utf-8"))
        with (results / "images.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        images = record["images"]
        if [row["image"] for row in rows] != [image["image"] for image in images]:
            return
        with (results / "regions.csv").open("rb") as regions:
            header = regions.readline()
            for row, image in zip(rows, images, strict=True):
                if "error" not in image and not _take_one(row, image, header, regions, parts):
                    return
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


def _take_one(row: dict[str, str], image: dict[str, Any], header: bytes, regions: Any, parts: Parts) -> bool:
    stem = image["mask"].removeprefix("masks/").removesuffix(".ome.tif")
    count = image["totals"]["region_count"]
    lines = list(islice(regions, count))
    begins = (f"{row['image']},".encode(), f'"{row["image"]}",'.encode())
    if len(lines) != count or not all(line.startswith(begins) for line in lines):
        return False
    if parts.find(row["image"], stem) is not None:
        return True  # measured since
    folder = parts.new_folder(stem)
    part = Part(image["job_sha256"] or "", folder.name, dict(row), image)
    parts.regions(part).write_bytes(header + b"".join(lines))
    parts.commit(stem, part)
    return True
