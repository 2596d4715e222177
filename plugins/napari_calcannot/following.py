"""Keeps the panel in step with the viewer: layers that come and go, the one in use, and where the camera looks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QObject, QTimer, Signal

from calcannot.errors import CalcannotError
from napari_calcannot.drawing import MemoryDrawing
from napari_calcannot.keys import bind, unbind
from napari_calcannot.layers import IMAGE, MINERAL, PREVIEW, REGIONS, ROLE, contrast_limits
from napari_calcannot.securing import let_go
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from napari_calcannot.controls import Controls
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session


class Following(QObject):
    """Follows a viewer.

    Parameters
    ----------
    desk, controls
        Whose viewer, and what is brought up to it.
    """

    outlines_changed = Signal()
    """Regions of interest were changed with napari's own tools."""

    def __init__(self, desk: Desk, controls: Controls) -> None:
        super().__init__(desk)
        self._desk, self._controls, self._stage = desk, controls, desk.stage
        self._watched: WeakSet[object] = WeakSet()
        self._screen_px_per_pixel = 0.0
        self._fits = self._whole = self._fitting = False
        self._actions: Mapping[str, Callable[[], object]] = {}
        # After the viewer is done: a layer added in the middle of "clear" would be removed and added for ever.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.take_layers)
        layers = self._stage.viewer.layers
        self._stage.viewer.scene.camera.events.connect(self._on_camera)
        self._stage.viewer.canvas.events.size.connect(self._on_canvas)
        for event in (layers.events.inserted, layers.events.removed, layers.events.reordered):
            event.connect(self._on_layers)
        layers.selection.events.active.connect(self._on_active)

    def stop(self) -> None:
        """Follow no more, and write what is not written."""
        self._soon.stop()
        layers = self._stage.viewer.layers
        self._stage.viewer.scene.camera.events.disconnect(self._on_camera)
        self._stage.viewer.canvas.events.size.disconnect(self._on_canvas)
        for event in (layers.events.inserted, layers.events.removed, layers.events.reordered):
            event.disconnect(self._on_layers)
        layers.selection.events.active.disconnect(self._on_active)
        for layer in self._drawn_on():
            unbind(layer)
        for session in self._desk.sessions:
            self._release(session)

    def bind_layers(self, actions: Mapping[str, Callable[[], object]]) -> None:
        """Bind the keys of the panel to layers as they come: napari asks the layer in use before the viewer."""
        self._actions = actions

    def show_chosen(self) -> None:
        """Show the image in hand, all of it."""
        session = self._desk.session
        if session is None or session not in self._desk.sessions:
            return
        self._fitting = True
        self._stage.show_only(session)
        self._show_map(session)
        self._on_camera()
        self._fitting = False

    def show_overview(self, session: Session) -> None:
        """Draw the map anew: more of the image has arrived."""
        if session is self._desk.session and session.pixels.overview_grows:
            self._show_map(session)

    def _show_map(self, session: Session) -> None:
        try:
            limits = contrast_limits(session.source)
        except CalcannotError:
            return  # closed meanwhile, or its folder is gone, which is said where the image itself is read
        self._controls.overview.show_image(session.pixels.overview(), limits)

    def take_layers(self) -> None:
        """Take over which images are open."""
        before, self._desk.sessions = self._desk.sessions, self._stage.sessions()
        for session in before:
            if session not in self._desk.sessions:
                self._stage.forget(session)  # it reads from the file
                self._release(session)
                session.close()
        for session in self._desk.sessions:
            session.pixels.waits = not session.pixels.is_large
        for layer in self._drawn_on():
            if not layer.keymap:
                bind(layer, self._actions)
        for layer in self._stage.viewer.layers:
            if layer not in self._watched and layer.metadata.get(ROLE) == REGIONS:
                self._watched.add(layer)
                layer.events.data.connect(self._on_outlines)
                self.outlines_changed.emit()  # something may have been drawn on it already
        if self._desk.session not in self._desk.sessions:
            self._desk.choose(self._stage.active() or next(iter(self._desk.sessions), None))
        self._desk.state_changed.emit()

    def _drawn_on(self) -> Iterator[Any]:
        """Layers of ours that have no tools of napari's own."""
        return (each for each in self._stage.viewer.layers if each.metadata.get(ROLE) in (IMAGE, MINERAL, PREVIEW))

    def _on_active(self, _: object = None) -> None:
        session = self._stage.active()
        if session in self._desk.sessions and session is not self._desk.session and not self._desk.is_working:
            self._desk.choose(session)
            self._desk.state_changed.emit()

    def _on_canvas(self, _: object = None) -> None:
        """An image that was all in view stays so, whatever takes of its room and whenever that is laid out."""
        session = self._desk.session
        layer = None if session is None else self._stage.layer(session, IMAGE)
        if session is None or layer is None:
            return
        size = session.info.height_px, session.info.width_px
        if self._fits or (self._whole and not self._stage.camera.shows_all(layer, *size)):
            self._fitting = True
            self._stage.fly_to(session, (0, 0, *size), 1.05)
            self._fitting = False

    def _on_camera(self, _: object = None) -> None:
        session = self._desk.session
        layer = None if session is None else self._stage.layer(session, IMAGE)
        if session is None or layer is None:
            return
        row, col, last_row, last_col = self._stage.camera.view(layer)
        height, width = session.info.height_px, session.info.width_px
        self._fits, self._whole = self._fitting, self._stage.camera.shows_all(layer, height, width)
        self._controls.overview.show_frame((row / height, col / width, last_row / height, last_col / width))
        correct = self._controls.correct
        if correct.follows_zoom.isChecked():
            before = self._screen_px_per_pixel
            self._screen_px_per_pixel = self._stage.camera.screen_px_per_pixel(layer)
            if before:
                correct.show_diameter(correct.diameter_px * before / self._screen_px_per_pixel)
        else:
            self._screen_px_per_pixel = self._stage.camera.screen_px_per_pixel(layer)

    def _on_layers(self, _: object = None) -> None:
        self._soon.start()

    def _on_outlines(self, _: object = None) -> None:
        self.outlines_changed.emit()

    def _release(self, session: Session) -> None:
        """Write what is not written of an image that goes."""
        try:
            said = let_go(session)
        except CalcannotError as error:
            said = sentence(error)
        if said:
            self._desk.say(said)
        session.drawing = MemoryDrawing(session.annotations)
