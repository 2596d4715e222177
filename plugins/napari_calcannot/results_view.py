"""What was measured: totals as the command line prints them, the sizes, and the regions with their review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from calcannot.cli.summary import summary_rows
from calcannot.model.foci import Morphology, Side
from napari_calcannot.region_model import RegionModel
from napari_calcannot.sizes_view import SizesView
from napari_calcannot.wording import in_the_panel

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from napari_calcannot.session import Session

_LEAST_TABLE_PX = 130
_NOT_HERE = ("warning", "scale")  # above the totals, and above all tabs in words of the panel


class ResultsView(QWidget):
    """Totals, regions, and how they are drawn."""

    region_chosen = Signal(int)
    """Number of a region, counted from 0."""
    mark_asked = Signal(str)
    """``accept`` or ``reject``, of the chosen region."""
    told = Signal(str, str)
    """Side and kind of the deposit that the chosen region belongs to; empty for "not told"."""
    step_asked = Signal(int)
    """1 for the next region, -1 for the one before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Analysis | None = None
        self.totals = QFormLayout()
        self.totals.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.totals.setVerticalSpacing(2)
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.warnings.setObjectName("notesOnResult")
        self.warnings.setStyleSheet("#notesOnResult { border: 1px solid #e69f00; border-radius: 3px; padding: 4px; }")
        self.sizes = SizesView()
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
        layout = QVBoxLayout(self)
        layout.addWidget(self.warnings)  # above the numbers: one that must not be believed is read before it
        layout.addLayout(self.totals)
        layout.addWidget(self.sizes)
        layout.addLayout(self._filter_row())
        layout.addWidget(self.table, 1)
        layout.addLayout(self._review_row())
        layout.addWidget(self._told_row())
        self.table.selectionModel().currentRowChanged.connect(self._on_row)

    def show_session(self, session: Session | None) -> None:
        """Show the latest measurement of an image, and whether it is of the rule as it is now, and saved."""
        analysis = None if session is None else session.analysis
        self.show_review(session)
        if analysis is not self._shown:
            self._shown = analysis
            self._fill_totals(analysis)
            self.model.show_analysis(analysis)
            self.sizes.show_analysis(analysis)
            self._filter()
            self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.telling.setVisible(analysis is not None and analysis.foci is not None)
        stale = session is not None and analysis is not None and not session.is_current
        for row in range(self.totals.rowCount()):
            self.totals.itemAt(row, QFormLayout.ItemRole.FieldRole).widget().setDisabled(stale)

    def _fill_totals(self, analysis: Analysis | None) -> None:
        while self.totals.rowCount():
            self.totals.removeRow(0)
        rows = [] if analysis is None else summary_rows(analysis)
        for key, text in rows:
            if key not in _NOT_HERE:
                value = QLabel(text)
                value.setWordWrap(True)
                value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self.totals.addRow(key, value)
        self.warnings.setText("\n".join(f"Note: {in_the_panel(text)}" for key, text in rows if key == "warning"))
        self.warnings.setVisible(bool(self.warnings.text()))

    def show_review(self, session: Session | None) -> None:
        """Show how far the review has come."""
        review = None if session is None else session.review
        self.progress.setText("" if review is None else f"{review.reviewed:,} of {review.total:,} reviewed")
        if review is not None:
            self.model.show_status(review.status)

    def choose(self, region: int) -> bool:
        """Select the row of a region, counted from 0; False where a filter hides it."""
        row = self.model.row_of(region)
        if row is None:
            return False
        self.table.selectRow(row)
        self.table.scrollTo(self.model.index(row, 0))
        return True

    @property
    def chosen(self) -> int | None:
        """Region of the selected row, counted from 0."""
        index = self.table.currentIndex()
        return self.model.region_at(index.row()) if index.isValid() else None

    def show_told(self, side: str, morphology: str) -> None:
        """Show what was said of the deposit of the chosen region."""
        for box, code in ((self.side, side), (self.kind, morphology)):
            box.setCurrentIndex(max(0, box.findData(code)))

    def _told_row(self) -> QWidget:
        self.side, self.kind = QComboBox(), QComboBox()
        self.side.setToolTip(
            "Side of the patient on which the chosen deposit lies: from the marker or the header, never from where it "
            "lies in the picture."
        )
        self.kind.setToolTip("What a reader calls the chosen deposit.")
        for box, codes in ((self.side, Side), (self.kind, Morphology)):
            box.addItem("not told", "")
            for code in codes:
                box.addItem(code.value, code.value)
            box.activated.connect(lambda _: self.told.emit(str(self.side.currentData()), str(self.kind.currentData())))
        self.telling = QWidget()
        row = QHBoxLayout(self.telling)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Side"))
        row.addWidget(self.side, 1)
        row.addWidget(QLabel("Kind"))
        row.addWidget(self.kind, 1)
        return self.telling

    def _filter_row(self) -> QHBoxLayout:
        self.smallest = QLineEdit()
        self.smallest.setPlaceholderText("area at least")
        self.smallest.setToolTip("Show only regions of at least this area, in the unit of the table.")
        self.status = QComboBox()
        self.status.addItems(["all", "not reviewed", "accepted", "rejected"])
        self.status.setToolTip("Which regions the table shows.")
        self.shown = QLabel()
        row = QHBoxLayout()
        row.addWidget(self.smallest)
        row.addWidget(self.status)
        row.addWidget(self.shown, 1)
        self.smallest.textChanged.connect(self._filter)
        self.status.currentIndexChanged.connect(self._filter)
        return row

    def _review_row(self) -> QHBoxLayout:
        self.progress = QLabel()
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        for title, tip, asked in (
            ("<", "The region before. Key P.", lambda: self.step_asked.emit(-1)),
            (">", "The next region. Key N.", lambda: self.step_asked.emit(1)),
            ("Accept", "Accept the chosen region and go to the next. Key A.", lambda: self.mark_asked.emit("accept")),
            ("Reject", "Take the chosen region out of the result. Key R.", lambda: self.mark_asked.emit("reject")),
        ):  # fmt: skip
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, asked=asked: asked())
            if len(title) == 1:
                button.setMaximumWidth(30)
            row.addWidget(button)
        return row

    def _filter(self, _: object = None) -> None:
        try:
            smallest = float(self.smallest.text().replace(",", ".") or 0)
        except ValueError:
            smallest = 0.0
        index = self.status.currentIndex()
        self.model.filter(smallest, None if index == 0 else index - 1)
        shown, total = self.model.rowCount(), self.model.total
        self.shown.setText("" if shown == total else f"{shown:,} of {total:,}")

    def _on_row(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.region_chosen.emit(self.model.region_at(current.row()))
