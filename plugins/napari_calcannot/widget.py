"""The panel: joins what is asked for, the session that answers, and the layers that show it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from calcannot.errors import CalcannotError
from napari_calcannot.controls import Controls
from napari_calcannot.jobs import Runner
from napari_calcannot.layers import PREVIEW, REGIONS, layer_title
from napari_calcannot.reader import layers_of, open_path
from napari_calcannot.session import Session, save_results
from napari_calcannot.stage import Stage
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QCloseEvent

    from calcannot.model.analysis import Analysis
    from calcannot.model.resolved import ResolvedRecipe

_SETTLE_MS = 250  # from the last change of an outline until it is looked at


class CalcificationPanel(QWidget):  # type: ignore[misc]
    """Measure calcification on the open images.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.stage = Stage(napari_viewer)
        self.session: Session | None = None
        self.controls = Controls()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.controls)
        self._sessions: list[Session] = []
        self._runner = Runner(self)
        self._is_working = False
        self._watched: WeakSet[object] = WeakSet()
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._take_regions)
        # After the viewer is done: a layer added in the middle of "clear" would be removed and added for ever.
        self._follow = QTimer(self, singleShot=True, interval=0)
        self._follow.timeout.connect(self._on_layers)
        self._connect()
        self._on_layers()

    def open_path(self, path: str | Path) -> bool:
        """Open an image or a case; what goes wrong is said in the panel, and False given back."""
        try:
            sessions = open_path(path)
        except CalcannotError as error:
            self.controls.say(sentence(error))
            return False
        self.controls.say("")
        self.stage.add(layers_of(sessions))
        self._on_layers()
        self._choose(sessions[0])
        self._show_chosen()
        self._refresh()
        # Once more when the window has been laid out: a canvas that is still growing would be fitted too small.
        QTimer.singleShot(_SETTLE_MS, self._show_chosen)
        return True

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Let no answer come to a panel that is gone."""
        self._settle.stop()
        self._follow.stop()
        self._runner.drop()
        super().closeEvent(event)

    def measure(self) -> None:
        """Measure the image on show; while something runs, cancel it instead."""
        if self._is_working:
            self._runner.cancel()
            return
        session = self.session
        if session is None or not self._take_regions():
            return
        try:
            question = session.question()
        except CalcannotError as error:
            self.controls.say(sentence(error))
            return
        self._work(question.measure, partial(self._on_measured, session))

    def save(self, folder: str | Path) -> None:
        """Write the results of all images that are measured as they are now."""
        measured = [session for session in self._sessions if session.is_current]
        self._work(lambda _: save_results(measured, folder), lambda _: None)

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
        self._choose(self._sessions[index])
        self._show_chosen()
        self._refresh()

    def _on_recipe(self, name: str) -> None:
        if self._change(lambda session: session.set_recipe(name or None)):
            self._refresh(new_rule=True)

    def _on_threshold(self, threshold: float | None) -> None:
        if self._change(lambda session: session.set_threshold(threshold)):
            self._refresh()

    def _on_pixel_size(self, text: str) -> None:
        if self.session is not None and self._change(lambda session: session.set_pixel_size(text)):
            self.stage.place(self.session)
            self._refresh(new_rule=True)

    def _on_draw(self) -> None:
        if self.session is not None:
            self.stage.draw_region(self.session)
            self._on_layers()
            self.controls.say("Click around the region, then press Enter. Other shapes are in the layer controls.")

    def _on_region_row(self, region: int) -> None:
        session = self.session
        if session is not None and session.analysis is not None:
            table = session.analysis.regions
            box = (table.row_min, table.col_min, table.row_max, table.col_max)
            self.stage.highlight(session, region)
            self.stage.fly_to(session, tuple(int(edge[region]) for edge in box))  # type: ignore[arg-type]

    def _change(self, change: Callable[[Session], None]) -> bool:
        """Change the session; False where it refuses, which is said."""
        if self.session is None:
            return False
        try:
            change(self.session)
        except CalcannotError as error:
            self.controls.say(sentence(error))
            return False
        self.controls.say("")
        return True

    # What comes back

    def _work(self, work: Callable[..., object], done: Callable[..., None]) -> None:
        """Run what locks the panel: a measurement, or writing."""

        def finished(result: object) -> None:
            self._is_working = False
            done(result)
            self._refresh()

        def failed(message: str) -> None:
            self._is_working = False
            self._refresh()
            self.controls.say(message or "Cancelled.")

        self.controls.say("")
        self._is_working = True
        self._runner.start(work, finished, failed)
        self._refresh()

    def _on_measured(self, session: Session, analysis: Analysis) -> None:
        session.take(analysis)
        session.resolved = analysis.resolved if session.threshold_by_hand is None else session.resolved
        self.stage.show_mineral(session)

    def _on_resolved(self, session: Session, resolved: ResolvedRecipe) -> None:
        session.resolved = resolved
        self._refresh()

    # Following the viewer

    def _on_layers_event(self, _: object = None) -> None:
        self._follow.start()

    def _on_layers(self) -> None:
        """Layers were added, removed or moved."""
        before, self._sessions = self._sessions, self.stage.sessions()
        for session in before:
            if session not in self._sessions:
                self.stage.drop(session, PREVIEW)  # it reads from the file
                session.close()
        for layer in self.stage.viewer.layers:
            if layer not in self._watched and layer.metadata.get("calcannot_role") == REGIONS:
                self._watched.add(layer)
                layer.events.data.connect(self._on_shapes)
        if self.session not in self._sessions:
            self._choose(self.stage.active() or (self._sessions[0] if self._sessions else None))
        self._refresh()

    def _on_active(self, _: object = None) -> None:
        session = self.stage.active()
        if session in self._sessions and session is not self.session and not self._is_working:
            self._choose(session)
            self._refresh()

    def _on_shapes(self, _: object = None) -> None:
        self._settle.start()

    def _take_regions(self) -> bool:
        """Read the regions off the viewer; False where one is not valid, which is said."""
        session = self.session
        if session is None or self._is_working:
            return False
        try:
            annotations = self.stage.annotations(session)
        except CalcannotError as error:
            self.controls.say(sentence(error))
            return False
        if annotations is not session.annotations:
            session.set_annotations(annotations)
            self.controls.say("")
            self._refresh(new_rule=True)
        return True

    # Inside

    def _show_chosen(self) -> None:
        if self.session is not None:
            self.stage.show_only(self.session)

    def _choose(self, session: Session | None) -> None:
        """Turn to another image; work on the one before is dropped."""
        if session is not self.session:
            self.session = session
            self._is_working = False
            self._runner.drop()

    def _refresh(self, *, new_rule: bool = False) -> None:
        """Bring panel and preview in line with the session, and find the automatic threshold where it is not known."""
        session = self.session
        with signals_blocked(self.controls):
            self.controls.show_images([layer_title(each) for each in self._sessions])
            if session in self._sessions:
                self.controls.images.setCurrentIndex(self._sessions.index(session))
        self.controls.show_session(session, is_working=self._is_working)
        if session is None:
            return
        if new_rule:
            self.stage.drop(session, PREVIEW)
        rule, threshold = self.controls.rule.rule, session.threshold
        wanted = self.controls.rule.preview.isChecked() and not session.is_current
        if rule is not None and threshold is not None and wanted:
            self.stage.show_preview(session, rule, threshold)
        else:
            self.stage.hide_preview(session)
        if rule is not None and session.resolved is None and not self._is_working:
            question = session.automatic_question()
            self._runner.start(question.resolve, partial(self._on_resolved, session), self.controls.say)

    def _connect(self) -> None:
        controls, layers = self.controls, self.stage.viewer.layers
        controls.image_chosen.connect(self._on_image)
        controls.open_image_asked.connect(self._ask_image)
        controls.open_case_asked.connect(self._ask_case)
        controls.scale.size_given.connect(self._on_pixel_size)
        controls.rule.recipe_chosen.connect(self._on_recipe)
        controls.rule.threshold_moved.connect(self._on_threshold)
        controls.rule.automatic_asked.connect(lambda: self._on_threshold(None))
        controls.rule.preview_toggled.connect(lambda _: self._refresh())
        controls.draw.clicked.connect(self._on_draw)
        controls.measure.clicked.connect(self.measure)
        controls.results.save_asked.connect(self._ask_folder)
        controls.results.style_changed.connect(self.stage.restyle)
        controls.results.region_chosen.connect(self._on_region_row)
        self._runner.progressed.connect(controls.show_progress)
        for event in (layers.events.inserted, layers.events.removed, layers.events.reordered):
            event.connect(self._on_layers_event)
        layers.selection.events.active.connect(self._on_active)
