"""Strokes of an image whose own case is still being made: its hash is read first, and a network may be slow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calcannot.store.atomic import write_text
from calcannot.store.geojson import read_annotations, to_geojson
from napari_calcannot.case_home import own_case_of

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.model.annotation import Annotations


def pending_path(image: Path) -> Path:
    """Where they are meanwhile: beside the case to be."""
    place = own_case_of(image)
    return place.with_name(f"{place.name}.pending.geojson")


def write_pending(image: Path, annotations: Annotations) -> None:
    """Write the strokes in force; OutputError where that fails."""
    path = pending_path(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(to_geojson(annotations)))


def read_pending(image: Path) -> Annotations | None:
    """Strokes that a process left behind which ended before there was a case; None where there are none.

    Raises
    ------
    AnnotationError
        If the file is damaged.
    """
    path = pending_path(image)
    return read_annotations(path) if path.exists() else None


def drop_pending(image: Path) -> None:
    """They are in the case now."""
    pending_path(image).unlink(missing_ok=True)
