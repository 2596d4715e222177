"""Everything in the panel that is seen and pressed, from top to bottom. It decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_calcannot.results_view import ResultsView
from napari_calcannot.rule_view import RuleView
from napari_calcannot.scale_view import ScaleView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.session import Session

_LEAST_WIDTH_PX = 420
_STAGES = {"statistics": "Looking at the image", "classify": "Measuring"}


class Controls(QScrollArea):  # type: ignore[misc]
    """Image, scale, rule, regions of interest, measure, result."""

    image_chosen = Signal(int)
    open_image_asked = Signal()
    open_case_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_LEAST_WIDTH_PX)
        self.images = QComboBox()
        self.images.setToolTip("The image to measure. Choosing one shows it and hides the others.")
        self.message = QLabel()
        self.message.setObjectName("calcannotMessage")
        self.message.setStyleSheet("#calcannotMessage { border: 1px solid #56b4e9; border-radius: 3px; padding: 4px; }")
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        self.scale = ScaleView()
        self.rule = RuleView()
        self.draw = QPushButton("Draw region")
        self.draw.setToolTip("Draw a region of interest. Where there is one, nothing outside is measured.")
        self.regions = QLabel()
        self.measure = QPushButton("Measure")
        self.measure.setStyleSheet("font-weight: bold; padding: 6px;")
        self.progress = QProgressBar()
        self.results = ResultsView()
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.addLayout(self._image_row())
        layout.addWidget(self.message)
        layout.addWidget(self.scale)
        layout.addWidget(self.rule)
        row = QHBoxLayout()
        row.addWidget(self.draw)
        row.addWidget(self.regions, 1)
        layout.addLayout(row)
        layout.addWidget(self.measure)
        layout.addWidget(self.progress)
        layout.addWidget(self.results, 1)
        self.setWidget(inside)

    def say(self, message: str) -> None:
        """Show a message until the next one; an empty one hides it."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def show_images(self, titles: Sequence[str]) -> None:
        """Offer these images, in order."""
        if [self.images.itemText(i) for i in range(self.images.count())] != list(titles):
            self.images.clear()
            self.images.addItems(list(titles))

    def show_session(self, session: Session | None, *, is_working: bool) -> None:
        """Show an image's state; while something runs, all that could change it is off."""
        self.scale.show_session(session)
        self.rule.show_session(session)
        self.results.show_session(session)
        count = 0 if session is None else len(session.annotations.regions)
        regions = "1 region of interest" if count == 1 else f"{count} regions of interest"
        self.regions.setText("" if session is None else regions if count else "the whole image is measured")
        free = session is not None and not is_working
        for widget in (self.images, self.rule, self.draw, self.scale):
            widget.setEnabled(free)
        self.results.save.setEnabled(free and session is not None and session.is_current)
        self.measure.setEnabled(session is not None)
        self.measure.setText("Cancel" if is_working else "Measure")
        self.progress.setVisible(is_working)
        if not is_working:
            self.progress.setRange(0, 0)  # until the next job says how much there is

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a job is, in rows of the image."""
        self.progress.setRange(0, max(1, total))
        self.progress.setValue(done)
        self.progress.setFormat(f"{_STAGES.get(stage, stage)}: %p %")

    def _image_row(self) -> QHBoxLayout:
        self.open = QPushButton("Open")
        menu = QMenu(self.open)
        menu.addAction("Image...", self.open_image_asked)
        menu.addAction("Case folder...", self.open_case_asked)
        self.open.setMenu(menu)
        self.images.activated.connect(self.image_chosen)
        row = QHBoxLayout()
        row.addWidget(QLabel("Image"))
        row.addWidget(self.images, 1)
        row.addWidget(self.open)
        return row
