"""One fact as a line of a form: value, unit, how it is known; below it where it was read, or what is wrong with it."""

from __future__ import annotations

from typing import Final

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget
from superqt.utils import signals_blocked

from calcannot.model.leaf import Status
from napari_calcannot.record_fields import Entry, Field

_STATUS: Final = ("", *(each.value for each in Status))
_NARROWEST_PX: Final = 60
_WRONG: Final = "color: #e69f00;"


class RecordRow(QWidget):
    """Emits ``edited`` when something was entered: when a line is left, or something chosen."""

    edited = Signal()

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._shown = Entry()
        self.is_wrong = False
        title = QLabel(field.title)
        title.setWordWrap(True)
        self.value: QComboBox | QLineEdit = QComboBox() if field.choices else QLineEdit()
        self.unit = QComboBox()
        self.status = QComboBox()
        self.beside = QLabel()
        self.beside.setWordWrap(True)
        self.beside.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.beside.hide()
        title.setBuddy(self.value)
        self._fill()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 6)
        grid.setColumnStretch(0, 1)
        grid.addWidget(title, 0, 0)
        grid.addWidget(self.status, 0, 1)
        grid.addWidget(self.value, 1, 0, 1, 1 if field.units else 2)
        grid.addWidget(self.unit, 1, 1)
        grid.addWidget(self.beside, 2, 0, 1, 2)

    @property
    def entry(self) -> Entry:
        """What stands in the line."""
        text = self.value.currentText() if isinstance(self.value, QComboBox) else self.value.text()
        return Entry(text, self.unit.currentText(), str(self.status.currentData() or ""))

    @property
    def has_focus(self) -> bool:
        """Whether somebody types in it."""
        return any(each.hasFocus() for each in (self.value, self.unit))

    def show_entry(self, entry: Entry, origin: str) -> None:
        """Show what the record holds."""
        self._shown = entry
        self.is_wrong = False
        with signals_blocked(self.value), signals_blocked(self.unit), signals_blocked(self.status):
            if isinstance(self.value, QComboBox):
                self.value.setCurrentIndex(max(0, self.value.findText(entry.value)))
            else:
                self.value.setText(entry.value)
                self.value.setCursorPosition(0)
            self.unit.setCurrentText(entry.unit or (self.field.units[0] if self.field.units else ""))
            self.status.setCurrentIndex(max(0, self.status.findData(entry.status)))
        self.beside.setStyleSheet("")
        self._say(origin)

    def show_fault(self, what: str) -> None:
        """Say what is wrong with what was entered, which stays as it is."""
        self.is_wrong = True
        self.beside.setStyleSheet(_WRONG)
        self._say(what)

    def take(self) -> None:
        """Take in what is typed, though the line has not been left."""
        self._on_value()
        self._on_unit()

    def _say(self, text: str) -> None:
        self.beside.setText(text)
        self.beside.setVisible(bool(text))

    def _fill(self) -> None:
        self.value.setAccessibleName(self.field.title)
        self.value.setMinimumWidth(_NARROWEST_PX)
        if isinstance(self.value, QComboBox):
            self.value.addItems(["", *self.field.choices])
            self.value.activated.connect(self._on_value)
        else:
            self.value.editingFinished.connect(self._on_value)
        self.unit.setEditable(True)
        self.unit.addItems(self.field.units)
        self.unit.setVisible(bool(self.field.units))
        self.unit.setAccessibleName(f"Unit of {self.field.title}")
        self.unit.setToolTip("A UCUM code such as cm, mg/dL, mmol/L, a (years).")
        self.unit.setMinimumContentsLength(6)
        for each in _STATUS:
            self.status.addItem(each.replace("_", " "), each)
        self.status.setVisible(not self.field.is_plain)
        self.status.setAccessibleName(f"How {self.field.title} is known")
        self.status.setToolTip("How it is known. Not reported is not the same as normal.")
        # ``editingFinished`` of the line in it, for a unit that is typed and not chosen.
        line = self.unit.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._on_unit)
        self.unit.activated.connect(self._on_unit)
        self.status.activated.connect(self._on_status)

    def _on_value(self) -> None:
        if self.entry.value == self._shown.value:
            return
        # A value makes a status that says there is none untrue; no value makes one untrue that says there is.
        with signals_blocked(self.status):
            has_value = bool(self.entry.value.strip())
            if has_value and self.entry.status not in (Status.MEASURED, Status.REPORTED):
                self.status.setCurrentIndex(self.status.findData(Status.REPORTED.value))
            elif not has_value:
                self.status.setCurrentIndex(0)
        self._emit()

    def _on_unit(self) -> None:
        if self.entry.value.strip() and self.entry.unit != self._shown.unit:
            self._emit()

    def _on_status(self) -> None:
        status = self.entry.status
        if not (status and Status(status).has_value):
            with signals_blocked(self.value):
                if isinstance(self.value, QComboBox):
                    self.value.setCurrentIndex(0)
                else:
                    self.value.clear()
        elif not self.entry.value.strip():
            return  # the value is still to come
        self._emit()

    def _emit(self) -> None:
        self._shown = self.entry
        self.is_wrong = False
        self.edited.emit()
