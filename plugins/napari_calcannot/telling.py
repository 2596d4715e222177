"""What a reader says of a deposit: on which side of the patient it lies, and what kind it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from calcannot.model.annotation import StrokeKind
from calcannot.pipeline.region_places import RegionPlaces
from napari_calcannot.painting import pixel_ring

if TYPE_CHECKING:
    from calcannot.model.annotation import Stroke
    from napari_calcannot.desk import Desk
    from napari_calcannot.results_view import ResultsView
    from napari_calcannot.session import Session


class Telling(QObject):
    """Joins side and kind in the tab "Read" with the session.

    Parameters
    ----------
    desk, view
        Of whose deposits is told, and where.
    """

    measurement_needed = Signal()
    """Sums by side follow from a measurement."""

    def __init__(self, desk: Desk, view: ResultsView) -> None:
        super().__init__(desk)
        self._desk, self._view = desk, view
        view.told.connect(self.tell)
        view.region_chosen.connect(self._show)

    def tell(self, side: str, morphology: str) -> None:
        """Say it of the focus that the chosen region belongs to; empty for "not told"."""
        session, region = self._desk.session, self._view.chosen
        if session is None or region is None or not session.is_current:
            self._desk.say("Choose a row of a table that is measured as everything is now.")
            return
        stroke = _telling(session, region)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        told = replace(stroke, side=side, morphology=morphology, author=session.hand.author, time=now)
        if self._desk.change(lambda each: each.draw([told], "side and kind")):
            self.measurement_needed.emit()

    def _show(self, region: int) -> None:
        session = self._desk.session
        foci = None if session is None or session.analysis is None else session.analysis.foci
        focus = 0 if foci is None or region >= len(foci.of_region) else int(foci.of_region[region])
        if foci is not None and focus:
            self._view.show_told(foci.side[focus - 1], foci.morphology[focus - 1])
        else:
            self._view.show_told("", "")


def _telling(session: Session, region: int) -> Stroke:
    """The stroke that speaks for the focus of a region: one that holds nothing else, or a new mark on its regions."""
    analysis = session.analysis
    assert analysis is not None
    places = RegionPlaces(analysis.runs, len(analysis.regions))
    focus = 0 if analysis.foci is None else int(analysis.foci.of_region[region])
    members = [region] if not focus else np.flatnonzero(analysis.foci.of_region == focus).tolist()  # type: ignore[union-attr]
    for stroke in reversed(session.annotations.of(StrokeKind.REGION, StrokeKind.ACCEPT)):
        held = places.under(stroke) if stroke.reach_px else places.within(stroke)
        speaks = stroke.kind is StrokeKind.REGION or stroke.side or stroke.morphology
        if speaks and region in held and set(held.tolist()) <= set(members):
            return stroke
    rings = [pixel_ring(*places.place_of(each)) for each in members]
    return session.hand.stroke(StrokeKind.ACCEPT, rings)
