"""Bring annotations of other programs and observers into a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from calcannot.errors import OutputError
from calcannot.io import open_image
from calcannot.model.annotation import StrokeKind
from calcannot.store.annotation_import import read_any
from calcannot.store.atomic import write_text
from calcannot.store.geojson import to_geojson
from calcannot.store.geojson_feature import EXCLUDE_REASONS
from calcannot.store.json_file import dumps

if TYPE_CHECKING:
    from calcannot.store.case_folder import CaseFolder

OBSERVER: Final = "observer"
WAYS: Final = ("add", "region", "exclude", OBSERVER)


def import_annotations(
    case: CaseFolder,
    image_id: str,
    file: str | Path,
    way: str,
    *,
    author: str = "",
    reason: str = "other",
    only: str | None = None,
) -> tuple[int, Path]:
    """Take a file of annotations into a case.

    Parameters
    ----------
    way
        ``add`` (mineral), ``region`` (of interest) or ``exclude`` draw strokes, which decide what is measured.
        ``observer`` keeps the file as another person's reading beside the case's own: it changes no measurement.
    author
        Who drew; a name of their choice. An observer must have one.
    reason
        Of exclusions.
    only
        Class to take.

    Returns
    -------
    int, Path
        Number of shapes, and the file that holds them now.

    Raises
    ------
    AnnotationError
        If the file cannot be read, or cannot belong to the image.
    OutputError
        If there is no such way, or the observer has another reading of this image already.
    """
    if way not in WAYS:
        raise OutputError(f"there is no way {way!r} to import", remedy=f"choose one of {', '.join(WAYS)}")
    if reason not in EXCLUDE_REASONS:
        raise OutputError(f"{reason!r} is no reason", remedy=f"choose one of {', '.join(EXCLUDE_REASONS)}")
    entry = case.record.image(image_id)
    calibration = entry.calibration.to_calibration() if entry.calibration else None
    with open_image(case.image_path(image_id), calibration=calibration) as source:
        info = source.info
    kind = StrokeKind.ADD if way == OBSERVER else StrokeKind(way)
    reason = reason if kind is StrokeKind.EXCLUDE else ""
    annotations = read_any(file, info, kind, only=only, author=author, reason=reason)
    if way == OBSERVER:
        path = observer_file(case, image_id, author)
        text = dumps(to_geojson(annotations), indent=1) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") != text:
            what = f"{author} has another reading of {image_id} already"
            raise OutputError(what, path=path, remedy="remove it first, or give another name with --author")
        write_text(path, text)
        return len(annotations.strokes), path
    if not annotations.strokes:
        raise OutputError("holds no area, so there is nothing to draw", path=Path(file), remedy="import it as observer")
    log = case.stroke_log(image_id, author=author)
    with log:
        log.add(annotations.strokes)
        log.save()
    return len(annotations.strokes), case.path / "annotations" / f"{image_id}.geojson"


def observer_file(case: CaseFolder, image_id: str, author: str) -> Path:
    """Where the reading of another observer stands; OutputError where the name is none."""
    name = author.strip()
    if not name or any(character in '<>:"/\\|?*' or ord(character) < 32 for character in name) or name.startswith("."):
        what = f"{author!r} is no name of an observer" if author else "an observer needs a name"
        raise OutputError(what, remedy="give letters, digits and spaces with --author")
    return case.path / "observers" / name / f"{case.record.image(image_id).id}.geojson"
