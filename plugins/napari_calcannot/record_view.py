"""The form of a case's record: a dock of its own, beside the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from calcannot.errors import CalcannotError
from calcannot.model.case_doubts import doubts
from calcannot.store.case_folder import CaseFolder
from napari_calcannot.controls import Controls
from napari_calcannot.docks import share_place
from napari_calcannot.layers import SESSION
from napari_calcannot.letters import Letters
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.preferences import choose_user_name
from napari_calcannot.record_fields import LESION, OVERVIEW, entry_of, fact_of, fields_of, leaf_at, origin_text, pages
from napari_calcannot.record_form import RecordForm
from napari_calcannot.record_keeper import RecordKeeper
from napari_calcannot.record_row import RecordRow
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QCloseEvent, QShowEvent

    from napari_calcannot.record_fields import Place


class RecordPanel(RecordForm):
    """Fill in what is known of a patient, by pages. Each entry is written when its line is left; there is no button.

    Parameters
    ----------
    napari_viewer
        Given by napari. The form follows the case of the image in hand.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.keeper: RecordKeeper | None = None
        self.rows: dict[Place, RecordRow] = {}
        self._leaving: list[RecordKeeper] = []
        self._wanted = self._shown = ""
        self._is_placed = False
        self.open.clicked.connect(self._ask_case)
        self.page.activated.connect(self._show_page)
        self.lesion.clicked.connect(self._ask_lesion)
        self.remove.clicked.connect(self._remove_lesion)
        self.author.editingFinished.connect(self._on_author)
        self.letters = Letters(self)
        self._offer()
        self.viewer.layers.selection.events.active.connect(self._follow)
        self._follow()
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._finish)

    def open_case(self, path: str | Path) -> bool:
        """Show the record of a case; what goes wrong is said, and False given back."""
        try:
            self._show_case(CaseFolder.open(path))
        except CalcannotError as error:
            self.message.setText(sentence(error))
            return False
        return True

    def add_lesion(self, name: str) -> None:
        """Add a lesion under a name and turn to its page; a name that cannot be is said."""
        if self.keeper is not None:
            self._wanted = f"{LESION}{name}"
            self.keeper.put(("lesions", name), {})

    def closeEvent(self, event: QCloseEvent) -> None:
        """Write what is left; stay open while that is not possible."""
        if not self._finish():
            event.ignore()
            return
        self.viewer.layers.selection.events.active.disconnect(self._follow)
        self.letters.stop()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Others may have written while it was hidden."""
        super().showEvent(event)
        self._refresh()
        if not self._is_placed:  # once: where it is put by hand it stays
            self._is_placed = True
            QTimer.singleShot(0, self._share_place)  # napari has docked it then

    def _share_place(self) -> None:
        share_place(self, Controls)

    def _finish(self) -> bool:
        """Write what is left; False, and said, where that is not possible."""
        self._take_line()
        keepers = [*self._leaving, self.keeper]
        problem = " ".join(filter(None, (each.finish() for each in keepers if each is not None)))
        if problem:
            self.message.setText(f"Not saved: {problem}")
        return not problem

    def _follow(self, _event: object = None) -> None:
        """Turn to the case of the image in hand; one without a case changes nothing."""
        layer = self.viewer.layers.selection.active
        session = None if layer is None else layer.metadata.get(SESSION)
        drawing = None if session is None else session.drawing
        if isinstance(drawing, LogDrawing) and (self.keeper is None or self.keeper.case.path != drawing.case.path):
            self.open_case(drawing.case.path)

    def _show_case(self, case: CaseFolder) -> None:
        self._take_line()
        if self.keeper is not None and not self.keeper.is_saved:
            self._leaving.append(self.keeper)  # goes on until all is written
        self.keeper = RecordKeeper(case, self.author.text().strip(), self)
        self.keeper.written.connect(self._on_written)
        self.keeper.refused.connect(self._on_refused)
        self.keeper.waiting.connect(lambda why: self.message.setText(f"Not saved yet, trying again: {why}"))
        self.message.setText("")
        self._offer()
        self._show_page()

    def _offer(self) -> None:
        """Name the case, and offer its pages; the page on show stays."""
        record = None if self.keeper is None else self.keeper.case.record
        for widget in (self.page, self.lesion, self.source, self.date):
            widget.setEnabled(record is not None)
        if record is None:
            return
        self.title.setText(f"{record.id}: {record.title}" if record.title else record.id)
        before = self.page.currentData() or OVERVIEW
        with signals_blocked(self.page):
            self.page.clear()
            for name in pages(record):
                self.page.addItem(name[:1].upper() + name[1:], name)
            self.page.setCurrentIndex(max(0, self.page.findData(before)))
        found = doubts(record)
        self.doubts.setText("\n".join(f"To check: {each}" for each in found))
        self.doubts.setVisible(bool(found))

    def _show_page(self) -> None:
        self.remove.setVisible(str(self.page.currentData()).startswith(LESION))
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self.rows = {}
        self._shown = str(self.page.currentData())
        for field in fields_of(self._shown):
            row = RecordRow(field)
            row.edited.connect(lambda row=row: self._on_edited(row))
            self.rows[field.place] = row
            layout.addWidget(row)
        self.show_lines(page)
        self.letters.apply()
        self._fill()

    def _fill(self) -> None:
        """Show the record in the lines of the page, but for one in which somebody types."""
        if self.keeper is None:
            return
        for place, row in self.rows.items():
            if not (row.has_focus or row.is_wrong):
                found = leaf_at(self.keeper.case.record, place)
                row.show_entry(entry_of(found), origin_text(found))

    def _refresh(self) -> None:
        if self.keeper is not None:
            try:
                self.keeper.look()
            except CalcannotError as error:
                self.message.setText(sentence(error))
                return
            self._offer()
            self._fill()

    def _take_line(self) -> None:
        """Take in the line in which somebody types."""
        for row in self.rows.values():
            if row.has_focus:
                row.take()

    def _on_edited(self, row: RecordRow) -> None:
        if self.keeper is None:
            return
        self.message.setText("")
        found = leaf_at(self.keeper.case.record, row.field.place)
        source, date = self.source.text().strip(), self.date.text().strip()
        self.keeper.put(row.field.place, fact_of(row.field, row.entry, found, source=source, date=date))

    def _on_author(self) -> None:
        choose_user_name(self.author.text())
        if self.keeper is not None:
            self.keeper.author = self.author.text().strip()

    def _on_written(self) -> None:
        self.message.setText("Saved.")
        self._offer()
        if self._wanted and self.page.findData(self._wanted) >= 0:
            self.page.setCurrentIndex(self.page.findData(self._wanted))
            self._wanted = ""
            self._show_page()
        elif self.page.currentData() != self._shown:  # its lesion is gone
            self._show_page()
        else:
            self._fill()

    def _on_refused(self, place: Place, what: str) -> None:
        row = self.rows.get(place)
        if row is not None:
            row.show_fault(f"Not saved: {what.partition(': ')[2] or what}")
        elif "pattern" in what:
            self.message.setText("Not added: a name has letters, digits, points, - and _ only, and no spaces.")
        else:
            self.message.setText(f"Not saved: {what}")

    def _ask_case(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a case folder")
        if folder:
            self.open_case(folder)

    def _remove_lesion(self) -> None:
        if self.keeper is not None and self._shown.startswith(LESION):
            self.message.setText("")
            self.keeper.put(("lesions", self._shown.removeprefix(LESION)), None)

    def _ask_lesion(self) -> None:
        name, given = QInputDialog.getText(self, "Add a lesion", "Name within the case, such as right-1:")
        if given and name.strip():
            self.add_lesion(name.strip())
