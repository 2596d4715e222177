"""What somebody else left otherwise: there only while one of two has to be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_calcannot.left_by_others import LeftByOthers, left_by_others

if TYPE_CHECKING:
    from napari_calcannot.session import Session


class OthersView(QFrame):
    """A banner with two buttons."""

    chosen = Signal(str, object, object)
    """Name of the setting, the value that is taken, and the one that is not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("othersBanner")
        self.setStyleSheet("#othersBanner { border: 1px solid #e69f00; border-radius: 3px; }")
        self._left: LeftByOthers | None = None
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.theirs, self.mine = QPushButton(), QPushButton()
        self.theirs.setToolTip("Work with what the other set. Undo takes it back.")
        self.mine.setToolTip("Work with what you set. What the other set stays in the record of the case.")
        row = QHBoxLayout()
        row.addWidget(self.theirs)
        row.addWidget(self.mine)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.theirs.clicked.connect(lambda: self._on_chosen(theirs=True))
        self.mine.clicked.connect(lambda: self._on_chosen(theirs=False))
        self.hide()

    def show_session(self, session: Session | None) -> None:
        """Show the banner where there is something to choose."""
        left = self._left = None if session is None else left_by_others(session)
        self.setVisible(left is not None)
        if left is not None:
            self.text.setText(left.text)
            self.theirs.setText("Keep theirs" if left.is_theirs else "Take theirs")
            self.mine.setText("Take mine" if left.is_theirs else "Keep mine")

    def _on_chosen(self, *, theirs: bool) -> None:
        left = self._left
        if left is not None:
            self.chosen.emit(left.name, *((left.theirs, left.mine) if theirs else (left.mine, left.theirs)))
