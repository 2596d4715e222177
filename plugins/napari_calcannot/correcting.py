"""From the hand's way over the image to strokes, and to the mask on screen while it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject, Signal

from calcannot.errors import CalcannotError, RecipeError
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.segment.polygons import inside
from napari_calcannot.awaiting import Awaiting
from napari_calcannot.boxes import Box, box_of
from napari_calcannot.painting import bounded, brush_rings, gap_rings, lasso_rings, pixel_ring
from napari_calcannot.preview import preview_rule
from napari_calcannot.tools import PAINTS, Hand, Tool
from napari_calcannot.waiting import Click
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

Path = npt.NDArray[np.float64]
_CORRECTS = (Tool.BRUSH, Tool.ERASER, Tool.LASSO, Tool.CUT, Tool.FILL, Tool.DELETE)
_NAMES = {Tool.BRUSH: "brush", Tool.ERASER: "eraser", Tool.LASSO: "lasso", Tool.CUT: "cut"}


class Correcting(QObject):
    """Adds strokes to the session in hand.

    Parameters
    ----------
    desk, hand
        Where, and what draws.
    """

    measurement_needed = Signal()
    """There is no mask to correct."""
    region_clicked = Signal(int, int)
    """Row and column of a click with no tool in hand."""

    def __init__(self, desk: Desk, hand: Hand) -> None:
        super().__init__(desk)
        self._desk, self._hand = desk, hand
        self.awaiting = Awaiting(desk)
        self.awaiting.ready.connect(self._do)
        self._way: list[Path] = []
        """Of a brush that is down while there is no mask."""
        self.bound: float | None = None
        """Paint only where a pixel is mineral at this threshold; None for no such bound."""
        hand.moved.connect(self._on_moved)
        hand.drawn.connect(self._on_drawn)
        hand.clicked.connect(self._on_clicked)
        hand.tool_changed.connect(self._on_tool)

    def _on_tool(self, tool: str) -> None:
        session = self._desk.session
        if session is None or Tool(tool) not in _CORRECTS:
            return
        if session.shows_mask:
            self._desk.stage.overlay.show_mineral(session, redrawn=False)
        else:
            self._need_mask(session)

    def _need_mask(self, session: Session) -> None:
        asked = self._desk.asked
        if asked is None or not session.has_recipe(asked.recipe):  # else it is being made
            self.measurement_needed.emit()

    def _on_moved(self, way: Path) -> None:
        session = self._desk.session
        if session is None:
            return
        if session.mask is None or not session.shows_mask:
            self._way.append(way)
            self.awaiting.way(session, brush_rings(np.concatenate(self._way), self._hand.diameter_px / 2))
            return
        stroke = Stroke("", StrokeKind.ADD, brush_rings(way, self._hand.diameter_px / 2))
        box = box_of(stroke, session.info.height_px, session.info.width_px)
        if box is None:
            return
        touched = inside(stroke, *box[:2], *box.shape)
        adds = self._hand.tool is Tool.BRUSH
        if adds and self.bound is not None:
            touched &= self._dark(session, box)
        session.mask.paint(box, touched, adds=adds)
        self._desk.stage.overlay.mask_changed(session, [box])

    def _on_drawn(self, way: Path) -> None:
        session, tool = self._desk.session, self._hand.tool
        if session is None or tool not in _NAMES:
            return
        self._way.clear()
        repainted = [] if session.mask is None else session.mask.unpaint()
        adds = tool in (Tool.BRUSH, Tool.LASSO)
        try:
            parts = [brush_rings(way, self._hand.diameter_px / 2)] if tool in PAINTS else lasso_rings(way)
            if adds and self.bound is not None:
                size = (session.info.height_px, session.info.width_px)
                parts = bounded(parts, lambda box: self._dark(session, box), size)
            kept = [rings for rings in parts if self._is_on_image(session, rings)]
        except CalcannotError as error:
            self._desk.stage.overlay.mask_changed(session, repainted)
            self._desk.say(sentence(error))
            return
        if not kept:
            self._desk.stage.overlay.mask_changed(session, repainted)
            is_bounded = adds and self.bound is not None
            self._desk.say(f"Nothing here is mineral at a threshold of {self.bound:g}, so nothing was painted."
                           if is_bounded else "That is beside the image.")  # fmt: skip
            return
        kind = StrokeKind.ADD if adds else StrokeKind.ERASE
        strokes = [session.hand.stroke(kind, rings) for rings in kept]
        if self._desk.change(lambda s: s.draw(strokes, _NAMES[tool])) and not session.shows_mask:
            self.awaiting.drawn(session, strokes)
        self._desk.stage.overlay.mask_changed(session, repainted)

    def _on_clicked(self, row: float, col: float) -> None:
        session = self._desk.session
        r, c = round(row), round(col)
        if session is None or not (0 <= r < session.info.height_px and 0 <= c < session.info.width_px):
            return
        if self._hand.tool is Tool.MOVE:
            self.region_clicked.emit(r, c)
        elif self._hand.tool not in _CORRECTS:
            return  # examples are clicked on an image that need not be measured
        else:
            click = Click(self._hand.tool.value, r, c)
            if session.mask is not None and session.shows_mask:
                self._do(click)
            else:
                self._need_mask(session)
                self.awaiting.click(click)

    def _do(self, click: Click) -> None:
        if click.tool == Tool.FILL.value:
            self._fill(click.row, click.col)
        elif click.tool == Tool.DELETE.value:
            self.delete_at(click.row, click.col)

    def delete_at(self, row: int, col: int) -> None:
        """Reject the region that a pixel belongs to."""
        session = self._desk.session
        if session is None or session.mask is None:
            return
        if not session.mask.tiles.mask(row, col, 1, 1)[0, 0]:
            self._desk.say("There is no mineral here. Click on a region to delete it.")
            return
        mark = session.hand.stroke(StrokeKind.REJECT, (pixel_ring(row, col),))
        self._desk.change(lambda s: s.draw([mark], "delete region"))

    def _fill(self, row: int, col: int) -> None:
        session = self._desk.session
        mask = None if session is None else session.mask
        if session is None or mask is None:
            return
        size = (session.info.height_px, session.info.width_px)
        try:
            parts = gap_rings(row, col, lambda box: mask.tiles.mask(*box[:2], *box.shape), size)
        except CalcannotError as error:
            self._desk.say(sentence(error))
            return
        strokes = [session.hand.stroke(StrokeKind.ADD, rings) for rings in parts]
        self._desk.change(lambda s: s.draw(strokes, "fill"))

    def _dark(self, session: Session, box: Box) -> npt.NDArray[np.bool_]:
        """Pixels of a box that are mineral at the bound."""
        assert self.bound is not None
        try:
            rule = preview_rule(session.automatic_recipe, session.info)
        except RecipeError:
            return np.ones(box.shape, np.bool_)
        values = rule.values(session.source.read(*box[:2], *box.shape))
        return np.asarray(values.astype(np.int64) > rule.cut(self.bound))

    def _is_on_image(self, session: Session, rings: Sequence[Path]) -> bool:
        stroke = Stroke("", StrokeKind.ADD, tuple(rings))
        return box_of(stroke, session.info.height_px, session.info.width_px) is not None
