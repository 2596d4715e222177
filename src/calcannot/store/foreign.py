"""What others did to the strokes of an image, as it is told to whoever has it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcannot.store.stroke_state import Conflict, StrokeState, same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.store.kept_settings import KeptSetting


@dataclass(frozen=True, slots=True)
class ForeignChanges:
    """What others did since the last look. Ids, and names of settings; empty where nothing changed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    settings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.conflicts or self.settings)

    def followed_by(self, later: ForeignChanges) -> ForeignChanges:
        """Both together, as if they had been one."""
        added = dict.fromkeys((*self.added, *later.added))
        removed = dict.fromkeys((*self.removed, *later.removed))
        changed = dict.fromkeys((*self.changed, *later.changed))
        return ForeignChanges(
            tuple(x for x in added if x not in later.removed and x not in self.removed),
            tuple(x for x in removed if x not in later.added and x not in self.added),
            tuple(x for x in changed if x not in added and x not in removed)
            + tuple(x for x in later.added if x in self.removed),
            tuple(dict.fromkeys((*self.conflicts, *later.conflicts))),
            tuple(dict.fromkeys((*self.settings, *later.settings))),
        )


def foreign_changes(before: StrokeState, after: StrokeState) -> ForeignChanges:
    """What differs between two states of the strokes."""
    return ForeignChanges(
        added=tuple(each for each in after.order if each not in before.strokes),
        removed=tuple(each for each in before.order if each not in after.strokes),
        changed=tuple(
            each
            for each in after.order
            if each in before.strokes and not same(before.strokes[each], after.strokes[each])
        ),
        conflicts=tuple(each for each in after.conflicts if each not in before.conflicts),
    )


def foreign_settings(before: Mapping[str, KeptSetting], after: Mapping[str, KeptSetting]) -> tuple[str, ...]:
    """Names of the settings that somebody has left otherwise."""
    return tuple(name for name, kept in after.items() if name not in before or before[name].value != kept.value)
