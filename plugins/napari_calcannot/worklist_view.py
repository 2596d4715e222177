"""One row: which image of a folder is in hand, and the way to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from napari_calcannot.worklist import Worklist

_ARROW_PX = 30


class WorklistView(QWidget):
    """There only while a folder is worked through."""

    place_asked = Signal(int)
    """Place of an image in the folder, counted from 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images = QComboBox()
        self.images.setToolTip("Images of the folder. The one in hand is saved and closed when another is opened.")
        self.progress = QLabel()
        self.before, self.after = QPushButton("<"), QPushButton(">")
        self.before.setToolTip("Open the image before.")
        self.after.setToolTip("Open the next image.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Folder"))
        row.addWidget(self.images, 1)
        row.addWidget(self.progress)
        for button in (self.before, self.after):
            button.setMaximumWidth(_ARROW_PX)
            row.addWidget(button)
        self.images.activated.connect(self.place_asked)
        self.before.clicked.connect(lambda: self.place_asked.emit(self.images.currentIndex() - 1))
        self.after.clicked.connect(lambda: self.place_asked.emit(self.images.currentIndex() + 1))
        self.hide()

    def show_worklist(self, worklist: Worklist | None) -> None:
        """Show a folder; None for none."""
        self.setVisible(worklist is not None)
        if worklist is None:
            return
        with signals_blocked(self.images):
            if self.images.count() != len(worklist) or self.images.itemText(0) != worklist.names[0]:
                self.images.clear()
                self.images.addItems(worklist.names)
            self.images.setCurrentIndex(worklist.at)
        self.progress.setText(f"{worklist.at + 1} of {len(worklist)}")
