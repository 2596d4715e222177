"""What the hand does before there is a mask to do it to: outlined on the image, and done when the mask is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_calcannot.waiting import Click, keep_waiting, waiting_clicks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.annotation import Stroke
    from napari_calcannot.desk import Desk
    from napari_calcannot.painting import Ring
    from napari_calcannot.session import Session

_WAITS = "The image is being measured: this is done as soon as its mask is there."


class Awaiting(QObject):
    """Strokes and clicks on images whose mask is being made.

    Parameters
    ----------
    desk
        Its image in hand is drawn on.
    """

    ready = Signal(object)
    """A ``Click`` on the image in hand, whose mask is there now."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._strokes: list[tuple[Session, str, Sequence[Ring]]] = []
        self._is_doing = False
        desk.state_changed.connect(self._on_state)

    def way(self, session: Session, rings: Sequence[Ring]) -> None:
        """Show the way of a brush that is down."""
        self._desk.stage.drawn.outline_awaited(session, [*self._rings(session), *rings])

    def drawn(self, session: Session, strokes: Sequence[Stroke]) -> None:
        """Outline strokes that are kept already, until the mask shows them."""
        self._strokes += [(session, each.id, each.rings) for each in strokes]
        self._show(session)

    def click(self, click: Click) -> None:
        """Keep a click on the image in hand until its mask is there, be it in a later session."""
        if self._desk.change(lambda each: keep_waiting(each, [*waiting_clicks(each), click])):
            self._desk.say(_WAITS)

    def give_up(self, why: str) -> None:
        """There will be no mask: say so of clicks that wait for it, after what was said already."""
        session = self._desk.session
        if session is not None and waiting_clicks(session):
            self._desk.change(lambda each: keep_waiting(each, []))
            self._desk.say(f"{why} What you clicked on meanwhile was not done.")

    def _rings(self, session: Session) -> list[Ring]:
        there = {each.id for each in session.annotations.strokes}  # one that was taken back is not
        return [ring for whose, name, rings in self._strokes if whose is session and name in there for ring in rings]

    def _show(self, session: Session) -> None:
        self._desk.stage.drawn.outline_awaited(session, self._rings(session))

    def _on_state(self) -> None:
        open_now, before = self._desk.sessions, self._strokes
        self._strokes = [each for each in before if each[0] in open_now and not each[0].shows_mask]
        for session in {whose for whose, *_ in before if whose in open_now}:
            self._show(session)
        in_hand = self._desk.session
        if in_hand is not None and in_hand.shows_mask and not self._is_doing:
            self._is_doing = True
            try:
                self._do(in_hand)
            finally:
                self._is_doing = False

    def _do(self, session: Session) -> None:
        """Do what was clicked for, in order. Done twice, where the power fails in between, it changes nothing more."""
        clicks = waiting_clicks(session)
        while clicks:
            self.ready.emit(clicks.pop(0))
            keep_waiting(session, clicks)
