"""What the form of a record is made of: the case, the page and its lines, and where what is entered comes from."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_calcannot.preferences import user_name
from napari_calcannot.wide_enough import WideEnough

_NO_CASE = "The image in hand has no case yet: draw on it or measure it, or open a case here."


class RecordForm(QWidget):
    """Widgets in their places; what they do is told by ``RecordPanel``."""

    def __init__(self) -> None:
        super().__init__()
        self.title = QLabel(_NO_CASE)
        self.title.setWordWrap(True)
        self.open = QPushButton("Open a case...")
        self.page = QComboBox()
        self.page.setAccessibleName("Page of the record")
        self.lesion = QPushButton("Add a lesion...")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take away this lesion, once none of its facts is left.")
        self.source = QLineEdit()
        self.source.setPlaceholderText("letter, chart, laboratory report")
        self.source.setToolTip("Where you read what you enter from now on.")
        self.date = QLineEdit()
        self.date.setPlaceholderText("2015, 2015-05 or 2015-05-30")
        self.date.setToolTip("Day, month or year that it is of.")
        self.author = QLineEdit(user_name())
        self.author.setPlaceholderText("none")
        self.author.setToolTip("As you want to be named in the history and with your strokes; kept in the preferences.")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.doubts = QLabel()
        self.doubts.setWordWrap(True)
        self.lines = QWidget()
        origin = QFormLayout()
        origin.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        origin.addRow("Your name", self.author)
        origin.addRow("Source", self.source)
        origin.addRow("Date", self.date)
        lesions = QHBoxLayout()
        lesions.addWidget(self.lesion)
        lesions.addWidget(self.remove)
        # All of it scrolls: below the panel, with large letters, there may be room for a few lines only.
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.addWidget(self.title)
        self._column.addWidget(self.open)
        self._column.addWidget(self.page)
        self._column.addLayout(lesions)
        self._column.addLayout(origin)
        self._column.addWidget(self.doubts)
        self._column.addWidget(self.lines)
        self._column.addStretch(1)
        self.scroll = WideEnough()
        self.scroll.setWidgetResizable(True)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.addWidget(self.scroll, 1)
        layout.addWidget(self.message)

    def show_lines(self, lines: QWidget) -> None:
        """Show the lines of a page in place of those of another."""
        self._column.replaceWidget(self.lines, lines)
        self.lines.hide()  # at once: it is deleted a moment later
        self.lines.deleteLater()
        self.lines = lines
