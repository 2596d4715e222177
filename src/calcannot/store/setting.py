"""Settings of an image that are changed while it is worked on, such as the rule and the pixel size.

They stand in the journal between the strokes, so that undo goes through all of it in one order. What a setting means
is the business of whoever makes it: here it has a name, and a value as JSON has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.store.journal import Change


@dataclass(frozen=True, slots=True)
class SettingEdit:
    """Change of a setting; ``before`` and ``after`` are plain values, None where it is not set."""

    name: str
    before: Any
    after: Any

    def inverse(self) -> SettingEdit:
        """The edit that takes this one back."""
        return SettingEdit(self.name, self.after, self.before)


@dataclass(frozen=True, slots=True)
class KeptSetting:
    """A setting as it was left, by whom and when (UTC in ISO 8601)."""

    value: Any
    author: str
    time: str


def settings_left_by(changes: Iterable[Change]) -> dict[str, KeptSetting]:
    """What the latest of these changes left of each setting, whatever the order they are given in."""
    left: dict[str, KeptSetting] = {}
    for change in changes:
        for edit in change.settings:
            if edit.name not in left or left[edit.name].time <= change.time:
                left[edit.name] = KeptSetting(edit.after, change.author, change.time)
    return left
