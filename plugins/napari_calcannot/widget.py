"""The panel: joins what is asked for, the session that answers, and the layers that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from calcannot.errors import CalcannotError
from napari_calcannot.controls import Controls
from napari_calcannot.correcting import Correcting
from napari_calcannot.desk import Desk
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.examples import Examples
from napari_calcannot.finding import Finding
from napari_calcannot.keeping import Keeping
from napari_calcannot.keys import bind, unbind
from napari_calcannot.layers import IMAGE, REGIONS, contrast_limits, layer_title
from napari_calcannot.leaving import Leaving
from napari_calcannot.lines import Lines
from napari_calcannot.measuring import Measuring
from napari_calcannot.reader import layers_of, open_path
from napari_calcannot.reading import Reading
from napari_calcannot.save_results import save_results
from napari_calcannot.tile_watch import TileWatch
from napari_calcannot.tools import Hand, Tool
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QCloseEvent

    from napari_calcannot.session import Session
    from napari_calcannot.stage import Stage

_LAID_OUT_MS = 250  # until a window that has just been opened has its size


class CalcificationPanel(QWidget):  # type: ignore[misc]
    """Measure calcification on the open images.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
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
        self.lines = Lines(self.desk, self.hand)
        self.examples = Examples(self.desk, self.hand)
        self.leaving = Leaving(self.desk, self.controls, self.measuring)
        self.watch = TileWatch(self.desk)
        self.keeping = Keeping(self.desk)
        self._watched: WeakSet[object] = WeakSet()
        # After the viewer is done: a layer added in the middle of "clear" would be removed and added for ever.
        self._follow = QTimer(self, singleShot=True, interval=0)
        self._follow.timeout.connect(self._on_layers)
        self._connect()
        bind(napari_viewer, self._actions())
        self._on_layers()
        self.watch.start()

    @property
    def stage(self) -> Stage:
        """The layers."""
        return self.desk.stage

    @property
    def session(self) -> Session | None:
        """The image in hand."""
        return self.desk.session

    def open_path(self, path: str | Path) -> bool:
        """Open an image or a case; what goes wrong is said in the panel, and False given back."""
        try:
            sessions = open_path(path)
        except CalcannotError as error:
            self.desk.say(sentence(error))
            return False
        self.desk.say("")
        for session in sessions:
            session.pixels.waits = not session.pixels.is_large
        self.stage.add(layers_of(sessions))
        self._on_layers()
        self.desk.choose(sessions[0])
        self._show_chosen()
        self._refresh()
        # Once more when the window has been laid out: a canvas that is still growing would be fitted too small.
        QTimer.singleShot(_LAID_OUT_MS, self._show_chosen)
        return True

    def measure(self) -> None:
        """Measure the image on show; while something runs, cancel it instead."""
        if self.desk.is_working or self.finding.take_regions():
            self.measuring.measure()

    def save(self, folder: str | Path) -> None:
        """Write the results of all images that are measured as they are now."""
        measured = [session for session in self.desk.sessions if session.is_current]
        self.measuring.work(lambda _: save_results(measured, folder), lambda _: None)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Let no answer come to a panel that is gone."""
        self._follow.stop()
        self.finding.stop()
        self.measuring.stop()
        self.watch.stop()
        self.keeping.stop()
        for session in self.desk.sessions:
            self._release(session)
        self.hand.close()
        self.desk.runner.drop()
        unbind(self.stage.viewer)
        super().closeEvent(event)

    def _release(self, session: Session) -> None:
        """Write what is not written of an image that goes."""
        try:
            session.drawing.close()
        except CalcannotError as error:
            self.desk.say(sentence(error))
        session.drawing = MemoryDrawing(session.annotations)

    # What the user does

    def _ask_image(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open an image")
        if path:
            self.open_path(path)

    def _ask_case(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a case folder")
        if path:
            self.open_path(path)

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save the results in a folder")
        if folder:
            self.save(folder)

    def _on_image(self, index: int) -> None:
        self.hand.use(Tool.MOVE)
        self.desk.choose(self.desk.sessions[index])
        self._show_chosen()
        self._refresh()

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

    # Following the viewer

    def _on_layers_event(self, _: object = None) -> None:
        self._follow.start()

    def _on_layers(self) -> None:
        """Layers were added, removed or moved."""
        before, self.desk.sessions = self.desk.sessions, self.stage.sessions()
        for session in before:
            if session not in self.desk.sessions:
                self.stage.forget(session)  # it reads from the file
                self._release(session)
                session.close()
        for session in self.desk.sessions:
            session.pixels.waits = not session.pixels.is_large
        for layer in self.stage.viewer.layers:
            if layer not in self._watched and layer.metadata.get("calcannot_role") == REGIONS:
                self._watched.add(layer)
                layer.events.data.connect(self.finding.settle_soon)
                self.finding.settle_soon()  # something may have been drawn on it already
        if self.session not in self.desk.sessions:
            self.desk.choose(self.stage.active() or next(iter(self.desk.sessions), None))
        self._refresh()

    def _on_active(self, _: object = None) -> None:
        session = self.stage.active()
        if session in self.desk.sessions and session is not self.session and not self.desk.is_working:
            self.desk.choose(session)
            self._refresh()

    def _on_camera(self, _: object = None) -> None:
        session = self.session
        layer = None if session is None else self.stage.layer(session, IMAGE)
        if session is None or layer is None:
            return
        row, col, last_row, last_col = self.stage.camera.view(layer)
        height, width = session.info.height_px, session.info.width_px
        self.controls.overview.show_frame((row / height, col / width, last_row / height, last_col / width))
        correct = self.controls.correct
        if correct.follows_zoom.isChecked():
            before = self._screen_px_per_pixel
            self._screen_px_per_pixel = self.stage.camera.screen_px_per_pixel(layer)
            if before:
                correct.show_diameter(self.hand.diameter_px * before / self._screen_px_per_pixel)
        else:
            self._screen_px_per_pixel = self.stage.camera.screen_px_per_pixel(layer)

    _screen_px_per_pixel = 0.0

    # Inside

    def _show_chosen(self) -> None:
        session = self.session
        if session is None or session not in self.desk.sessions:
            return
        self.stage.show_only(session)
        self.controls.overview.show_image(session.pixels.overview(), contrast_limits(session.source))
        self._on_camera()

    def _refresh(self) -> None:
        """Bring panel and preview in line with the session."""
        session, sessions = self.session, self.desk.sessions
        with signals_blocked(self.controls):
            self.controls.show_images([layer_title(each) for each in sessions])
            if session in sessions:
                self.controls.images.setCurrentIndex(sessions.index(session))
        self.controls.show_session(session, is_working=self.desk.is_working)
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

    def _show_saved(self, state: str) -> None:
        name = "" if self.session is None else self.session.info.name
        self.stage.viewer.title = " - ".join(each for each in ("calcannot", name, state) if each)

    def _on_style_shown(self, shown: bool) -> None:
        self.stage.show_overlay(self.session, shown=shown)
        self._refresh()

    def _connect(self) -> None:
        controls, desk, layers = self.controls, self.desk, self.stage.viewer.layers
        desk.said.connect(controls.say)
        desk.state_changed.connect(self._refresh)
        desk.rule_changed.connect(lambda: None)
        desk.runner.progressed.connect(controls.show_progress)
        controls.image_chosen.connect(self._on_image)
        controls.open_image_asked.connect(self._ask_image)
        controls.open_case_asked.connect(self._ask_case)
        controls.overview.place_chosen.connect(self._on_overview)
        controls.measure.clicked.connect(self.measure)
        controls.share.results_asked.connect(self._ask_folder)
        controls.share.ruler_asked.connect(lambda: self.hand.use(Tool.RULER))
        controls.scale.line_asked.connect(self.lines.ask_for_scale)
        controls.style_view.style_changed.connect(self.stage.restyle)
        controls.style_view.shown_changed.connect(self._on_style_shown)
        correct = controls.correct
        correct.tool_chosen.connect(lambda tool: self.hand.use(Tool(tool)))
        correct.size_changed.connect(self._on_size)
        correct.bound_changed.connect(self._on_bound)
        correct.undo_asked.connect(self._undo)
        correct.redo_asked.connect(lambda: self._undo(redo=True))
        self.hand.tool_changed.connect(correct.show_tool)
        self.correcting.measurement_needed.connect(self.measure)
        self.correcting.region_clicked.connect(self.reading.choose_at)
        self.watch.failed.connect(desk.say)
        controls.examples.tool_chosen.connect(lambda tool: self.hand.use(Tool(tool)))
        controls.examples.pick_asked.connect(self.examples.pick)
        controls.examples.clear_asked.connect(self.examples.clear)
        self.examples.counted.connect(controls.examples.show_counts)
        self.measuring.measured.connect(self.keeping.save_run)
        self.keeping.state_changed.connect(self._show_saved)
        self.stage.viewer.scene.camera.events.connect(self._on_camera)
        for event in (layers.events.inserted, layers.events.removed, layers.events.reordered):
            event.connect(self._on_layers_event)
        layers.selection.events.active.connect(self._on_active)
