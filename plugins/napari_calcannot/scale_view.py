"""What to do where an image does not say how large its pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari_calcannot.session import Session


class ScaleView(QFrame):
    """A banner that is there only while the pixel size is not known."""

    size_given = Signal(str)
    line_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scaleBanner")
        self.setStyleSheet("#scaleBanner { border: 1px solid #e69f00; border-radius: 3px; }")
        text = QLabel("No pixel size in this file: areas are in pixels only, until you give one.")
        text.setWordWrap(True)
        self.field = QLineEdit()
        self.field.setPlaceholderText("0.5um, 0.143mm or 0.5umx0.6um (row x column)")
        self.field.setToolTip("Size of one pixel with its unit; rows first where rows and columns differ.")
        self.button = QPushButton("Set pixel size")
        self.button.setToolTip("Take this size; everything physical follows from it.")
        self.line = QPushButton("Calibrate from a line")
        self.line.setToolTip("Draw along a scale bar or between two marks of a ruler, type the length: done.")
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(text)
        layout.addLayout(row)
        layout.addWidget(self.line)
        self.button.clicked.connect(self._on_given)
        self.line.clicked.connect(self.line_asked)
        self.field.returnPressed.connect(self._on_given)

    def show_session(self, session: Session | None) -> None:
        """Show the banner where it is needed."""
        self.setVisible(session is not None and session.info.calibration is None)

    def _on_given(self) -> None:
        self.size_given.emit(self.field.text())
