"""Regions of interest and exclusions: which kind is drawn next, in which way, and for which reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QGroupBox, QHBoxLayout, QLabel, QPushButton, QWidget
from superqt import QLabeledDoubleSlider
from superqt.utils import signals_blocked

from calcannot.model.annotation import StrokeKind
from calcannot.store.geojson_feature import EXCLUDE_REASONS
from napari_calcannot.drawn import SHAPES

if TYPE_CHECKING:
    from napari_calcannot.session import Session


class RegionsView(QGroupBox):
    """Where is measured."""

    draw_asked = Signal(str, str, str)
    """Kind (region or exclude), shape, and reason."""
    grow_asked = Signal()
    share_moved = Signal(float)
    """Share of the peak at which the latest growth is to end."""
    as_found_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Where", parent)
        self.draw = QPushButton("Draw region")
        self.draw.setToolTip("Draw a region of interest. Where there is one, nothing outside is measured.")
        self.exclude = QPushButton("Exclude")
        self.exclude.setToolTip("Draw around what must not be measured.")
        self.shape = QComboBox()
        self.shape.addItems(list(SHAPES))
        self.shape.setToolTip("How to draw: a polygon ends with Enter, the others when the mouse is released.")
        self.reason = QComboBox()
        self.reason.addItems(list(EXCLUDE_REASONS))
        self.reason.setToolTip("Why it must not be measured; it stands in the record.")
        self.count = QLabel()
        self.count.setWordWrap(True)
        grid = QGridLayout(self)
        grid.addWidget(self.draw, 0, 0)
        grid.addWidget(self.shape, 0, 1)
        grid.addWidget(self.exclude, 1, 0)  # in one row they would widen the panel with large letters
        grid.addWidget(self.reason, 1, 1)
        grid.addLayout(self._grow_row(), 2, 0, 1, 2)
        grid.addWidget(self.count, 3, 0, 1, 2)
        self.draw.clicked.connect(lambda: self._ask(StrokeKind.REGION, ""))
        self.exclude.clicked.connect(lambda: self._ask(StrokeKind.EXCLUDE, self.reason.currentText()))

    @property
    def share(self) -> float:
        """Share of the peak that the slider shows."""
        return float(self.at.value()) / 100

    def offer_share(self, *, possible: bool) -> None:
        """Let the latest growth be moved, as long as it is there."""
        self.at.setEnabled(possible)
        self.as_found.setEnabled(possible)

    def show_share(self, share: float) -> None:
        """Show where the latest growth ends."""
        with signals_blocked(self.at):
            self.at.setValue(100 * share)

    def show_session(self, session: Session | None) -> None:
        """Show how many there are."""
        self.grow.setEnabled(session is not None and session.info.channels == 1)
        if session is None:
            self.count.setText("")
            return
        regions, excluded = len(session.annotations.regions), session.annotations.of(StrokeKind.EXCLUDE)
        text = "1 region of interest" if regions == 1 else f"{regions} regions of interest"
        text = text if regions else "the whole image is measured"
        if excluded:
            reasons = sorted({stroke.reason or "other" for stroke in excluded})
            text += f", {len(excluded)} left out ({', '.join(reasons)})"
        self.count.setText(text)

    def _grow_row(self) -> QHBoxLayout:
        self.grow = QPushButton("Grow (G)")
        self.grow.setToolTip("Click a lesion of a film: it is grown to its edge, and measured alone. Key G.")
        self.at = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.at.setRange(5.0, 95.0)
        self.at.setDecimals(0)
        self.at.setToolTip(
            "Where the growth ends, in % of the lesion's peak above the local background. More: smaller. An ellipsoid "
            "cut at f has 1 - f² of its area."
        )
        self.as_found = QPushButton("As found")
        self.as_found.setToolTip("End the growth where the lesion's own edge was found.")
        row = QHBoxLayout()
        row.addWidget(self.grow)
        row.addWidget(QLabel("to % of peak"))
        row.addWidget(self.at, 1)
        row.addWidget(self.as_found)
        self.grow.clicked.connect(self.grow_asked)
        self.at.valueChanged.connect(lambda value: self.share_moved.emit(float(value) / 100))
        self.as_found.clicked.connect(self.as_found_asked)
        self.offer_share(possible=False)
        return row

    def _ask(self, kind: StrokeKind, reason: str) -> None:
        self.draw_asked.emit(kind.value, self.shape.currentText(), reason)
