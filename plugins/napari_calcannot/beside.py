"""A second image beside the one in hand: another view of the case, or the next serial section, moved together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.components import ViewerModel
from napari.layers import Layer
from napari.qt import QtViewer
from napari.utils import DirectLabelColormap
from qtpy.QtCore import QObject, QTimer

from napari_calcannot import layers as convert
from napari_calcannot.beside_dock import BesideDock
from napari_calcannot.camera import Camera
from napari_calcannot.overlay import REFRESH

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_TITLE = "Beside"
_LAID_OUT_MS = 250


class Beside(QObject):
    """A view of another open image, with its mask and regions. Nothing is drawn in it.

    Parameters
    ----------
    desk
        Its viewer has the image in hand.
    panel
        The view is placed to its left.
    """

    def __init__(self, desk: Desk, panel: QWidget) -> None:
        super().__init__(desk)
        self._desk = desk
        self.session: Session | None = None
        self.model: ViewerModel | None = None
        self._qt: QtViewer | None = None
        self._camera: Camera | None = None
        self._mask: object = None
        self._link: tuple[float, float, float] | None = None
        self._moving = False
        self._fits = False
        self._place = BesideDock(desk, panel)
        self._place.closed.connect(self._on_closed)
        desk.stage.viewer.scene.camera.events.connect(self._on_main)
        desk.state_changed.connect(self.refresh)

    @property
    def is_linked(self) -> bool:
        """Whether both views move together."""
        return self._link is not None

    def show(self, session: Session | None) -> None:
        """Show an image beside the one in hand; None closes the view."""
        self._link = None
        self.session = session
        if session is None:
            self._close()
            return
        if self.model is None:
            self._open()
        assert self.model is not None
        self.model.layers.clear()
        self._mask = None
        data = [convert.image_layer(session)]
        if session.annotations.regions:
            data.append(convert.regions_layer(session))
        for each in data:
            self.model.add_layer(_locked(Layer.create(*each)))
        self._fits = True
        self.refresh()
        QTimer.singleShot(_LAID_OUT_MS, self._on_size)

    def fit(self) -> None:
        """Show all of it."""
        layer = self._image()
        if layer is not None and self._camera is not None and self.session is not None:
            info = self.session.info
            self._moving = True
            self._camera.fly_to(layer, (0, 0, info.height_px, info.width_px), 1.05)
            self._moving = False

    def link(self, *, linked: bool) -> None:
        """Move both views together from now on, each place of one on the place of the other that it is on now."""
        here, there = self._places()
        if not linked or here is None or there is None:
            self._link = None
            return
        # Sections of one scale are seen at one magnification; a film keeps what it has beside a slide.
        same = self._unit(self._desk.session) == self._unit(self.session)
        self._link = (there[0] - here[0], there[1] - here[1], 1.0 if same else there[2] / here[2])
        self._on_main()

    def refresh(self) -> None:
        """Follow what is known of both images."""
        session = self.session
        if session is None:
            return
        if session not in self._desk.sessions or session is self._desk.session:
            self.show(None)
            return
        pyramid = self._desk.stage.overlay.mask_pyramid(session)
        if self.model is None or pyramid is self._mask:
            return
        self._mask = pyramid
        for layer in [each for each in self.model.layers if each.metadata.get(convert.ROLE) == convert.MINERAL]:
            self.model.layers.remove(layer)
        if pyramid is not None:
            overlay = self._desk.stage.overlay
            data, options, kind = convert.mineral_layer(
                session, pyramid.levels, colour=overlay.colour, opacity=overlay.opacity
            )
            options["colormap"] = DirectLabelColormap(color_dict=options["colormap"])
            self.model.layers.insert(1, _locked(Layer.create(data, options, kind)))

    def draw_anew(self, session: Session) -> None:
        """Pixels have arrived."""
        layer = self._image()
        if session is self.session and layer is not None:
            layer.refresh(**REFRESH)

    def stop(self) -> None:
        """Close the view and follow no more."""
        self._desk.stage.viewer.scene.camera.events.disconnect(self._on_main)
        self.show(None)
        self._place.stop()

    def _open(self) -> None:
        self.model = ViewerModel(title=_TITLE)
        self.model.canvas.overlays.scale_bar.visible = True
        self._camera = Camera(self.model)
        self._qt = QtViewer(self.model)
        self.model.scene.camera.events.connect(self._on_beside)
        self.model.canvas.events.size.connect(self._on_size)
        self._place.show(self._qt, _TITLE)

    def _close(self) -> None:
        if self.model is not None:
            self.model.scene.camera.events.disconnect(self._on_beside)
            self.model.canvas.events.size.disconnect(self._on_size)
            self.model.layers.clear()
        self._place.close()
        if self._qt is not None:
            self._qt.close()
        self.model = self._qt = self._camera = None

    def _on_closed(self) -> None:
        """The user closed the dock."""
        self._qt = None
        self.show(None)
        self._desk.state_changed.emit()

    def _image(self) -> Any:
        if self.model is None:
            return None
        return next((each for each in self.model.layers if each.metadata.get(convert.ROLE) == convert.IMAGE), None)

    @staticmethod
    def _unit(session: Session | None) -> str:
        return "" if session is None else convert.length_unit(session.info)

    def _places(self) -> tuple[tuple[float, float, float] | None, tuple[float, float, float] | None]:
        """Centre and zoom of both views, in µm or, where one is not calibrated, in pixels of each."""
        session = self._desk.session
        mine = None if session is None else self._desk.stage.layer(session, convert.IMAGE)
        other = self._image()
        if session is None or self.session is None or mine is None or other is None or self._camera is None:
            return None, None
        return (_place(self._desk.stage.camera, mine, self._step(session)),
                _place(self._camera, other, self._step(self.session)))  # fmt: skip

    def _step(self, session: Session) -> float:
        other = self.session if session is self._desk.session else self._desk.session
        size = session.info.calibration
        if size is None or other is None or other.info.calibration is None:
            return 1.0
        return float(size.mean_um_per_px)

    def _on_main(self, _: object = None) -> None:
        self._move(mine_leads=True)

    def _on_size(self, _: object = None) -> None:
        """All of it stays in view until somebody moves."""
        if self._fits:
            self.fit()

    def _on_beside(self, _: object = None) -> None:
        if not self._moving:
            self._fits = False
        self._move(mine_leads=False)

    def _move(self, *, mine_leads: bool) -> None:
        here, there = self._places()
        session = self._desk.session
        if self._link is None or self._moving or here is None or there is None or session is None:
            return
        assert self.session is not None
        row, col, zoom = self._link
        self._moving, self._fits = True, False
        try:
            if mine_leads:
                _go(
                    self._camera,
                    self._image(),
                    self._step(self.session),
                    (here[0] + row, here[1] + col, here[2] * zoom),
                )
            else:
                _go(self._desk.stage.camera, self._desk.stage.layer(session, convert.IMAGE), self._step(session),
                    (there[0] - row, there[1] - col, there[2] / zoom))  # fmt: skip
        finally:
            self._moving = False


def _place(camera: Camera, layer: Any, step: float) -> tuple[float, float, float]:
    row, col, last_row, last_col = camera.view(layer)
    return (row + last_row) / 2 * step, (col + last_col) / 2 * step, camera.screen_px_per_pixel(layer) / step


def _go(camera: Camera | None, layer: Any, step: float, place: tuple[float, float, float]) -> None:
    assert camera is not None
    camera.zoom_to(layer, place[2] * step)
    camera.centre_on(layer, place[0] / step, place[1] / step)


def _locked(layer: Layer) -> Layer:
    layer.editable = False
    return layer
