"""What leaves the window: a figure, a report, files for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QWidget

from calcannot.batch.export import FORMATS

if TYPE_CHECKING:
    from napari_calcannot.session import Session


class ShareView(QWidget):
    """One row for each way out."""

    figure_asked = Signal()
    report_asked = Signal()
    export_asked = Signal(str)
    """Name of a format."""
    results_asked = Signal()
    ruler_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ruler = QPushButton("Measure a line")
        self.ruler.setToolTip("Press, drag, and let go: the length is said above.")
        self.figure = QPushButton("Figure of the view...")
        self.figure.setToolTip("What is in view as a PNG of 170 mm at 300 dpi, with outlines and scale bar.")
        self.report = QPushButton("Report of the case...")
        self.report.setToolTip("One HTML file: what was measured, how, and what cannot be concluded.")
        self.results = QPushButton("Tables, masks, overlays...")
        self.results.setToolTip("The folder that calcannot measure writes, for all images measured as they are now.")
        self.formats = QComboBox()
        for name, each in FORMATS.items():
            self.formats.addItem(f"{name}: {each.holds}", name)
        self.formats.setToolTip("What the files are for, and what they hold.")
        self.export = QPushButton("Export...")
        self.export.setToolTip("Write the newest measurement of each image of the case in this format.")
        self.place = QLabel()
        self.place.setWordWrap(True)
        form = QFormLayout(self)
        for widget in (self.ruler, self.figure, self.report, self.results):
            form.addRow(widget)
        form.addRow(self.formats)
        form.addRow(self.export)
        form.addRow(self.place)
        self.ruler.clicked.connect(self.ruler_asked)
        self.figure.clicked.connect(self.figure_asked)
        self.report.clicked.connect(self.report_asked)
        self.results.clicked.connect(self.results_asked)
        self.export.clicked.connect(lambda: self.export_asked.emit(str(self.formats.currentData())))

    def show_session(self, session: Session | None) -> None:
        """Offer what there is something to be made of."""
        is_saved = session is not None and session.is_saved
        self.ruler.setEnabled(session is not None)
        self.figure.setEnabled(session is not None)
        for widget in (self.report, self.export):
            widget.setEnabled(is_saved)
        self.results.setEnabled(session is not None and session.is_current)
        self.place.setText("" if is_saved else "Report and export are made of a saved measurement: press Measure.")
