"""Gives an image its case, and writes what is not written: at any time, and when it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import CalcannotError
from napari_calcannot.case_home import keep_size, make_own_case, size_in_case
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.pending import drop_pending, write_pending
from napari_calcannot.settings import given_size
from napari_calcannot.waiting import waiting_clicks
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from napari_calcannot.session import Session

_SET_ASIDE = "What you drew is set aside on this computer: it comes back when you open the image again."


def own_drawing_of(session: Session) -> LogDrawing:
    """Make the case of an image that has none; errors as ``make_own_case``."""
    role = session.automatic_recipe.kind if session.analysis is not None else session.info.modality.value
    return make_own_case(session.path, role=role, calibration=given_size(session.source), author=session.hand.author)


def move_in(session: Session, drawing: LogDrawing) -> None:
    """Keep an image in its case from now on."""
    session.keep_in(drawing)
    drop_pending(session)


def secure(session: Session) -> None:
    """Write the strokes that are not written; errors as ``make_own_case``."""
    session.settle()
    done = session.drawing.next_undo is not None or bool(waiting_clicks(session))
    if done and isinstance(session.drawing, MemoryDrawing) and session.path.exists():
        move_in(session, own_drawing_of(session))
    if isinstance(session.drawing, LogDrawing):
        session.drawing.save()
        keep_size(session)
        drop_pending(session)


def set_aside(session: Session) -> str:
    """Write the same; where that is not possible, on this computer, from where it comes back by itself.

    Returns
    -------
    str
        Why it was set aside; empty where it was written.

    Raises
    ------
    CalcannotError
        If it can be written nowhere.
    """
    try:
        secure(session)
    except CalcannotError as error:
        write_pending(session)
        return f"{sentence(error)} {_SET_ASIDE}"
    return ""


def has_other_size(session: Session) -> bool:
    """Whether the case of an image does not have its pixel size yet."""
    drawing = session.drawing
    return isinstance(drawing, LogDrawing) and given_size(session.source) != size_in_case(drawing)


def let_go(session: Session) -> str:
    """The same of an image that is closed; as ``set_aside``."""
    said = set_aside(session)
    if not said:
        session.drawing.close()
    return said
