"""The panel: joins what is asked for, the session that answers, and the layers that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QMessageBox, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_calcannot.aligning import Aligning
from napari_calcannot.beside import Beside
from napari_calcannot.calibrating import Calibrating
from napari_calcannot.controls import Controls
from napari_calcannot.correcting import Correcting
from napari_calcannot.desk import Desk
from napari_calcannot.examples import Examples
from napari_calcannot.finding import Finding
from napari_calcannot.following import Following
from napari_calcannot.growing import Growing
from napari_calcannot.keeping import Keeping
from napari_calcannot.keys import add_shortcuts, bind, unbind
from napari_calcannot.layers import IMAGE, layer_title
from napari_calcannot.leaving import Leaving
from napari_calcannot.letters import Letters
from napari_calcannot.lines import Lines
from napari_calcannot.measuring import Measuring
from napari_calcannot.memory import forget_source_lines, keep_large_apart
from napari_calcannot.opening import Opening
from napari_calcannot.painting import Hand as StrokeHand
from napari_calcannot.preferences import Style
from napari_calcannot.reading import Reading
from napari_calcannot.telling import Telling
from napari_calcannot.tile_watch import TileWatch
from napari_calcannot.tools import Hand, Tool
from napari_calcannot.warming import Warming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari.viewer
    from qtpy.QtCore import QObject
    from qtpy.QtGui import QCloseEvent, QShowEvent

    from napari_calcannot.session import Session
    from napari_calcannot.stage import Stage


OPEN: WeakSet[CalcificationPanel] = WeakSet()
"""Panels that are open, one a window."""


class CalcificationPanel(QWidget):
    """Measure calcification on the open images.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        keep_large_apart()
        forget_source_lines()  # of napari itself: what is imported from here on lies in their place
        self._window: QWidget | None = None
        self.desk = Desk(napari_viewer, self)
        self.controls = Controls()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.controls)
        self.hand = Hand(self.desk)
        self.correcting = Correcting(self.desk, self.hand)
        self.finding = Finding(self.desk, self.controls)
        self.measuring = Measuring(self.desk)
        self.reading = Reading(self.desk, self.controls)
        self.telling = Telling(self.desk, self.controls.results)
        self.lines = Lines(self.desk, self.hand)
        self.calibrating = Calibrating(self.desk, self.hand, self)
        self.growing = Growing(self.desk, self.hand, self.controls.regions)
        self.examples = Examples(self.desk, self.hand)
        self.leaving = Leaving(self.desk, self.controls, self.measuring)
        self.watch = TileWatch(self.desk)
        self.keeping = Keeping(self.desk)
        self.following = Following(self.desk, self.controls)
        self.opening = Opening(self.desk, self.controls, self.following, self.keeping)
        self.beside = Beside(self.desk, self)
        self.aligning = Aligning(self.desk, self.hand, self.beside)
        self._connect()
        bind(napari_viewer, self._actions())
        add_shortcuts(self.controls, self._actions())
        self.following.bind_layers(self._actions())
        self.preferred = Style(self.controls.style_view, self._on_name)
        self.letters = Letters(self)
        self.following.take_layers()
        self.watch.start()
        self.warming = Warming(self)
        OPEN.add(self)

    @property
    def stage(self) -> Stage:
        """The layers."""
        return self.desk.stage

    @property
    def session(self) -> Session | None:
        """The image in hand."""
        return self.desk.session

    def open_path(self, path: str | Path) -> bool:
        """Open an image, a case or a folder; what goes wrong is said in the panel, and False given back."""
        return self.opening.open(path)

    def measure(self) -> None:
        """Measure the image on show; while something runs, cancel it instead."""
        if self.desk.is_working or self.finding.take_regions():
            self.measuring.measure()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let no answer come to a panel that is gone."""
        OPEN.discard(self)
        self.warming.stop()
        self.growing.stop()
        self.calibrating.stop()
        self.measuring.stop()
        self.reading.stop()
        self.watch.stop()
        self.keeping.stop()
        self.preferred.stop()
        self.letters.stop()
        self.beside.stop()
        self.following.stop()
        self.hand.close()
        self.finding.stop()  # what is written last changes the state, after which it looks again
        self.desk.runner.drop()
        unbind(self.stage.viewer)
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Hear when the window that it is in is closed: Qt tells the window only."""
        super().showEvent(event)
        if self.window() is not self._window:
            self._window = self.window()
            self._window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Write everything before the window closes; where that is not possible, it closes only if that is wanted."""
        if watched is self._window and event.type() == QEvent.Type.Close:
            lost = self.keeping.finish()
            if lost and not self._may_be_lost(lost):
                event.ignore()
                return True
        return False

    def _may_be_lost(self, why: str) -> bool:
        buttons = QMessageBox.StandardButton
        asked = f"What you drew can be saved nowhere at present.\n{why}\n\nClose and lose it?"
        answer = QMessageBox.warning(self, "Not saved", asked, buttons.Discard | buttons.Cancel, buttons.Cancel)
        return bool(answer == buttons.Discard)

    # What the user does

    def _on_image(self, index: int) -> None:
        self.hand.use(Tool.MOVE)
        before, chosen = self.session, self.desk.sessions[index]
        self.desk.choose(chosen)
        if self.beside.session is chosen:
            self.beside.show(before if before in self.desk.sessions else None)
        self.following.show_chosen()
        self.desk.state_changed.emit()

    def _on_beside(self, session: Session | None) -> None:
        self.beside.show(session)
        self._refresh()

    def _on_needed(self) -> None:
        if self.finding.take_regions():
            self.measuring.need()

    def _undo(self, *, redo: bool = False) -> None:
        session = self.session
        if session is not None and self.finding.take_regions():
            self.desk.change(lambda each: each.redo() if redo else each.undo())

    def _on_size(self, diameter_px: float) -> None:
        self.hand.diameter_px = diameter_px
        self.hand.show_size()

    def _on_bound(self) -> None:
        self.correcting.bound = self.controls.correct.bound

    def _on_overview(self, row: float, col: float) -> None:
        session = self.session
        layer = None if session is None else self.stage.layer(session, IMAGE)
        if session is not None and layer is not None:
            self.stage.camera.centre_on(layer, row * session.info.height_px, col * session.info.width_px)

    # Inside

    def _refresh(self) -> None:
        """Bring panel and preview in line with the session."""
        session, sessions = self.session, self.desk.sessions
        with signals_blocked(self.controls):
            self.controls.show_images([layer_title(each) for each in sessions])
            if session in sessions:
                self.controls.images.setCurrentIndex(sessions.index(session))
        self.controls.beside.show_sessions(
            sessions, session, self.beside.session, linked=self.beside.is_linked, aligning=self.aligning.is_on
        )
        self.controls.show_session(
            session, is_working=self.desk.is_working, asked=self.desk.asked, saving=self.keeping.run_state
        )
        if session is None:
            self.controls.overview.show_image(None)
        self.finding.show_preview()

    def _actions(self) -> dict[str, Callable[[], object]]:
        correct, style = self.controls.correct, self.controls.style_view
        tools = {tool.value: (lambda tool=tool: self.hand.use(tool)) for tool in Tool}
        return {
            **tools,
            "smaller": lambda: correct.resize_brush(larger=False),
            "larger": lambda: correct.resize_brush(larger=True),
            "undo": self._undo,
            "redo": lambda: self._undo(redo=True),
            "measure": self.measure,
            "next": lambda: self.reading.step(1),
            "previous": lambda: self.reading.step(-1),
            "accept": lambda: self.reading.mark("accept"),
            "reject": lambda: self.reading.mark("reject"),
            "hide": style.shown.toggle,
            "outline": style.outline.toggle,
        }

    def _on_name(self, author: str) -> None:
        """What is drawn from now on is of another."""
        for session in self.desk.sessions:
            session.hand = StrokeHand(author)

    def _show_saved(self, state: str) -> None:
        name = "" if self.session is None else self.session.info.name
        self.stage.viewer.title = " - ".join(each for each in ("calcannot", name, state) if each)

    def _on_style_shown(self, shown: bool) -> None:
        self.stage.overlay.show(self.session, shown=shown)
        self._refresh()

    def _connect(self) -> None:
        controls, desk = self.controls, self.desk
        desk.said.connect(controls.say)
        desk.said.connect(self.keeping.hear)  # after it: what is not saved is said again where it was taken away
        desk.state_changed.connect(self._refresh)
        self.following.outlines_changed.connect(self.finding.settle_soon)
        desk.runner.progressed.connect(controls.show_progress)
        controls.image_chosen.connect(self._on_image)
        controls.overview.place_chosen.connect(self._on_overview)
        controls.measure.clicked.connect(self.measure)
        controls.share.ruler_asked.connect(lambda: self.hand.use(Tool.RULER))
        controls.scale_row.calibrate_asked.connect(self.calibrating.ask)
        controls.scale.line_asked.connect(lambda: self.calibrating.ask("line"))
        controls.style_view.style_changed.connect(self.stage.overlay.restyle)
        controls.style_view.shown_changed.connect(self._on_style_shown)
        correct = controls.correct
        correct.tool_chosen.connect(lambda tool: self.hand.use(Tool(tool)))
        correct.size_changed.connect(self._on_size)
        correct.bound_changed.connect(self._on_bound)
        correct.undo_asked.connect(self._undo)
        correct.redo_asked.connect(lambda: self._undo(redo=True))
        self.hand.tool_changed.connect(correct.show_tool)
        for each in (self.correcting, self.telling, self.growing, self.calibrating):
            each.measurement_needed.connect(self._on_needed)
        self.measuring.given_up.connect(self.correcting.awaiting.give_up)
        controls.regions.grow_asked.connect(lambda: self.hand.use(Tool.GROW))
        self.correcting.region_clicked.connect(self.reading.choose_at)
        self.watch.failed.connect(desk.say)
        self.watch.refining.connect(lambda on: controls.rule.show_refining(refining=on))
        self.watch.arrived.connect(self.beside.draw_anew)
        self.watch.overview_arrived.connect(self.following.show_overview)
        self.watch.overview_arrived.connect(self.finding.look_again)
        controls.beside.asked.connect(self._on_beside)
        controls.beside.linked.connect(lambda on: self.beside.link(linked=on))
        controls.beside.align_asked.connect(lambda on: self.aligning.use(on=on))
        self.aligning.changed.connect(self._refresh)
        controls.examples.tool_chosen.connect(lambda tool: self.hand.use(Tool(tool)))
        controls.examples.pick_asked.connect(self.examples.pick)
        controls.examples.clear_asked.connect(self.examples.clear)
        self.examples.counted.connect(controls.examples.show_counts)
        self.measuring.measured.connect(self.keeping.save_run)
        self.keeping.state_changed.connect(self._show_saved)
