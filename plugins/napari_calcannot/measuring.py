"""Measuring in the background, by the button and by itself after corrections."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.errors import CalcannotError
from napari_calcannot.layers import MINERAL
from napari_calcannot.session_state import TILES
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.model.analysis import Analysis
    from napari_calcannot.desk import Desk
    from napari_calcannot.question import Question
    from napari_calcannot.session import Session

_IDLE_MS = 1200
_SLOW_S = 4.0
_SLOW_IDLE_MS = 6000  # of a slide: numbers follow when the hand has come to rest


class Measuring(QObject):
    """Runs one job at a time that the panel waits for, and quiet ones that it does not wait for.

    Parameters
    ----------
    desk
        What is measured.
    """

    measured = Signal(object, object)
    """Session and analysis, after the button was pressed."""
    given_up = Signal(str)
    """It was cancelled, or failed: what was said of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._again = False
        self._idle = QTimer(self, singleShot=True)
        self._idle.timeout.connect(self._measure_quietly)
        desk.strokes_changed.connect(self._on_strokes)

    def stop(self) -> None:
        """Measure no more."""
        self._idle.stop()

    def need(self) -> None:
        """Measure; while something else runs, when that has ended."""
        desk, session = self._desk, self._desk.session
        if not desk.is_working:
            self.measure()
        elif session is not None and (desk.asked is None or not session.is_asked(desk.asked)):
            self._again = True

    def measure(self) -> None:
        """Measure the image in hand; while something runs, cancel it instead.

        What is drawn meanwhile is on screen and on the disk at once, and is measured next.
        """
        desk, session = self._desk, self._desk.session
        if desk.is_working:
            desk.runner.cancel()
            return
        if session is None:
            return
        try:
            question = session.question()
        except CalcannotError as error:
            desk.say(sentence(error))
            return
        self.work(question.measure, partial(self._on_measured, session), asked=question)

    def work(self, work: Callable[..., object], done: Callable[..., None], *, asked: Question | None = None) -> None:
        """Run what the panel waits for: a measurement, or writing."""
        desk = self._desk
        if desk.is_working:
            desk.say("Something is running. Ask again when it has ended, or press Cancel.")
            return

        def finished(result: object) -> None:
            desk.is_working, desk.asked = False, None
            done(result)
            desk.state_changed.emit()
            self._go_on(asked)

        def failed(message: str) -> None:
            desk.is_working, desk.asked, self._again = False, None, False
            desk.state_changed.emit()
            desk.say(message or "Cancelled.")
            self.given_up.emit(message or "Cancelled.")

        self._idle.stop()
        _make_room()
        desk.say("")
        desk.is_working, desk.asked = True, asked
        desk.runner.start(work, finished, failed)
        desk.state_changed.emit()

    def _on_measured(self, session: Session, analysis: Analysis) -> None:
        self._take(session, analysis)
        if session.shows_mask and session.threshold_by_hand is None and session.resolved is None:
            session.resolved = analysis.resolved
        self.measured.emit(session, analysis)

    def _take(self, session: Session, analysis: Analysis) -> None:
        """Show what was measured, with what was drawn since."""
        session.take(analysis)
        session.follow()
        self._desk.stage.overlay.show_mineral(session)
        if not session.shows_mask:
            self._desk.stage.set_visible(session, MINERAL, False)

    def _go_on(self, asked: Question | None) -> None:
        """Measure what was drawn while something ran. A rule that was changed waits for the button, as always."""
        session, again = self._desk.session, self._again
        self._again = False
        if session is None or session.is_current:
            return
        is_new_question = asked is not None and not session.shows_mask and session.has_recipe(asked.recipe)
        if again or is_new_question:
            self.measure()
        else:
            self._on_strokes()

    def _on_strokes(self) -> None:
        """Corrections are on screen already; the table and the numbers of record follow."""
        session = self._desk.session
        made = None if session is None else session.analysis
        if made is None or session is None or session.is_current or not session.shows_mask:
            self._idle.stop()
            return
        took_s = sum(made.timings_s.values())
        if not self._desk.is_working:
            self._desk.runner.drop()  # what it measures is of strokes that have changed
        self._idle.start(_SLOW_IDLE_MS if took_s > _SLOW_S else _IDLE_MS)

    def _measure_quietly(self) -> None:
        desk, session = self._desk, self._desk.session
        if session is None or desk.is_working or session.is_current or not session.shows_mask:
            return
        question = session.question()
        _make_room()

        def done(analysis: Analysis) -> None:
            if session in desk.sessions:
                self._take(session, analysis)
                desk.state_changed.emit()

        desk.runner.start(question.measure, done, desk.say)


def _make_room() -> None:
    """Free what can be had again: a measurement takes more memory than anything else."""
    TILES.shrink()
    gc.collect()  # of napari's layers and events what was large may lie in circles for minutes
