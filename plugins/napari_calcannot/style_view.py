"""How mineral is drawn on the image."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget
from superqt import QLabeledDoubleSlider

from napari_calcannot.layers import COLOURS

_OPACITY = 0.75


class StyleView(QWidget):
    """Colour, outline or fill, opacity, and whether it is drawn at all."""

    style_changed = Signal(str, float, bool)
    """Colour, opacity, outline only."""
    shown_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = QCheckBox("Overlay")
        self.shown.setChecked(True)
        self.colour = QComboBox()
        self.colour.addItems(list(COLOURS))
        self.outline = QCheckBox("Outline")
        self.opacity = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0.0, 1.0)
        self.opacity.setDecimals(2)
        self.opacity.setValue(_OPACITY)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget, tip in (
            (self.shown, "Show the overlay. Key H."),
            (self.colour, "Colour of mineral on the image; all can be told apart with any colour vision."),
            (self.outline, "Draw the edge of each region only. Key O."),
            (self.opacity, "Opacity of the colour."),
        ):
            widget.setToolTip(tip)
            row.addWidget(widget)
        row.setStretch(3, 1)
        self.shown.toggled.connect(self.shown_changed)
        self.colour.currentTextChanged.connect(self._on_style)
        self.outline.toggled.connect(self._on_style)
        self.opacity.valueChanged.connect(self._on_style)

    def show_style(self, colour: str, opacity: float, *, outline: bool) -> None:
        """Take over a style."""
        self.colour.setCurrentText(colour)
        self.opacity.setValue(opacity)
        self.outline.setChecked(outline)

    def _on_style(self, _: object = None) -> None:
        self.style_changed.emit(self.colour.currentText(), float(self.opacity.value()), self.outline.isChecked())
