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
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_calcannot.preferences import user_name

_NO_CASE = "The image in hand has no case yet: draw on it or measure it, or open a case here."


class RecordForm(QWidget):  # type: ignore[misc]
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
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        origin = QFormLayout()
        origin.addRow("Your name", self.author)
        origin.addRow("Source", self.source)
        origin.addRow("Date", self.date)
        where = QHBoxLayout()
        where.addWidget(self.page, 1)
        where.addWidget(self.lesion)
        where.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.open)
        layout.addLayout(where)
        layout.addLayout(origin)
        layout.addWidget(self.scroll, 1)
        layout.addWidget(self.doubts)
        layout.addWidget(self.message)
