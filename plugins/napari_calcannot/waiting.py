"""Clicks on a mask that is still being made: in the journal at once, and taken out of it when they are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcannot.store.setting import WAITING, SettingEdit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.session import Session

_TOOL, _ROW, _COL = "tool", "row", "col"


@dataclass(frozen=True, slots=True)
class Click:
    """A tool by its name, and the pixel that was clicked."""

    tool: str
    row: int
    col: int

    def plain(self) -> dict[str, Any]:
        """The same for a file."""
        return {_TOOL: self.tool, _ROW: self.row, _COL: self.col}


def clicks_of(value: Any) -> list[Click]:
    """From a file; what is none, for instance of a later version, is passed over."""
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    parts = [(each.get(_TOOL), each.get(_ROW), each.get(_COL)) for each in found]
    return [
        Click(tool, row, col)
        for tool, row, col in parts
        if isinstance(tool, str) and isinstance(row, int) and isinstance(col, int)
    ]


def waiting_clicks(session: Session) -> list[Click]:
    """Clicks of this person that are not done yet, of now or of a session that ended before they were."""
    return clicks_of(session.drawing.own_setting(WAITING))


def keep_waiting(session: Session, clicks: Sequence[Click]) -> None:
    """Note which clicks are still to be done."""
    before, after = ([each.plain() for each in some] for some in (waiting_clicks(session), clicks))
    session.drawing.change(settings=(SettingEdit(WAITING, before, after),))


def waiting_text(session: Session) -> str:
    """What the user is told of them when an image is opened again; empty where there are none."""
    count = len(waiting_clicks(session))
    if not count:
        return ""
    clicks, they = ("A click", "it was") if count == 1 else (f"{count} clicks", "they were")
    what = "Fill gap or Delete region"
    return f"{clicks} with {what} waited for the mask when this image was closed: Measure does what {they} made for."
