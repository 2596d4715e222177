"""One row: which image is shown beside the one in hand, and whether both move together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget
from superqt.utils import signals_blocked

from napari_calcannot.layers import layer_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.session import Session

_NONE = "nothing"
_LEAST_LETTERS = 6


class BesideView(QWidget):
    """There only while there are several images."""

    asked = Signal(object)
    """Session to show, or None."""
    linked = Signal(bool)
    align_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sessions: list[Session | None] = [None]
        self.images = QComboBox()
        shrinking(self.images)
        self.images.setToolTip("Show another image beside the one in hand: a film beside its slide, or two sections.")
        self.link = QCheckBox("Move together")
        self.link.setToolTip(
            "Bring the same place into the middle of both views, then switch this on: they move and zoom together."
        )
        self.align = QPushButton("Align")
        self.align.setCheckable(True)
        self.align.setToolTip(
            "Sections that are shifted, turned or turned over: click the same places in both images, and the one "
            "beside is drawn as the one in hand lies. Press again to end."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Beside"))
        row.addWidget(self.images, 1)
        row.addWidget(self.link)
        row.addWidget(self.align)
        self.images.activated.connect(self._on_image)
        self.link.toggled.connect(self.linked)
        self.align.toggled.connect(self.align_asked)
        self.hide()

    def show_sessions(
        self,
        sessions: Sequence[Session],
        in_hand: Session | None,
        beside: Session | None,
        *,
        linked: bool,
        aligning: bool,
    ) -> None:
        """Offer the images that are not in hand."""
        self._sessions = [None, *(each for each in sessions if each is not in_hand)]
        self.setVisible(len(self._sessions) > 1)
        with signals_blocked(self.images), signals_blocked(self.link), signals_blocked(self.align):
            self.images.clear()
            self.images.addItems([_NONE if each is None else layer_title(each) for each in self._sessions])
            self.images.setCurrentIndex(self._sessions.index(beside) if beside in self._sessions else 0)
            self.link.setEnabled(beside is not None)
            self.link.setChecked(linked)
            self.align.setEnabled(beside is not None)
            self.align.setChecked(aligning)

    def _on_image(self, index: int) -> None:
        self.asked.emit(self._sessions[index])


def shrinking(box: QComboBox) -> None:
    """Let a box be as wide as the panel leaves it, not as its longest text: else all else is cut off at the right."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LEAST_LETTERS)
