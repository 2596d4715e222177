"""Tools to correct the mask by hand, and the keys of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible, QLabeledDoubleSlider
from superqt.utils import signals_blocked

from napari_calcannot.keys import KEYS
from napari_calcannot.layers import UM_PER_UNIT, length_unit
from napari_calcannot.tools import Tool

if TYPE_CHECKING:
    from napari_calcannot.session import Session

_BUTTONS = {
    Tool.MOVE: ("Move", "V"),
    Tool.BRUSH: ("Brush", "B"),
    Tool.ERASER: ("Eraser", "E"),
    Tool.LASSO: ("Lasso", "L"),
    Tool.CUT: ("Cut", "X"),
    Tool.FILL: ("Fill gap", "F"),
    Tool.DELETE: ("Delete region", "D"),
}
_LARGEST_PX = 500.0
_STEP = 1.25
_UNIT_NAMES = {"um": "µm", "mm": "mm", "pixel": "px"}


class CorrectView(QWidget):
    """Tool, size of the brush, bound, undo and redo."""

    tool_chosen = Signal(str)
    size_changed = Signal(float)
    """Diameter of the brush in pixels of the image."""
    bound_changed = Signal()
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._px_per_unit = 1.0
        layout = QVBoxLayout(self)
        layout.addLayout(self._tool_grid())
        layout.addLayout(self._size_row())
        layout.addLayout(self._bound_row())
        layout.addLayout(self._undo_row())
        layout.addWidget(self._key_list())
        layout.addStretch(1)

    @property
    def diameter_px(self) -> float:
        """Of the brush, in pixels of the image."""
        return float(self.size.value()) * self._px_per_unit

    @property
    def bound(self) -> float | None:
        """Threshold that paint is bounded by; None for no bound."""
        return float(self.bound_at.value()) if self.bounded.isChecked() and self.bounded.isEnabled() else None

    def show_session(self, session: Session | None) -> None:
        """Show the unit of the image, and what can be undone."""
        self.setEnabled(session is not None)
        if session is None:
            return
        unit = length_unit(session.info)
        size = session.info.calibration
        per_unit = 1.0 if size is None else UM_PER_UNIT[unit] / size.mean_um_per_px
        if per_unit != self._px_per_unit or self.unit.text() != _UNIT_NAMES[unit]:
            diameter_px = self.diameter_px
            self._px_per_unit = per_unit
            self.unit.setText(_UNIT_NAMES[unit])
            with signals_blocked(self.size):
                self.size.setDecimals(0 if unit == "pixel" else 2 if unit == "mm" else 1)
                self.size.setRange(1.0 / per_unit, _LARGEST_PX / per_unit)
                self.size.setValue(diameter_px / per_unit)
            self.size_changed.emit(self.diameter_px)
        for button, step, verb, else_tip in (
            (self.undo, session.next_undo, "Take back", "Take back the latest step, of an earlier day too."),
            (self.redo, session.next_redo, "Do again", "Do again what was taken back."),
        ):
            button.setEnabled(step is not None)
            button.setToolTip(else_tip if step is None else f"{verb}: {step}")

    def show_bound(self, threshold: float | None, *, possible: bool) -> None:
        """Offer the bound where the recipe has one threshold; it starts at the one in force."""
        self.bounded.setEnabled(possible)
        if threshold is not None and not self.bounded.isChecked():
            with signals_blocked(self.bound_at):
                self.bound_at.setValue(threshold)

    def show_tool(self, tool: str) -> None:
        """Press the button of the tool in hand."""
        button = self.buttons.get(Tool(tool))
        if button is not None:
            button.setChecked(True)
        else:
            self.buttons[Tool.MOVE].setChecked(True)

    def resize_brush(self, *, larger: bool) -> None:
        """One step larger or smaller."""
        self.size.setValue(self.size.value() * (_STEP if larger else 1 / _STEP))

    def show_diameter(self, diameter_px: float) -> None:
        """Take over a size, for instance one that follows the zoom."""
        self.size.setValue(diameter_px / self._px_per_unit)

    def _tool_grid(self) -> QGridLayout:
        grid = QGridLayout()
        group = QButtonGroup(self)
        self.buttons: dict[Tool, QPushButton] = {}
        for number, (tool, (title, key)) in enumerate(_BUTTONS.items()):
            button = QPushButton(f"{title}  ({key})")
            button.setCheckable(True)
            button.setToolTip(f"{KEYS[key][1]}. Key {key}.")
            button.clicked.connect(lambda _=False, tool=tool: self.tool_chosen.emit(tool.value))
            group.addButton(button)
            grid.addWidget(button, number // 3, number % 3)
            self.buttons[tool] = button
        self.buttons[Tool.MOVE].setChecked(True)
        return grid

    def _size_row(self) -> QHBoxLayout:
        self.size = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.size.setRange(1.0, _LARGEST_PX)
        self.size.setValue(20.0)
        self.size.setToolTip("Diameter of brush and eraser. Keys [ and ].")
        self.unit = QLabel("px")
        self.follows_zoom = QCheckBox("Same on screen")
        self.follows_zoom.setToolTip("Keep the brush the same size on the screen: it grows as you zoom out.")
        row = QHBoxLayout()
        row.addWidget(QLabel("Brush"))
        row.addWidget(self.size, 1)
        row.addWidget(self.unit)
        row.addWidget(self.follows_zoom)
        self.size.valueChanged.connect(lambda _: self.size_changed.emit(self.diameter_px))
        return row

    def _bound_row(self) -> QVBoxLayout:
        self.bounded = QCheckBox("Paint only what is mineral at a threshold of")
        self.bounded.setToolTip("Brush and lasso then add only pixels on the mineral's side of this number.")
        self.bound_at = QDoubleSpinBox()
        self.bound_at.setToolTip("A value of the recipe's channel, as the threshold is.")
        self.bound_at.setRange(-1e5, 1e5)
        self.bound_at.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.bound_at.setDecimals(1)
        row = QVBoxLayout()  # in one line they are the widest of the panel, with large letters wider than there is room
        row.addWidget(self.bounded)
        row.addWidget(self.bound_at, alignment=Qt.AlignmentFlag.AlignRight)
        self.bounded.toggled.connect(lambda _: self.bound_changed.emit())
        self.bound_at.valueChanged.connect(lambda _: self.bound_changed.emit())
        return row

    def _undo_row(self) -> QHBoxLayout:
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.redo.setToolTip("Do again what was taken back.")
        row = QHBoxLayout()
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        self.undo.clicked.connect(self.undo_asked)
        self.redo.clicked.connect(self.redo_asked)
        return row

    def _key_list(self) -> QCollapsible:
        grid = QGridLayout()
        for row, (key, (_, what)) in enumerate(KEYS.items()):
            grid.addWidget(QLabel(f"<b>{key.replace('Control', 'Ctrl').replace('-', '+')}</b>"), row, 0)
            label = QLabel(what)
            label.setWordWrap(True)
            grid.addWidget(label, row, 1)
        grid.setColumnStretch(1, 1)
        inside = QWidget()
        inside.setLayout(grid)
        listed = QCollapsible("Keys")
        listed.toggleButton().setToolTip("All keys of the panel. They work over the image and in the table.")
        listed.addWidget(inside)
        return listed
