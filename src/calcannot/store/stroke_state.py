"""The strokes of an image as they stand, and how an edit changes them when somebody else has edited too.

An edit names a stroke, what it was before and what it is after. Applied where the stroke is no longer what the edit
says it was, nothing is lost: both versions are kept, and the conflict is listed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

import numpy as np

from calcannot.model.annotation import Annotations, Stroke
from calcannot.store.geojson import feature_of
from calcannot.store.json_file import canonical

Feature = dict[str, Any]
_NOT_SAID: Final = ("id", "rings", "author", "time")


@dataclass(frozen=True, slots=True)
class Edit:
    """Change of one stroke: drawn where ``before`` is None, removed where ``after`` is None.

    ``behind`` is the stroke that it lay right on top of; empty for the lowest. It says where a stroke returns to.
    """

    id: str
    before: Stroke | None
    after: Stroke | None
    behind: str | None = None

    def inverse(self) -> Edit:
        """The edit that takes this one back."""
        return Edit(self.id, self.after, self.before, self.behind)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two people changed one stroke. ``kept_as`` is the id under which the second version was kept too."""

    id: str
    kept_as: str
    what: str

    def to_dict(self) -> dict[str, str]:
        """Plain values."""
        return {"id": self.id, "kept_as": self.kept_as, "what": self.what}


def same(a: Stroke, b: Stroke) -> bool:
    """Whether two strokes say the same, whoever drew them and when."""
    if _words(a) != _words(b) or len(a.rings) != len(b.rings):
        return False
    return all(np.array_equal(x, y) for x, y in zip(a.rings, b.rings, strict=True))


def digest(stroke: Stroke) -> str:
    """Short hash of what a stroke says, for ids of second versions and for what was removed."""
    return hashlib.sha256(canonical([feature_of(stroke)["geometry"], _words(stroke)])).hexdigest()[:16]


def _words(stroke: Stroke) -> dict[str, str]:
    """Everything that a stroke says beside its shape; what it leaves unsaid is left out."""
    told = {each.name: getattr(stroke, each.name) for each in fields(Stroke) if each.name not in _NOT_SAID}
    return {name: str(value) for name, value in told.items() if value}


@dataclass
class StrokeState:
    """Strokes by id, lowest first; what was removed, by the hash of its content; conflicts not yet resolved.

    ``features`` holds strokes as they stood in the file, so that what calcannot does not know of them is written back.
    """

    strokes: dict[str, Stroke] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    features: dict[str, Feature] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)

    def annotations(self) -> Annotations:
        """The strokes, lowest first."""
        return Annotations(tuple(self.strokes[each] for each in self.order))

    @property
    def unresolved(self) -> list[Conflict]:
        """Conflicts of which both versions are still there; who removes one has decided."""
        return [each for each in self.conflicts if each.id in self.strokes and each.kept_as in self.strokes]

    def copy(self) -> StrokeState:
        """A state that can be changed without changing this one."""
        return StrokeState(
            dict(self.strokes), list(self.order), dict(self.features), dict(self.removed), list(self.conflicts)
        )

    def behind(self, stroke_id: str) -> str:
        """The stroke right below one; empty where there is none."""
        place = self.order.index(stroke_id)
        return self.order[place - 1] if place else ""

    def apply(self, edit: Edit) -> None:
        """Carry out an edit; of a conflict, both versions stay."""
        name = self._where(edit)
        now = self.strokes.get(name)
        if edit.after is None:
            if now is None:
                return
            if edit.before is None or not same(now, edit.before):
                self._conflict(edit.id, name, "changed by one, removed by another: kept")
                return
            self._drop(name)
        elif now is None:
            if edit.before is not None:
                self._conflict(edit.id, name, "removed by one, changed by another: kept")
            self._put(name, edit.after, edit.behind)
        elif same(now, edit.after):
            return
        elif edit.before is not None and same(now, edit.before):
            self._put(name, edit.after, edit.behind)
        else:
            second = f"{edit.id}~{digest(edit.after)[:8]}"
            if second not in self.strokes:
                self._put(second, replace(edit.after, id=second), None)
                self._conflict(edit.id, second, "changed by two: both kept")

    def _where(self, edit: Edit) -> str:
        """The id that an edit is about: where its stroke was kept as a second version, that one's."""
        now = self.strokes.get(edit.id)
        if edit.before is not None and (now is None or not same(now, edit.before)):
            second = f"{edit.id}~{digest(edit.before)[:8]}"
            if second in self.strokes:
                return second
        return edit.id

    def _put(self, name: str, stroke: Stroke, behind: str | None) -> None:
        stroke = stroke if stroke.id == name else replace(stroke, id=name)
        if name not in self.strokes:
            place = len(self.order)
            if behind == "":
                place = 0
            elif behind is not None and behind in self.strokes and self.order[-1] != behind:
                place = self.order.index(behind) + 1
            self.order.insert(place, name)
        self.strokes[name] = stroke
        self.features.pop(name, None)
        self.removed.pop(name, None)

    def _drop(self, name: str) -> None:
        self.removed[name] = digest(self.strokes.pop(name))
        self.order.remove(name)
        self.features.pop(name, None)

    def _conflict(self, stroke_id: str, kept_as: str, what: str) -> None:
        found = Conflict(stroke_id, kept_as, what)
        if found not in self.conflicts:
            self.conflicts.append(found)


def merged(ours: StrokeState, theirs: StrokeState) -> StrokeState:
    """Union of two states of one image, for instance of two copies of a case. Nothing of either is lost.

    What one removed and the other left as it was is removed; what one removed and the other changed is kept, and what
    both have under one id with different content is kept twice. Both are conflicts.
    """
    result = ours.copy()
    for name in theirs.order:
        stroke = theirs.strokes[name]
        if name in ours.removed and name not in ours.strokes:
            if ours.removed[name] == digest(stroke):
                continue
            result._conflict(name, name, "removed by one, changed by another: kept")
        fresh = name not in result.strokes
        if not fresh and f"{name}~{digest(result.strokes[name])[:8]}" in theirs.strokes:
            result._put(name, stroke, None)  # they have both versions already, ours under its second id
        else:
            result.apply(Edit(name, None, stroke))
        if fresh and name in theirs.features:
            result.features[name] = theirs.features[name]
    for name, content in theirs.removed.items():
        if name not in result.strokes:
            result.removed.setdefault(name, content)
        elif digest(result.strokes[name]) == content:
            result._drop(name)
        else:
            result._conflict(name, name, "removed by one, changed by another: kept")
    for each in theirs.conflicts:
        if each not in result.conflicts:
            result.conflicts.append(each)
    return result
