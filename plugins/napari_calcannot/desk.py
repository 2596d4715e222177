"""What all parts of the panel share: the open images, the one in hand, the viewer, and one message line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from calcannot.errors import CalcannotError
from napari_calcannot.boxes import Box
from napari_calcannot.jobs import Runner
from napari_calcannot.stage import Stage
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer

    from napari_calcannot.question import Question
    from napari_calcannot.session import Session


class Desk(QObject):
    """The state of the panel. Parts of it change the session through ``change`` and hear of it by the signals.

    Parameters
    ----------
    viewer
        Of napari.
    """

    said = Signal(str)
    """A message for the user; empty to take the last one away."""
    state_changed = Signal()
    """Anything about the image in hand, or which one it is."""
    strokes_changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stage = Stage(viewer)
        self.runner = Runner(self)
        self.sessions: list[Session] = []
        self.session: Session | None = None
        self.is_working = False
        """Whether something runs that the panel waits for; what is done to the image meanwhile is kept."""
        self.asked: Question | None = None
        """What is measured, while that runs."""

    def say(self, message: str) -> None:
        """Show a message until the next one."""
        self.said.emit(message)

    def choose(self, session: Session | None) -> None:
        """Turn to another image; work on the one before is dropped."""
        if session is not self.session:
            self.session = session
            self.is_working, self.asked = False, None
            self.runner.drop()

    def change(self, change: Callable[[Session], object]) -> bool:
        """Change the session, and bring the viewer up to it; False where it refuses, which is said."""
        session = self.session
        if session is None:
            return False
        strokes, size = session.annotations, session.info.calibration
        try:
            change(session)
        except CalcannotError as error:
            self.say(sentence(error))
            return False
        self.say("")
        if session.info.calibration != size:
            self.stage.place(session)
        if session.annotations is not strokes:
            self.follow(session)
            self.stage.drawn.show_regions(session)
            self.strokes_changed.emit()
        self.state_changed.emit()
        return True

    def follow(self, session: Session) -> list[Box]:
        """Bring mask and marks on screen up to the strokes."""
        boxes = session.follow() or []
        review, mask = session.review, session.mask
        if review is not None and mask is not None and review.follow(session.annotations):
            assert session.analysis is not None
            table = session.analysis.regions
            edges = (table.row_min, table.col_min, table.row_max, table.col_max)
            boxes += [Box(*(int(edge[region]) for edge in edges)) for region in mask.tiles.recode(review.codes)]
        self.stage.overlay.mask_changed(session, boxes)
        return boxes
