"""What was done to an image whose own case is still being made: its hash is read first, and a network may be slow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.errors import AnnotationError, CalcannotError
from calcannot.model.annotation import Annotations
from calcannot.store.atomic import write_text
from calcannot.store.geojson import read_annotations, to_geojson
from calcannot.store.json_file import load_json
from calcannot.store.setting import SettingEdit
from napari_calcannot.case_home import own_case_of
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_rule, plain_size
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
            if name not in before or value == before[name]:
                continue
            try:
                session.restore(name, value)
                edits.append(SettingEdit(name, before[name], value))
            except CalcannotError as error:
                session.notice += f" The {name} is not the one that you left: {sentence(error)}"
        if strokes or edits:
            session.drawing.change(strokes, settings=edits, what="what was left unsaved")


def pending_path(image: Path) -> Path:
    """Where it is meanwhile: beside the case to be."""
    place = own_case_of(image)
    return place.with_name(f"{place.name}.pending.geojson")


def write_pending(session: Session) -> None:
    """Write strokes and settings in force; OutputError where that fails."""
    path = pending_path(session.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps({**to_geojson(session.annotations), _SETTINGS: _settings_of(session)}))


def read_pending(image: Path) -> Pending | None:
    """What was left behind; None where nothing was.

    Raises
    ------
    AnnotationError
        If the file is damaged.
    """
    path = pending_path(image)
    if not path.exists():
        return None
    content = load_json(path, AnnotationError, largest_bytes=_LARGEST_BYTES)
    found: dict[str, Any] = content if isinstance(content, dict) else {}
    settings = found.get(_SETTINGS, {})
    only_settings = settings and not found.get("features")
    return Pending(Annotations() if only_settings else read_annotations(path), settings)


def drop_pending(image: Path) -> None:
    """It is in the case now."""
    pending_path(image).unlink(missing_ok=True)


def _settings_of(session: Session) -> dict[str, Any]:
    return {RULE: plain_rule(session.rule), PIXEL_SIZE: plain_size(given_size(session.source))}
