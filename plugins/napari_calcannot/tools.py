"""The hand on the image: what mouse and pen do with the chosen tool. It gives paths and places; others make strokes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_calcannot.layers import IMAGE

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_calcannot.desk import Desk


class Tool(StrEnum):
    """What a drag or a click does."""

    MOVE = "move"
    BRUSH = "brush"
    ERASER = "eraser"
    LASSO = "lasso"
    CUT = "cut"
    FILL = "fill"
    DELETE = "delete"
    MINERAL_EXAMPLE = "mineral"
    OTHER_EXAMPLE = "other"
    RULER = "ruler"
    SCALE_LINE = "scale line"
    COIN = "coin"
    BALL = "ball"
    GROW = "grow"
    ALIGN = "align"


PAINTS = (Tool.BRUSH, Tool.ERASER)
OUTLINES = (Tool.LASSO, Tool.CUT)
LINES = (Tool.RULER, Tool.SCALE_LINE)


class Hand(QObject):
    """Follows the mouse over the viewer.

    Parameters
    ----------
    desk
        Whose image is drawn on.
    """

    tool_changed = Signal(str)
    moved = Signal(object)
    """While a brush is down: float64 (n, 2), its way since the last time in (x, y) from the image's corner."""
    drawn = Signal(object)
    """When it is lifted: the whole way."""
    stretched = Signal(object)
    """While a line is drawn: float64 (2, 2), its ends in (x, y) from the image's corner."""
    measured = Signal(object)
    """When it is done: the same."""
    clicked = Signal(float, float)
    """Row and column of a click without a drag."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.tool = Tool.MOVE
        self.diameter_px = 20.0
        self._layer: Any = None
        self._viewer = desk.stage.viewer
        self._viewer.mouse_drag_callbacks.append(self._on_press)
        self._viewer.layers.selection.events.active.connect(self._on_active)
        # After the viewer is done: a layer that is added is in use for a moment, until the one before is again.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._let_go)

    def use(self, tool: Tool) -> None:
        """Take another tool; with ``MOVE`` the mouse moves the view again."""
        session = self._desk.session
        self._release()
        if session is None:
            tool = Tool.MOVE
        self.tool = tool
        if tool is not Tool.MOVE and session is not None:
            self._layer = self._desk.stage.layer(session, IMAGE)
            self._desk.stage.select_image(session)
            self._layer.mouse_pan = tool is Tool.ALIGN  # places of two images are looked for: a drag moves the view
            self.show_size()
        self.tool_changed.emit(tool.value)

    def show_size(self) -> None:
        """Show the brush as a circle, other tools as a cross."""
        if self._layer is None:
            return
        if self.tool in PAINTS:
            across = float(self._desk.stage.camera.world_per_pixel(self._layer)[1])
            self._layer.cursor_size = max(1, round(self.diameter_px * across))
            self._layer.cursor = "circle"
        else:
            self._layer.cursor = "cross"

    def close(self) -> None:
        """Let go of the viewer."""
        self._soon.stop()
        self._release()
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)
        self._viewer.layers.selection.events.active.disconnect(self._on_active)

    def _release(self) -> None:
        if self._layer is not None:
            self._layer.mouse_pan = True
            self._layer.cursor = "standard"
            self._layer = None
        self.tool = Tool.MOVE

    def _on_active(self, _: object = None) -> None:
        self._soon.start()

    def _let_go(self) -> None:
        """Another layer is in use: its own tools have the mouse."""
        # Equal and not identical: napari gives plugins a proxy of each layer, another one at each time.
        if self._layer is not None and self._viewer.layers.selection.active != self._layer:
            self._release()
            self.tool_changed.emit(Tool.MOVE.value)

    def _on_press(self, _: object, event: Any) -> Generator[None, None, None]:
        session = self._desk.session
        layer = None if session is None else self._desk.stage.layer(session, IMAGE)
        if layer is None or event.button != 1 or self._is_elsewhere(layer):
            return
        tool = self.tool
        way = [self._place(layer, event)]
        if tool in PAINTS:
            self.moved.emit(np.array(way))
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            if tool in LINES:
                self.stretched.emit(np.array([way[0], self._place(layer, event)]))
            elif tool in PAINTS or tool in OUTLINES:
                place = self._place(layer, event)
                if place != way[-1]:
                    way.append(place)
                    if tool in PAINTS:
                        self.moved.emit(np.array(way[-2:]))
            yield
        if tool in LINES and dragged:
            self.measured.emit(np.array([way[0], self._place(layer, event)]))
        elif tool in PAINTS or (tool in OUTLINES and dragged):
            self.drawn.emit(np.array(way))
        elif not dragged:
            self.clicked.emit(way[0][1] - 0.5, way[0][0] - 0.5)

    def _is_elsewhere(self, layer: Any) -> bool:
        """Whether a layer with tools of its own has the mouse."""
        active = self._viewer.layers.selection.active
        return active is not None and active != layer and str(getattr(active, "mode", "pan_zoom")) != "pan_zoom"

    def _place(self, layer: Any, event: Any) -> tuple[float, float]:
        """Place of an event in (x, y) from the image's corner."""
        row, col = self._desk.stage.camera.pixel_at(layer, event.position)
        return col + 0.5, row + 0.5
