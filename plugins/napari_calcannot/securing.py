"""Gives an image its case, and writes what is not written: at any time, and when it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_calcannot.case_home import keep_size, make_own_case, size_in_case
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.pending import drop_pending
from napari_calcannot.settings import given_size

if TYPE_CHECKING:
    from napari_calcannot.session import Session


def own_drawing_of(session: Session) -> LogDrawing:
    """Make the case of an image that has none; errors as ``make_own_case``."""
    role = session.automatic_recipe.kind if session.analysis is not None else session.info.modality.value
    return make_own_case(session.path, role=role, calibration=given_size(session.source), author=session.hand.author)


def move_in(session: Session, drawing: LogDrawing) -> None:
    """Keep an image in its case from now on."""
    session.keep_in(drawing)
    drop_pending(session.path)


def secure(session: Session) -> None:
    """Write the strokes that are not written; errors as ``make_own_case``."""
    session.settle()
    done = session.drawing.next_undo is not None
    if done and isinstance(session.drawing, MemoryDrawing) and session.path.exists():
        move_in(session, own_drawing_of(session))
    if isinstance(session.drawing, LogDrawing):
        session.drawing.save()
        keep_size(session)


def has_other_size(session: Session) -> bool:
    """Whether the case of an image does not have its pixel size yet."""
    drawing = session.drawing
    return isinstance(drawing, LogDrawing) and given_size(session.source) != size_in_case(drawing)


def let_go(session: Session) -> None:
    """The same of an image that is closed."""
    secure(session)
    session.drawing.close()
