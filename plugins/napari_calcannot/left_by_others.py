"""A rule or pixel size that somebody else left on an image which this person works on too: one of two is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import CalcannotError
from calcannot.report.numbers import significant
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_rule, plain_size, rule_of, size_of

if TYPE_CHECKING:
    from calcannot.store.kept_settings import KeptSetting
    from napari_calcannot.session import Session

_READERS: Final = {RULE: rule_of, PIXEL_SIZE: size_of}


@dataclass(frozen=True, slots=True)
class LeftByOthers:
    """One setting of an image, as two people left it.

    Parameters
    ----------
    name
        ``RULE`` or ``PIXEL_SIZE``.
    theirs, mine
        Plain values.
    text
        What the user has to be told.
    is_theirs
        Whether theirs is in force, as it is when the image is opened again.
    """

    name: str
    theirs: Any
    mine: Any
    text: str
    is_theirs: bool


def left_by_others(session: Session) -> LeftByOthers | None:
    """What somebody else set since this person did, and was not chosen or refused yet; None where there is nothing."""
    drawing = session.drawing
    if not isinstance(drawing, LogDrawing):
        return None
    for name, theirs in drawing.settings_of_others.items():
        if name not in _READERS:
            continue
        now, own = in_force(session, name), drawing.own_setting(name)
        is_theirs = _is_same(name, now, theirs.value)
        if is_theirs and not drawing.is_worked_on:
            continue  # opened as they left it, which was said
        mine = own if is_theirs else now
        if not _is_same(name, mine, theirs.value):
            return LeftByOthers(name, theirs.value, mine, _told(name, theirs, mine, is_theirs=is_theirs), is_theirs)
    return None


def in_force(session: Session, name: str) -> Any:
    """A setting as it is, as a plain value."""
    return plain_rule(session.rule) if name == RULE else plain_size(given_size(session.source))


def setting_text(name: str, value: Any) -> str:
    """A plain value in words, be it of a later version."""
    try:
        if name == RULE:
            rule = rule_of(value)
            recipe = "the recipe by kind of image" if rule.chosen is None else rule.chosen.name
            return recipe if rule.threshold is None else f"{recipe}, threshold {significant(rule.threshold, 4)}"
        size = size_of(value)
    except CalcannotError:
        return "one that this calcannot cannot read"
    return "that of the file" if size is None else f"{significant(size.mean_um_per_px, 4)} µm a pixel"


def left_text(name: str, kept: KeptSetting) -> str:
    """By whom and when a setting was left, and what it is."""
    who = kept.author or "somebody else"
    when = datetime.fromisoformat(kept.time).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"The {name} is as {who} left it on {when}: {setting_text(name, kept.value)}."


def _told(name: str, theirs: KeptSetting, mine: Any, *, is_theirs: bool) -> str:
    own = setting_text(name, mine)
    if is_theirs:
        return f"{left_text(name, theirs)} Yours was: {own}. Both are kept."
    who = theirs.author or "Somebody else"
    return f"{who} set the {name} of this image: {setting_text(name, theirs.value)}. Yours is in force: {own}."


def _is_same(name: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    try:
        return bool(_READERS[name](one) == _READERS[name](other))
    except CalcannotError:
        return False
