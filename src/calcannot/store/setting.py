"""Settings of an image that are changed while it is worked on, such as the rule and the pixel size.

They stand in the journal between the strokes, so that undo goes through all of it in one order. What a setting means
is the business of whoever makes it: here it has a name, and a value as JSON has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

WAITING: Final = "waiting clicks"
"""What a person clicked on that could not be done yet."""
NOTES: Final = frozenset({WAITING})
"""Settings that are no action, and so are passed over by undo."""


@dataclass(frozen=True, slots=True)
class SettingEdit:
    """Change of a setting; ``before`` and ``after`` are plain values, None where it is not set."""

    name: str
    before: Any
    after: Any

    def inverse(self) -> SettingEdit:
        """The edit that takes this one back."""
        return SettingEdit(self.name, self.after, self.before)
