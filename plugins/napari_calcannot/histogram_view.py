"""Histogram of the channel that the threshold is set on, with the threshold in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QMouseEvent, QPaintEvent

_HEIGHT_PX = 64
_BINS = 256
_BARS, _MINERAL, _LINE = QColor("#8a8f98"), QColor("#e6c200"), QColor("#d55e00")


class HistogramView(QWidget):
    """Counts on a logarithmic scale: mineral may be a thousandth of a slide. Click or drag to set the threshold."""

    threshold_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars = np.zeros(0)
        self._low, self._high = 0.0, 1.0
        self._threshold: float | None = None
        self._dark = True
        self.setFixedHeight(_HEIGHT_PX)
        self.setToolTip(
            "How often each value occurs, on a logarithmic scale. The line is the threshold; drag it. "
            "The coloured side is mineral."
        )

    def show_counts(self, counts: npt.NDArray[Any] | None, low: float, high: float) -> None:
        """Show a histogram whose bins share the range evenly; None for none."""
        self._low, self._high = low, high
        if counts is None or not counts.size:
            self._bars = np.zeros(0)
        else:
            edges = np.linspace(0, counts.size, min(_BINS, counts.size) + 1).astype(np.intp)
            summed = np.add.reduceat(counts.astype(np.float64), edges[:-1])
            bars = np.log1p(summed)
            self._bars = bars / max(float(bars.max()), 1e-9)
        self.update()

    def show_threshold(self, threshold: float | None, *, dark: bool) -> None:
        """Place the line; ``dark`` where mineral is at or below it."""
        self._threshold, self._dark = threshold, dark
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw bars and line."""
        painter = QPainter(self)
        width, height = float(self.width()), float(self.height())
        if self._bars.size:
            step = width / self._bars.size
            at = None if self._threshold is None else self._x(self._threshold)
            for mineral in (False, True):
                polygon = QPolygonF([QPointF(0.0, height)])
                for number, bar in enumerate(self._bars):
                    top = height - bar * (height - 4)
                    polygon.append(QPointF(number * step, top))
                    polygon.append(QPointF((number + 1) * step, top))
                polygon.append(QPointF(width, height))
                if mineral:
                    if at is None:
                        break
                    clip = QRectF(0, 0, at, height) if self._dark else QRectF(at, 0, width - at, height)
                    painter.setClipRect(clip)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(_MINERAL if mineral else _BARS)
                painter.drawPolygon(polygon)
            painter.setClipping(False)
        if self._threshold is not None:
            at = self._x(self._threshold)
            painter.setPen(QPen(_LINE, 2))
            painter.drawLine(QPointF(at, 0.0), QPointF(at, height))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Set the threshold here."""
        self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event)

    def _choose(self, event: QMouseEvent) -> None:
        share = min(max(event.position().x() / max(1, self.width()), 0.0), 1.0)
        self.threshold_chosen.emit(self._low + share * (self._high - self._low))

    def _x(self, value: float) -> float:
        return float((value - self._low) / max(self._high - self._low, 1e-9) * self.width())
