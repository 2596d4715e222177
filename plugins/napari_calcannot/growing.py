"""Grow a lesion of a film from a click, and move the share of its peak at which the growth ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.pipeline.grow import at_share, grow
from calcannot.pipeline.growth import Growth, Leak
from calcannot.report.numbers import area_text, peak_text, plane_text
from calcannot.segment.shipped import default_recipe
from napari_calcannot.jobs import JobQueue, Runner
from napari_calcannot.outlines import polygons_of
from napari_calcannot.tools import Hand, Tool

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from calcannot.model.recipe import Recipe
    from calcannot.pipeline.scan import Progress
    from napari_calcannot.desk import Desk
    from napari_calcannot.regions_view import RegionsView
    from napari_calcannot.session import Session

_MOVE_MS, _REST_MS = 40, 500  # from the last move of the slider until the outline, and the stroke, follow


class Growing(QObject):
    """Joins the tool "Grow" with the session.

    Parameters
    ----------
    desk, hand, view
        Where, what clicks, and what shows the share of the peak.
    """

    measurement_needed = Signal()

    def __init__(self, desk: Desk, hand: Hand, view: RegionsView) -> None:
        super().__init__(desk)
        self._desk, self._hand, self._view = desk, hand, view
        self._clicks, self._runner = (
            JobQueue(self),
            Runner(self),
        )  # each click is a lesion; of a slider the latest counts
        self._is_outlined = False
        self._latest: tuple[Session, Growth] | None = None
        self._waiting: list[tuple[Session, Growth, str]] = []
        """Grown while another image was in hand."""
        self._moved, self._rested = (QTimer(self, singleShot=True, interval=ms) for ms in (_MOVE_MS, _REST_MS))
        self._moved.timeout.connect(self._follow_slider)
        self._rested.timeout.connect(self._keep_share)
        hand.clicked.connect(self._on_clicked)
        hand.tool_changed.connect(self._on_tool)
        view.share_moved.connect(self._on_moved)
        view.as_found_asked.connect(self._on_as_found)
        desk.state_changed.connect(self._on_state)

    def stop(self) -> None:
        """Grow no more."""
        self._forget_slider()
        self._clicks.drop()

    def grow_at(self, row: float, col: float) -> None:
        """Grow the lesion at a place, in a thread, when those that were clicked before are grown."""
        session = self._desk.session
        if session is None:
            return

        def work(_: Progress) -> Growth:
            return grow(session.source, recipe_for(session), row, col, session.annotations)

        def failed(message: str) -> None:
            if session in self._desk.sessions:
                self._desk.say(message)

        self._desk.say("Growing ...")
        self._clicks.add(work, partial(self._on_grown, session), failed)

    # Inside

    def _on_tool(self, tool: str) -> None:
        if Tool(tool) is Tool.GROW:
            self._desk.say("Click on a lesion, where it is dense. It is grown to its edge.")

    def _on_clicked(self, row: float, col: float) -> None:
        if self._hand.tool is Tool.GROW:
            self.grow_at(row, col)

    def _on_grown(self, session: Session, growth: Growth) -> None:
        self._forget_slider()  # it was of the growth before
        self._show(session, growth)
        self._view.show_share(growth.surface.peak_fraction)
        self._keep(session, growth, "grow")

    def _on_moved(self, _: float) -> None:
        self._moved.start()
        self._rested.start()

    def _follow_slider(self) -> None:
        if self._latest is None:
            return
        session, growth = self._latest
        self._runner.start(
            partial(_moved_to, session, growth, self._view.share), partial(self._show, session), self._desk.say
        )

    def _keep_share(self) -> None:
        """The slider has come to rest: the share it shows is kept with the stroke."""
        if self._runner.is_busy:
            self._rested.start()
        elif self._latest is not None:
            self._keep(*self._latest, "share of the peak")

    def _on_as_found(self) -> None:
        if self._latest is None:
            return
        session, growth = self._latest
        self._forget_slider()
        self._runner.start(partial(_moved_to, session, growth, None), partial(self._on_grown, session), self._desk.say)

    def _forget_slider(self) -> None:
        self._moved.stop()
        self._rested.stop()
        self._runner.drop()

    def _show(self, session: Session, growth: Growth) -> None:
        """Outline on the film, and in words how large and at which share."""
        if session is not self._desk.session:
            return
        self._latest = (session, growth)
        rings = [ring for polygon in polygons_of(growth.mask, growth.row, growth.col) for ring in polygon]
        self._desk.stage.drawn.outline_chosen(session, rings)
        self._is_outlined = True
        self._desk.say(growth_text(session, growth))

    def _keep(self, session: Session, growth: Growth, name: str) -> None:
        if session not in self._desk.sessions:
            return  # closed meanwhile
        if session is not self._desk.session:
            self._waiting.append((session, growth, name))
            return
        stroke, known = growth.stroke, {each.id: each for each in session.annotations.regions}
        before = known.get(stroke.id)
        if before is not None and _is_same(before, stroke):
            if not session.is_current:
                self.measurement_needed.emit()  # of an earlier day
            return
        taken = [each.id for each in session.annotations.clicks if each.id != stroke.id and growth.is_on(each)]
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        title = before.name if before is not None else f"region {len(known) - len(taken) + 1}"
        drawn = replace(stroke, name=title, author=session.hand.author, time=now)
        if before is not None:
            drawn = replace(drawn, side=before.side, morphology=before.morphology)
        said = growth_text(session, growth)
        if self._desk.change(lambda each: each.draw([drawn], name, remove=taken)):
            self.measurement_needed.emit()
            self._desk.say(said)

    def _on_state(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._keep(*each)
        session, latest, working = self._desk.session, self._latest, self._desk.is_working
        if self._is_outlined and session is not None and session.is_current and not working:
            self._is_outlined = False  # the mask shows it now
            self._desk.stage.drawn.outline_chosen(session, [])
        ids = () if session is None else {each.id for each in session.annotations.clicks}
        is_there = latest is not None and latest[0] is session and latest[1].stroke.id in ids
        self._view.offer_share(possible=is_there)


def recipe_for(session: Session) -> Recipe:
    """The rule to grow by: the chosen one, or that of films with regions; errors as ``default_recipe``."""
    return session.chosen or default_recipe(session.info, has_regions=True)


def growth_text(session: Session, growth: Growth) -> str:
    """How large, at which share of the peak, and what the growth has run into."""
    size, share = session.info.calibration, growth.surface.peak_fraction
    area_mm2 = None if size is None else growth.area_px * size.pixel_area_um2 / 1e6
    text = f"{area_text(area_mm2, growth.area_px)}{plane_text(size)}, outline at {peak_text(share, share)}."
    if growth.held:
        own = peak_text(growth.found.peak_fraction, growth.found.peak_fraction)
        text += (
            f" At {own}, where its own edge seems to be, it would run out of the lesion, so it was held. Look at the "
            "outline: part of the lesion may be missing."
        )
    if growth.leak is not Leak.NONE:
        text += f" It runs into {growth.leak.value}: do not believe the area."
    return text


def _moved_to(session: Session, growth: Growth, share: float | None, _: object) -> Growth:
    return at_share(session.source, recipe_for(session), growth, share, session.annotations)


def _is_same(one: Stroke, other: Stroke) -> bool:
    return one.reach_px == other.reach_px and one.peak_fraction == other.peak_fraction
