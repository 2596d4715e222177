"""Settings of an image as the journals of everybody who worked on it left them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calcannot.store.journal import Change


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
