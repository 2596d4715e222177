"""How large the regions are, as a histogram over decades of area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from calcannot.report.numbers import significant
from napari_calcannot.layers import UM_PER_UNIT, length_unit

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis

_HEIGHT_PX = 70
_BINS = 30
_BAR = QColor("#56b4e9")
_UNITS = {"um": "µm²", "mm": "mm²", "pixel": "px"}


class SizesView(QWidget):
    """Number of regions by area, the area on a logarithmic scale."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts = np.zeros(0, np.int64)
        self._ends = ("", "")
        self.setFixedHeight(_HEIGHT_PX)
        self.setToolTip("Number of regions by their area, on a logarithmic scale of area.")
        self.hide()

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show the regions of a measurement; nothing where there are none."""
        self._counts = np.zeros(0, np.int64)
        if analysis is not None and len(analysis.regions):
            unit = length_unit(analysis.info)
            size = analysis.info.calibration
            per_px = 1.0 if size is None else size.pixel_area_um2 / UM_PER_UNIT[unit] ** 2
            areas = analysis.regions.area * per_px
            low, high = float(areas.min()), max(float(areas.max()), float(areas.min()) * 1.01)
            self._counts, _ = np.histogram(np.log(areas), bins=_BINS, range=(np.log(low), np.log(high)))
            self._ends = (f"{significant(low, 3)} {_UNITS[unit]}", f"{significant(high, 3)} {_UNITS[unit]}")
        self.setVisible(bool(self._counts.size))
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw bars and both ends of the scale."""
        if not self._counts.size:
            return
        painter = QPainter(self)
        text = painter.fontMetrics().height()
        width, height = float(self.width()), float(self.height() - text)
        step, top = width / self._counts.size, float(self._counts.max())
        for number, count in enumerate(self._counts.tolist()):
            bar = count / top * (height - 2)
            painter.fillRect(QRectF(number * step, height - bar, max(1.0, step - 1), bar), _BAR)
        painter.setPen(self.palette().text().color())
        line = QRectF(0, height, width, text)
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), self._ends[0])
        painter.drawText(line, int(Qt.AlignmentFlag.AlignRight), self._ends[1])
        painter.drawText(
            line, int(Qt.AlignmentFlag.AlignHCenter), f"up to {int(top):,} region{'' if int(top) == 1 else 's'} a bar"
        )
        painter.end()
