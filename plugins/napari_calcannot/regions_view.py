"""Regions of interest and exclusions: which kind is drawn next, in which way, and for which reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QGroupBox, QLabel, QPushButton, QWidget

from calcannot.model.annotation import StrokeKind
from calcannot.store.geojson import EXCLUDE_REASONS
from napari_calcannot.drawn import SHAPES

if TYPE_CHECKING:
    from napari_calcannot.session import Session


class RegionsView(QGroupBox):  # type: ignore[misc]
    """Where is measured."""

    draw_asked = Signal(str, str, str)
    """Kind (region or exclude), shape, and reason."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Where", parent)
        self.draw = QPushButton("Draw region")
        self.draw.setToolTip("Draw a region of interest. Where there is one, nothing outside is measured.")
        self.exclude = QPushButton("Exclude")
        self.exclude.setToolTip("Draw around what must not be measured.")
        self.shape = QComboBox()
        self.shape.addItems(list(SHAPES))
        self.shape.setToolTip("How to draw: a polygon ends with Enter, the others when the mouse is released.")
        self.reason = QComboBox()
        self.reason.addItems(list(EXCLUDE_REASONS))
        self.reason.setToolTip("Why it must not be measured; it stands in the record.")
        self.count = QLabel()
        self.count.setWordWrap(True)
        grid = QGridLayout(self)
        grid.addWidget(self.draw, 0, 0)
        grid.addWidget(self.shape, 0, 1)
        grid.addWidget(self.exclude, 0, 2)
        grid.addWidget(self.reason, 0, 3)
        grid.addWidget(self.count, 1, 0, 1, 4)
        self.draw.clicked.connect(lambda: self._ask(StrokeKind.REGION, ""))
        self.exclude.clicked.connect(lambda: self._ask(StrokeKind.EXCLUDE, self.reason.currentText()))

    def show_session(self, session: Session | None) -> None:
        """Show how many there are."""
        if session is None:
            self.count.setText("")
            return
        regions, excluded = len(session.annotations.regions), session.annotations.of(StrokeKind.EXCLUDE)
        text = "1 region of interest" if regions == 1 else f"{regions} regions of interest"
        text = text if regions else "the whole image is measured"
        if excluded:
            reasons = sorted({stroke.reason or "other" for stroke in excluded})
            text += f", {len(excluded)} left out ({', '.join(reasons)})"
        self.count.setText(text)

    def _ask(self, kind: StrokeKind, reason: str) -> None:
        self.draw_asked.emit(kind.value, self.shape.currentText(), reason)
