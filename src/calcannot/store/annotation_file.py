"""``annotations/<image>.geojson`` of a case: strokes as QuPath knows them, and beside them what merging needs.

The collection's member ``calcannot`` holds the revision, how far each journal is taken in, what was removed, conflicts
and a checksum. QuPath and others leave it out when they write: the file is then taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcannot.errors import AnnotationError, OutputError
from calcannot.store.atomic import write_text
from calcannot.store.geojson import LARGEST_FILE_BYTES, feature_of, features_in
from calcannot.store.geojson_feature import stroke_of
from calcannot.store.json_file import CHECKSUM, checksum_of, dumps, load_json
from calcannot.store.stroke_state import Conflict, Feature, StrokeState, digest, same

if TYPE_CHECKING:
    from pathlib import Path

_MEMBER = "calcannot"
FILE_FORMAT = 1


@dataclass
class AnnotationFile:
    """Content of the file.

    Attributes
    ----------
    revision
        Counts how often it was written; 0 where there is no file.
    merged
        Last change of each journal that is part of ``state``.
    others
        Features that are no strokes (points, lines), kept as they are.
    members
        Members of the collection that calcannot does not know, kept as they are.
    ours
        Whether calcannot wrote it.
    """

    state: StrokeState = field(default_factory=StrokeState)
    revision: int = 0
    merged: dict[str, int] = field(default_factory=dict)
    others: list[Feature] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)
    ours: bool = True


def read_annotation_file(path: Path) -> AnnotationFile:
    """Read the file; where there is none, no stroke was drawn.

    Raises
    ------
    AnnotationError
        If it is damaged, or holds what cannot be strokes: the feature is named.
    """
    if not path.exists():
        return AnnotationFile()
    content = load_json(path, AnnotationError, largest_bytes=LARGEST_FILE_BYTES)
    result = AnnotationFile(ours=False)
    if isinstance(content, dict):
        member = content.get(_MEMBER)
        if member is not None:
            _take_member(member, content, result, path)
        elif any(isinstance(each, dict) and "merged" in each for each in content.values()):
            remedy = "restore it from a backup"
            raise AnnotationError(f"the name of its member {_MEMBER} is damaged", path=path, remedy=remedy)
        result.members = {k: v for k, v in content.items() if k not in ("type", "features", _MEMBER)}
    for number, feature in enumerate(features_in(content, path), start=1):
        _take(feature, number, result, path)
    return result


def write_annotation_file(path: Path, file: AnnotationFile) -> None:
    """Replace the file.

    Raises
    ------
    OutputError
        If it cannot be written, or would be too large to be read again.
    """
    state = file.state
    features = [state.features.get(name) or feature_of(state.strokes[name]) for name in state.order]
    member: dict[str, Any] = {
        "format": FILE_FORMAT,
        "revision": file.revision,
        "merged": dict(sorted(file.merged.items())),
        "removed": dict(sorted(state.removed.items())),
        "conflicts": [each.to_dict() for each in state.conflicts],
    }
    content = {"type": "FeatureCollection", **file.members, "features": features + file.others, _MEMBER: member}
    member[CHECKSUM] = checksum_of(content)
    text = _by_line(content)
    if len(text.encode()) > LARGEST_FILE_BYTES:
        what = f"would be larger than {LARGEST_FILE_BYTES >> 20} MiB, which is the most that is read"
        raise OutputError(what, path=path, remedy="keep fewer or simpler strokes; the journal holds them all")
    write_text(path, text)


def _take_member(member: object, content: dict[str, Any], result: AnnotationFile, path: Path) -> None:
    remedy = "it is damaged; restore it from a backup"
    if not isinstance(member, dict):
        raise AnnotationError(f"member {_MEMBER} is not an object", path=path, remedy=remedy)
    version = member.get("format")
    if isinstance(version, int) and version > FILE_FORMAT:
        what = f"was written in format {version}, this calcannot knows up to {FILE_FORMAT}"
        raise AnnotationError(what, path=path, remedy="update calcannot; the file was not changed")
    claimed = member.get(CHECKSUM)
    without = {**content, _MEMBER: {key: value for key, value in member.items() if key != CHECKSUM}}
    try:
        fits = claimed == checksum_of(without)
    except ValueError:
        fits = False
    if not fits:
        for number, feature in enumerate(features_in(content, path), start=1):
            stroke_of(feature, number, path)  # where a feature is wrong in itself, it is the one to name
        what = f"member {_MEMBER}: the strokes do not fit the checksum: damaged, or changed by another program"
        advice = "restore it from a backup; if you changed it yourself, remove the member calcannot at its end"
        raise AnnotationError(what, path=path, remedy=advice)
    try:
        result.revision = int(member["revision"])
        result.merged = {str(k): int(v) for k, v in member["merged"].items()}
        result.state.removed = {str(k): str(v) for k, v in member["removed"].items()}
        result.state.conflicts = [Conflict(**each) for each in member["conflicts"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AnnotationError(f"member {_MEMBER} is incomplete", path=path, remedy=remedy) from None
    result.ours = True


def _take(feature: Feature, number: int, result: AnnotationFile, path: Path) -> None:
    stroke = stroke_of(feature, number, path, is_known_valid=result.ours)
    state = result.state
    if stroke is None:
        result.others.append(feature)
        return
    name = stroke.id
    if name in state.strokes:
        if same(state.strokes[name], stroke):
            return
        name = f"{name}~{digest(stroke)[:8]}"
        state.conflicts.append(Conflict(stroke.id, name, "one id for two strokes: both kept"))
        feature = {**feature, "id": name}
        stroke = stroke_of(feature, number, path)
        assert stroke is not None
    if name not in state.strokes:
        state.order.append(name)
    state.strokes[name] = stroke
    state.features[name] = feature if feature.get("id") == name else {**feature, "id": name}


def _by_line(content: dict[str, Any]) -> str:
    """One line a feature: a change of one stroke is a change of one line."""
    head, lines = [], []
    for key, value in content.items():
        if key == "features":
            lines = [dumps(each) for each in value]
            head.append('"features": [\n' + ",\n".join(lines) + ("\n]" if lines else "]"))
        else:
            head.append(f"{dumps(key)}: {dumps(value)}")
    return "{\n" + ",\n".join(head) + "\n}\n"
