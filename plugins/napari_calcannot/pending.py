"""What was done to an image whose case is still being made, for its hash is read first, or cannot be written."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.errors import AnnotationError, CalcannotError
from calcannot.model.annotation import Annotations
from calcannot.model.file_names import file_name_of
from calcannot.store.atomic import cannot_write, write_text
from calcannot.store.geojson import read_annotations, to_geojson
from calcannot.store.json_file import load_json
from calcannot.store.setting import NOTES, WAITING, SettingEdit
from napari_calcannot.case_home import own_case_of
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_rule, plain_size
from napari_calcannot.waiting import clicks_of, keep_waiting, waiting_clicks
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from pathlib import Path

    from napari_calcannot.session import Session

_SETTINGS = "calcannot_settings"
_LARGEST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Pending:
    """Strokes and settings that a process left behind which ended before there was a case."""

    annotations: Annotations
    settings: dict[str, Any]

    def bring_back(self, session: Session) -> None:
        """Do it again; what cannot be brought back is in ``session.notice``."""
        there = {stroke.id for stroke in session.annotations.strokes}
        strokes = [stroke for stroke in self.annotations.strokes if stroke.id not in there]
        before = _settings_of(session)
        edits = []
        for name, value in self.settings.items():
            if name in NOTES or name not in before or value == before[name]:
                continue
            try:
                session.restore(name, value)
                edits.append(SettingEdit(name, before[name], value))
            except CalcannotError as error:
                said = f"The {name} is not the one that you left: {sentence(error)}"
                session.notice = f"{session.notice} {said}".strip()
        known = waiting_clicks(session)
        waiting = [each for each in clicks_of(self.settings.get(WAITING)) if each not in known]
        if waiting:
            keep_waiting(session, [*known, *waiting])
        if strokes or edits:
            session.drawing.change(strokes, settings=edits, what="what was left unsaved")


def pending_path(session: Session) -> Path:
    """Where it is meanwhile, on this computer: beside the case to be, or for a case elsewhere under its name."""
    place, drawing = own_case_of(session.path), session.drawing
    if isinstance(drawing, LogDrawing) and drawing.case.path.resolve() != place.resolve():
        which = f"{drawing.case.path.resolve()}\n{drawing.image_id}"
        name = f"{file_name_of(drawing.case.path.name)[:60]}-{hashlib.sha256(which.encode()).hexdigest()[:8]}"
        place = place.with_name(name)
    return place.with_name(f"{place.name}.pending.geojson")


def write_pending(session: Session) -> None:
    """Write strokes and settings in force; OutputError where that fails."""
    path = pending_path(session)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    write_text(path, json.dumps({**to_geojson(session.annotations), _SETTINGS: _settings_of(session)}))


def read_pending(session: Session) -> Pending | None:
    """What was left behind; None where nothing was.

    Raises
    ------
    AnnotationError
        If the file is damaged.
    """
    path = pending_path(session)
    if not path.exists():
        return None
    content = load_json(path, AnnotationError, largest_bytes=_LARGEST_BYTES)
    found: dict[str, Any] = content if isinstance(content, dict) else {}
    settings = found.get(_SETTINGS, {})
    if not isinstance(settings, dict):
        raise AnnotationError(f"field {_SETTINGS} holds no settings", path=path, remedy="restore it from a backup")
    only_settings = settings and not found.get("features")
    return Pending(Annotations() if only_settings else read_annotations(path), settings)


def drop_pending(session: Session) -> None:
    """It is in the case now."""
    with suppress(OSError):
        pending_path(session).unlink(missing_ok=True)


def _settings_of(session: Session) -> dict[str, Any]:
    kept = {RULE: plain_rule(session.rule), PIXEL_SIZE: plain_size(given_size(session.source))}
    waiting = waiting_clicks(session)
    return {**kept, WAITING: [each.plain() for each in waiting]} if waiting else kept
