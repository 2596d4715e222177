"""A map of the whole image with a frame around what is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QMouseEvent

_HEIGHT_PX = 130
_FRAME = QColor("#d55e00")


class OverviewView(QWidget):
    """Click or drag on it to move the view."""

    place_chosen = Signal(float, float)
    """Row and column as shares of the image's height and width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._map: QImage | None = None
        self._frame = (0.0, 0.0, 1.0, 1.0)
        self.setFixedHeight(_HEIGHT_PX)
        self.setToolTip("The whole image. Click or drag to move the view.")

    def show_image(self, pixels: npt.NDArray[Any] | None, limits: tuple[float, float] = (0.0, 255.0)) -> None:
        """Show these pixels, (height, width[, 3]); None for nothing."""
        self._map = None if pixels is None else _map_of(pixels, limits)
        self.setVisible(pixels is not None)
        self.update()

    def show_frame(self, frame: tuple[float, float, float, float]) -> None:
        """First row and column, last row and column in view, as shares of the image's height and width."""
        if frame != self._frame:
            self._frame = frame
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw map and frame."""
        if self._map is None:
            return
        painter = QPainter(self)
        place = self._place()
        painter.drawImage(place, self._map, QRectF(self._map.rect()))
        row, col, last_row, last_col = self._frame
        frame = QRectF(place.x() + col * place.width(), place.y() + row * place.height(),
                       (last_col - col) * place.width(), (last_row - row) * place.height())  # fmt: skip
        painter.setPen(QPen(_FRAME, 2))
        painter.drawRect(frame.intersected(place))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        place, at = self._place(), event.position()
        if self._map is not None and place.width() > 0:
            row, col = (at.y() - place.y()) / place.height(), (at.x() - place.x()) / place.width()
            self.place_chosen.emit(min(max(row, 0.0), 1.0), min(max(col, 0.0), 1.0))

    def _place(self) -> QRectF:
        """Where the map lies in the widget: as large as fits, in the middle."""
        assert self._map is not None
        width, height = self._map.width(), self._map.height()
        by = min(self.width() / width, self.height() / height)
        return QRectF((self.width() - by * width) / 2, (self.height() - by * height) / 2, by * width, by * height)


def _map_of(pixels: npt.NDArray[Any], limits: tuple[float, float]) -> QImage:
    step = max(1, max(pixels.shape[:2]) // 1024)
    low, high = limits
    values = pixels[::step, ::step]
    if values.dtype == np.uint8 and (low, high) == (0, 255):
        grey = values  # as it is: the first view of a slide waits for this
    else:
        grey = np.clip((values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)
    rgb = np.ascontiguousarray(grey if grey.ndim == 3 else np.repeat(grey[..., np.newaxis], 3, axis=2))
    height, width = rgb.shape[:2]
    drawn = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return drawn.convertToFormat(QImage.Format.Format_RGB32)  # a copy; a pixmap would have the depth of the screen
