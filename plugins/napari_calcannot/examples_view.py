"""Pick from examples: what to click, and what comes of it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGroupBox, QHBoxLayout, QPushButton, QWidget

from napari_calcannot.tools import Tool


class ExamplesView(QGroupBox):
    """Four buttons: click mineral, click other things, take the rule, begin anew."""

    tool_chosen = Signal(str)
    pick_asked = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pick from examples", parent)
        self.mineral, self.other = QPushButton(), QPushButton()
        self.pick, self.clear = QPushButton("Pick"), QPushButton("Clear")
        for button, tip in (
            (self.mineral, "Then click on a few places that are mineral."),
            (self.other, "Then click on a few places that are not: tissue, nuclei, pigment, glass."),
            (self.pick, "Take the channel and threshold that tell them apart best. Both can be changed afterwards."),
            (self.clear, "Forget all places."),
        ):
            button.setToolTip(tip)
        row = QHBoxLayout(self)
        for button in (self.mineral, self.other, self.pick, self.clear):
            row.addWidget(button)
        self.mineral.clicked.connect(lambda: self.tool_chosen.emit(Tool.MINERAL_EXAMPLE.value))
        self.other.clicked.connect(lambda: self.tool_chosen.emit(Tool.OTHER_EXAMPLE.value))
        self.pick.clicked.connect(self.pick_asked)
        self.clear.clicked.connect(self.clear_asked)
        self.show_counts(0, 0)

    def show_counts(self, mineral: int, other: int) -> None:
        """Show how many places were clicked."""
        self.mineral.setText(f"+ mineral ({mineral})")
        self.other.setText(f"+ other ({other})")
        self.pick.setEnabled(mineral > 0 and other > 0)
