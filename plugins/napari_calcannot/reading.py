"""Table and image together: go to a region, choose the one that is clicked, accept and reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer

from calcannot.model.annotation import StrokeKind
from napari_calcannot.boxes import Box
from napari_calcannot.outlines import polygons_of
from napari_calcannot.review import OPEN

if TYPE_CHECKING:
    from napari_calcannot.controls import Controls
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_LARGEST_OUTLINE_PX = 250_000  # of a box; the outline of a larger region is its box
_OUTLINE_MS = 30  # after the frame of the flight: to make it costs as much again, for each row that is passed by


class Reading(QObject):
    """Joins the tab "Read" with session and viewer.

    Parameters
    ----------
    desk, controls
        What is read, and where.
    """

    def __init__(self, desk: Desk, controls: Controls) -> None:
        super().__init__(desk)
        self._desk, self._view = desk, controls.results
        self._tabs = controls.tabs
        self._flies = True
        self._soon = QTimer(self, singleShot=True, interval=_OUTLINE_MS)
        self._soon.timeout.connect(self._outline_chosen)
        self._view.region_chosen.connect(self._on_row)
        self._view.mark_asked.connect(self.mark)
        self._view.step_asked.connect(self.step)

    def stop(self) -> None:
        """Outline nothing any more."""
        self._soon.stop()

    def choose_at(self, row: int, col: int) -> None:
        """Choose the region that a pixel belongs to, without moving the view."""
        session = self._desk.session
        if session is None or session.mask is None or session.review is None or not session.shows_mask:
            return
        if not session.mask.tiles.mask(row, col, 1, 1)[0, 0]:
            return
        region = int(session.review.index.at(row, col))
        if region < 0:
            self._desk.say("This region was drawn since the last measurement: it comes into the table with the next.")
            return
        self._flies = False
        found = self._view.choose(region)
        self._flies = True
        if not found:
            self._desk.say(f"Region {region + 1} is hidden by the filter of the table.")
        elif self._tabs.currentIndex() == 0:
            self._tabs.setCurrentIndex(2)

    def step(self, by: int) -> None:
        """Go to the next or previous row of the table."""
        rows = self._view.model.rowCount()
        if rows:
            index = self._view.table.currentIndex()
            row = (index.row() + by) % rows if index.isValid() else 0
            self._view.table.selectRow(row)

    def mark(self, kind: str) -> None:
        """Accept or reject the chosen region, and go to the next that has no mark."""
        session, region = self._desk.session, self._view.chosen
        if session is None or session.review is None:
            return
        if region is None:
            self.step(1)
            return
        if not session.is_current and not session.shows_mask:
            self._desk.say("The rule was changed since this table was measured. Measure again before you review it.")
            return
        at = self._view.table.currentIndex().row()
        if self._desk.change(lambda each: each.mark(region, StrokeKind(kind))):
            self._view.show_review(session)
            if session.review.status[region] != OPEN:
                following = session.review.next_open(at, self._view.model.order)
                if following is not None:
                    self._view.table.selectRow(following)

    def _on_row(self, region: int) -> None:
        session = self._desk.session
        if session is None or session.analysis is None:
            return
        if self._flies:
            self._desk.stage.fly_to(session, _box(session, region))
        self._soon.start()

    def _outline_chosen(self) -> None:
        session, region = self._desk.session, self._view.chosen
        if session in self._desk.sessions and session is not None and session.analysis and region is not None:
            self._desk.stage.drawn.outline_chosen(session, _outline(session, region, *_box(session, region)))


def _box(session: Session, region: int) -> Box:
    assert session.analysis is not None
    table = session.analysis.regions
    return Box(*(int(edge[region]) for edge in (table.row_min, table.col_min, table.row_max, table.col_max)))


def _outline(session: Session, region: int, row: int, col: int, last_row: int, last_col: int) -> list[np.ndarray]:
    """Outer outlines of a region in (x, y)."""
    assert session.analysis is not None
    if (last_row - row) * (last_col - col) <= _LARGEST_OUTLINE_PX:
        labels = session.analysis.runs.labels(row, col, last_row - row, last_col - col)
        return [rings[0] for rings in polygons_of(labels == region + 1, row, col)]
    return [np.array([[col, row], [last_col, row], [last_col, last_row], [col, last_row]], np.float64)]
