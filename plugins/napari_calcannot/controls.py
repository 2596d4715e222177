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
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from calcannot.store.journal_writer import SaveState
from napari_calcannot.beside_view import BesideView, shrinking
from napari_calcannot.correct_view import CorrectView
from napari_calcannot.examples_view import ExamplesView
from napari_calcannot.others_view import OthersView
from napari_calcannot.overview_view import OverviewView
from napari_calcannot.regions_view import RegionsView
from napari_calcannot.results_view import ResultsView
from napari_calcannot.rule_view import RuleView
from napari_calcannot.scale_row import ScaleRow
from napari_calcannot.scale_view import ScaleView
from napari_calcannot.share_view import ShareView
from napari_calcannot.style_view import StyleView
from napari_calcannot.wide_enough import WideEnough
from napari_calcannot.worklist_view import WorklistView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.question import Question
    from napari_calcannot.session import Session

_LEAST_WIDTH_PX = 430
_STAGES = {"statistics": "Looking at the image", "classify": "Measuring"}
_BOX = "border: 1px solid {}; border-radius: 3px; padding: 4px;"


class Controls(QWidget):
    """Image and messages above, one tab for each thing one does, measuring below."""

    image_chosen = Signal(int)
    open_image_asked = Signal()
    open_case_asked = Signal()
    open_folder_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.images = QComboBox()
        self.images.setToolTip("The image to measure. Choosing one shows it and hides the others.")
        self.worklist = WorklistView()
        self.beside = BesideView()
        self.message = QLabel()
        self.message.setObjectName("calcannotMessage")
        self.message.setStyleSheet(f"#calcannotMessage {{ {_BOX.format('#56b4e9')} }}")
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        self.others = OthersView()
        self.scale = ScaleView()
        self.scale_row = ScaleRow()
        self.overview = OverviewView()
        self.overview.hide()
        self.style_view = StyleView()
        self.rule = RuleView()
        self.examples = ExamplesView()
        self.regions = RegionsView()
        self.correct = CorrectView()
        self.results = ResultsView()
        self.tabs = QTabWidget()
        self.tabs.addTab(_scrolling(self.rule, self.examples, self.regions), "Find")
        self.tabs.addTab(_scrolling(self.correct), "Correct")
        self.tabs.addTab(_scrolling(self.results), "Read")
        self.share = ShareView()
        self.tabs.addTab(_scrolling(self.share), "Share")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.measure = QPushButton("Measure")
        self.measure.setToolTip("Count what is mineral by the rule and the corrections. Key M.")
        self.measure.setStyleSheet("font-weight: bold; padding: 6px;")
        self.progress = QProgressBar()
        layout = QVBoxLayout(self)
        layout.addStrut(_LEAST_WIDTH_PX)  # no fixed width: with large letters more is needed
        layout.addLayout(self._image_row())
        layout.addWidget(self.worklist)
        layout.addWidget(self.beside)
        layout.addWidget(self.message)
        layout.addWidget(self.others)
        layout.addWidget(self.scale)
        layout.addWidget(self.scale_row)
        layout.addWidget(self.overview)
        layout.addWidget(self.style_view)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.state)
        layout.addWidget(self.progress)
        layout.addWidget(self.measure)

    def say(self, message: str) -> None:
        """Show a message until the next one; an empty one hides it."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def show_images(self, titles: Sequence[str]) -> None:
        """Offer these images, in order."""
        if [self.images.itemText(i) for i in range(self.images.count())] != list(titles):
            self.images.clear()
            self.images.addItems(list(titles))

    def show_session(
        self, session: Session | None, *, is_working: bool, asked: Question | None = None,
        saving: SaveState = SaveState.SAVED,
    ) -> None:  # fmt: skip
        """Show an image's state; while something runs, what would turn to another image or write one is off.

        Parameters
        ----------
        asked
            What is being measured.
        """
        self.others.show_session(session)
        self.scale.show_session(session)
        self.scale_row.show_session(session)
        self.rule.show_session(session)
        self.regions.show_session(session)
        self.correct.show_session(session)
        rule = self.rule.rule
        self.correct.show_bound(None if session is None else session.threshold, possible=rule is not None)
        self.results.show_session(session)
        self.share.show_session(session)
        self.state.setText("" if session is None else state_text(session, asked, saving=saving))
        self.state.setToolTip("" if session is None or session.saved_to is None else str(session.saved_to))
        for widget in (self.rule, self.examples, self.regions, self.scale, self.scale_row, self.correct):
            widget.setEnabled(session is not None)
        for widget in (self.images, self.share, self.worklist):
            widget.setEnabled(session is not None and not is_working)
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
        self.open.setToolTip("Open an image, a case or a folder of images; or drop them on the panel.")
        shrinking(self.images)
        self.open_menu = QMenu(self.open)
        for title, asked in (
            ("Image...", self.open_image_asked),
            ("Case folder...", self.open_case_asked),
            ("Folder of images...", self.open_folder_asked),
        ):
            # PySide6 takes no signal as what an action calls: it would be refused when the action is chosen.
            self.open_menu.addAction(title).triggered.connect(asked)
        self.open.setMenu(self.open_menu)
        self.images.activated.connect(self.image_chosen)
        row = QHBoxLayout()
        row.addWidget(QLabel("Image"))
        row.addWidget(self.images, 1)
        row.addWidget(self.open)
        return row


def state_text(session: Session, asked: Question | None = None, *, saving: SaveState = SaveState.SAVED) -> str:
    """Whether there is a measurement, of what, and where it is saved; ``asked`` is what is being measured."""
    if asked is not None:
        if session.is_asked(asked):
            return "Being measured. What you draw meanwhile is kept, and measured next."
        if session.has_recipe(asked.recipe):
            return "Being measured without what you changed since, which is kept, and measured next."
        return "Being measured by the rule as it was. Press Measure again when this has ended."
    if session.analysis is None:
        return "Not measured yet."
    if not session.is_current:
        if session.shows_mask and session.mask is not None:
            return f"Corrected since it was measured: {session.mask.area_px:,} px now. The table follows."
        return "Changed since it was measured. Press Measure again."
    if session.saved_to is None and saving is SaveState.SAVING:
        return "Measured, saving ..."
    if session.saved_to is None and saving is SaveState.NOT_SAVED:
        return "Measured, not saved yet: see above."
    if session.saved_to is None:
        return "Measured with all corrections, which are saved. Press Measure to keep this result too."
    folder = session.saved_to
    is_run = len(folder.parents) > 2 and folder.parents[1].name == "runs"
    noted = " Read has a note on it." if session.analysis.warnings else ""
    return f"Measured and saved in {folder.parents[2].name if is_run else folder}.{noted}"


def _scrolling(*widgets: QWidget) -> QScrollArea:
    inside = QWidget()
    layout = QVBoxLayout(inside)
    layout.setContentsMargins(4, 4, 4, 4)
    for widget in widgets:
        layout.addWidget(widget)
    if len(widgets) > 1:
        layout.addStretch(1)
    for box in inside.findChildren(QComboBox):
        shrinking(box)
    area = WideEnough()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area
