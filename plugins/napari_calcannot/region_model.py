"""Regions as a table: reads the columns of ``regions.csv``, so numbers here and there are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from calcannot.morphometry.columns import region_blocks, region_columns
from calcannot.report.numbers import plane_text, significant
from napari_calcannot.layers import UM_PER_UNIT, length_unit

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis

_DIGITS = 4
_UNIT_NAMES = {"um": "µm", "mm": "mm"}
_MARKS = (" ", "✓", "✗")


def _chosen(analysis: Analysis) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Title and values of the columns on show, in the unit that suits the image."""
    # Some at a time: of all regions at once the columns that are not on show take 40 MiB.
    blocks = [_chosen_of(analysis, columns) for columns in region_blocks(analysis)]
    blocks = blocks or [_chosen_of(analysis, region_columns(analysis))]
    titles = [title for title, _ in blocks[0]]
    return [(title, np.concatenate([block[i][1] for block in blocks])) for i, title in enumerate(titles)]


def _chosen_of(analysis: Analysis, columns: dict[str, Any]) -> list[tuple[str, np.ndarray[Any, Any]]]:
    unit = length_unit(analysis.info)
    if unit == "pixel":
        titles = {"region": "region", "area_px": "area px", "feret_max_px": "length px", "width_px": "width px"}
        shown = [(title, columns[name]) for name, title in titles.items()]
    else:
        um, name, behind = UM_PER_UNIT[unit], _UNIT_NAMES[unit], plane_text(analysis.info.calibration).strip(", ")
        behind = "\n" + behind.replace("the ", "the\n") if behind else ""  # a title is as wide as its longest line
        shown = [
            ("region", columns["region"]),
            (f"area {name}²{behind}", columns["area_um2"] / um**2),
            (f"length {name}{behind}", columns["feret_max_um"] / um),
            (f"width {name}{behind}", columns["width_um"] / um),
        ]
    if analysis.peak_fraction is not None:
        shown.append(("outline\nat % of\npeak", 100 * columns["peak_fraction"]))
    return [*shown, ("mean", columns["value_mean"])]


class RegionModel(QAbstractTableModel):
    """Regions of one measurement, sortable by any column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles: list[str] = []
        self._columns: list[np.ndarray[Any, Any]] = []
        self._order = np.empty(0, np.intp)
        self._sorted = self._order
        self._status = np.empty(0, np.uint8)
        self._smallest = 0.0
        self._wanted: int | None = None

    @property
    def total(self) -> int:
        """Regions, those that a filter hides among them."""
        return len(self._sorted)

    @property
    def order(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Region of each row, counted from 0."""
        return self._order

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show these regions, the largest first."""
        self.beginResetModel()
        self._titles, self._columns, self._order = [], [], np.empty(0, np.intp)
        if analysis is not None:
            shown = _chosen(analysis)
            self._titles = [title for title, _ in shown]
            self._columns = [values for _, values in shown]
            self._order = np.argsort(-analysis.regions.area, kind="stable")
        self._sorted = self._order
        self._status = np.zeros(len(self._order), np.uint8)
        self.endResetModel()

    def show_status(self, status: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Show what was accepted and rejected; uint8 (regions,)."""
        if status.size == len(self._sorted) and not np.array_equal(status, self._status):
            self._status = status.copy()
            if len(self._order):
                self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, 0))

    def filter(self, smallest: float, status: int | None) -> None:
        """Show regions of at least this area in the table's unit, and of this status unless it is None."""
        if (smallest, status) == (self._smallest, self._wanted) and smallest == 0 and status is None:
            return
        self._smallest, self._wanted = smallest, status
        self.beginResetModel()
        self._order = self._kept(self._sorted)
        self.endResetModel()

    def row_of(self, region: int) -> int | None:
        """Row of a region, counted from 0; None where a filter hides it."""
        rows = np.flatnonzero(self._order == region)
        return int(rows[0]) if rows.size else None

    def _kept(self, order: np.ndarray[Any, np.dtype[np.intp]]) -> np.ndarray[Any, np.dtype[np.intp]]:
        if not len(self._columns):
            return order
        kept = self._columns[1][order] >= self._smallest
        if self._wanted is not None:
            kept &= self._status[order] == self._wanted
        return np.asarray(order[kept])

    def region_at(self, row: int) -> int:
        """Number of the region in a row, counted from 0."""
        return int(self._order[row])

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Regions."""
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Measures on show."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell."""
        if role == Qt.ItemDataRole.DisplayRole:
            region = self._order[index.row()]
            value = self._columns[index.column()][region]
            if index.column() == 0:
                return f"{value} {_MARKS[self._status[region]]}"
            return str(value) if value.dtype.kind in "iu" else significant(float(value), _DIGITS)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title with unit."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._titles[section]
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; regions that are equal stay in raster order."""
        if not 0 <= column < len(self._columns):
            return
        self.layoutAboutToBeChanged.emit()
        values = self._columns[column].astype(np.float64)
        self._sorted = np.argsort(values if order == Qt.SortOrder.AscendingOrder else -values, kind="stable")
        self._order = self._kept(self._sorted)
        self.layoutChanged.emit()
