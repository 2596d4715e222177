"""What was measured: totals as the command line prints them, and the regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from calcannot.cli.summary import summary_rows
from napari_calcannot.layers import COLOURS
from napari_calcannot.region_model import RegionModel

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from napari_calcannot.session import Session

_LEAST_TABLE_PX = 130
_OPACITY = 0.75


class ResultsView(QGroupBox):  # type: ignore[misc]
    """Totals, regions, and how they are drawn."""

    style_changed = Signal(str, float, bool)
    """Colour, opacity, outline only."""
    region_chosen = Signal(int)
    """Number of a region, counted from 0."""
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Result", parent)
        self._shown: Analysis | None = None
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.totals = QFormLayout()
        self.totals.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.totals.setVerticalSpacing(2)
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.model = RegionModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(20)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.setMinimumHeight(_LEAST_TABLE_PX)
        self.table.setToolTip("Click a row to go to the region; click a title to sort.")
        self.save = QPushButton("Save...")
        self.save.setToolTip("Write tables, masks, overlays and the record of all measured images into a folder.")
        layout = QVBoxLayout(self)
        layout.addWidget(self.state)
        layout.addLayout(self.totals)
        layout.addWidget(self.warnings)
        layout.addLayout(self._style_row())
        layout.addWidget(self.table, 1)
        layout.addWidget(self.save)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.save.clicked.connect(self.save_asked)

    def show_session(self, session: Session | None) -> None:
        """Show the latest measurement of an image, and whether it is of the rule as it is now, and saved."""
        analysis = None if session is None else session.analysis
        self.state.setText("" if session is None else state_text(session))
        self.save.setEnabled(session is not None and session.is_current)
        if analysis is not self._shown:
            self._shown = analysis
            self._fill_totals(analysis)
            self.model.show_analysis(analysis)
            self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        stale = session is not None and analysis is not None and not session.is_current
        for row in range(self.totals.rowCount()):
            self.totals.itemAt(row, QFormLayout.ItemRole.FieldRole).widget().setDisabled(stale)

    def _fill_totals(self, analysis: Analysis | None) -> None:
        while self.totals.rowCount():
            self.totals.removeRow(0)
        rows = [] if analysis is None else summary_rows(analysis)
        for key, text in rows:
            if key != "warning":
                value = QLabel(text)
                value.setWordWrap(True)
                value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self.totals.addRow(key, value)
        self.warnings.setText("\n".join(f"Note: {text}" for key, text in rows if key == "warning"))
        self.warnings.setVisible(bool(self.warnings.text()))

    def _style_row(self) -> QHBoxLayout:
        self.colour = QComboBox()
        self.colour.addItems(list(COLOURS))
        self.outline = QCheckBox("Outline")
        self.opacity = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0.0, 1.0)
        self.opacity.setDecimals(2)
        self.opacity.setValue(_OPACITY)
        row = QHBoxLayout()
        for widget, tip in (
            (self.colour, "Colour of mineral on the image."),
            (self.outline, "Draw the edge of each region only."),
            (self.opacity, "Opacity of the colour."),
        ):
            widget.setToolTip(tip)
            row.addWidget(widget)
        self.colour.currentTextChanged.connect(self._on_style)
        self.outline.toggled.connect(self._on_style)
        self.opacity.valueChanged.connect(self._on_style)
        return row

    def _on_style(self, _: object = None) -> None:
        self.style_changed.emit(self.colour.currentText(), float(self.opacity.value()), self.outline.isChecked())

    def _on_row(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.region_chosen.emit(self.model.region_at(current.row()))


def state_text(session: Session) -> str:
    """Whether there is a measurement, of what, and where it is saved."""
    if session.analysis is None:
        return "Not measured yet."
    if not session.is_current:
        return "Changed since it was measured. Press Measure again."
    if session.saved_to is None:
        return "Measured, not saved."
    return f"Saved in {session.saved_to.name or session.saved_to}."
