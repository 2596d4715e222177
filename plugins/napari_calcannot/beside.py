"""A second image beside the one in hand: another view of the case, or the next serial section, moved together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from napari.qt import QtViewer
from napari.utils import DirectLabelColormap
from qtpy.QtCore import QObject, QTimer, Signal

from napari_calcannot import layers as convert
from napari_calcannot.alignment import Alignment
from napari_calcannot.beside_dock import BesideDock
from napari_calcannot.camera import Camera
from napari_calcannot.linking import Link, View, kept_pairs
from napari_calcannot.overlay import REFRESH

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_calcannot.alignment import Fit
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

    opened = Signal()
    """There is a view now."""

    def __init__(self, desk: Desk, panel: QWidget) -> None:
        super().__init__(desk)
        self._desk = desk
        self.session: Session | None = None
        self.model: ViewerModel | None = None
        self._qt: QtViewer | None = None
        self._camera: Camera | None = None
        self._mask: object = None
        self._link: Link | None = None
        self._kept: list[tuple[complex, complex]] = []
        """Pairs of places in the record, as of the last look."""
        self._earlier: list[Link] = []
        """Of images that were beside each other before, in this window."""
        self._moving = False
        self._fits = False
        self._place = BesideDock(desk, panel)
        self._place.closed.connect(self._on_closed)
        desk.stage.viewer.scene.camera.events.connect(self._on_main)
        desk.state_changed.connect(self.refresh)

    @property
    def is_linked(self) -> bool:
        """Whether both views move together."""
        return self._link is not None and self._link.is_on

    def show(self, session: Session | None) -> None:
        """Show an image beside the one in hand, tied to it as it was before; None closes the view."""
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
            self.model.add_layer(self.placed(Layer.create(*each)))
        self._fits = True
        self._take_up()
        self.refresh()
        self._on_main()
        QTimer.singleShot(_LAID_OUT_MS, self._on_size)

    def fit(self) -> None:
        """Show all of it."""
        layer = self.image
        if layer is not None and self._camera is not None and self.session is not None:
            info = self.session.info
            self._moving = True
            self._camera.fly_to(layer, (0, 0, info.height_px, info.width_px), 1.05)
            self._moving = False

    def link(self, *, linked: bool) -> None:
        """Move both views together from now on, each place of one on the place of the other that it is on now."""
        views = self._views()
        if self._link is None or views is None:
            return
        self._link.is_on = False
        if linked:
            self._link.tie(*views)
            self._on_main()

    def align(self, pairs: list[tuple[complex, complex]]) -> Fit | None:
        """Turn and shift it by pairs of places, in pixels, and move both together; None where nothing is beside."""
        views = self._views()
        if self._link is None or views is None or not pairs:
            return None
        found = self._link.align(pairs, *views)
        self._turn()
        self._on_main()
        return found

    def refresh(self) -> None:
        """Follow what is known of both images."""
        session = self.session
        if session is None:
            return
        if session not in self._desk.sessions or session is self._desk.session:
            self.show(None)
            return
        if self._link is None or self._link.here is not self._desk.session:
            self._take_up()
        self._look_at_pairs()
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
            self.model.layers.insert(1, self.placed(Layer.create(data, options, kind)))

    def draw_anew(self, session: Session) -> None:
        """Pixels have arrived."""
        layer = self.image
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
        self.opened.emit()

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

    @property
    def image(self) -> Any:
        """Its layer, or None."""
        if self.model is None:
            return None
        return next((each for each in self.model.layers if each.metadata.get(convert.ROLE) == convert.IMAGE), None)

    def _views(self) -> tuple[View, View] | None:
        session, other = self._desk.session, self.image
        mine = None if session is None else self._desk.stage.layer(session, convert.IMAGE)
        if session is None or self.session is None or mine is None or other is None or self._camera is None:
            return None
        return View(session, self._desk.stage.camera, mine), View(self.session, self._camera, other)

    def _take_up(self) -> None:
        """Go on with how both lay to each other."""
        session = self._desk.session
        if session is None or self.session is None:
            return
        open_now, pair = self._desk.sessions, (session, self.session)
        self._earlier = [each for each in self._earlier if each.here in open_now and each.there in open_now]
        found = next((each for each in self._earlier if (each.here, each.there) == pair), None)
        back = next((each for each in self._earlier if (each.there, each.here) == pair), None)
        self._link = found or (Link(*pair) if back is None else back.reversed())
        self._earlier = [each for each in self._earlier if each not in (found, back)] + [self._link]
        self._kept = kept_pairs(*pair)
        if found is None and back is None and self._kept:
            self.align(self._kept)
        self._turn()

    def _look_at_pairs(self) -> None:
        """Follow what undo, or somebody else, did to the places that both were aligned by."""
        if self._link is None or self.session is None:
            return
        kept = kept_pairs(self._link.here, self.session)
        if kept == self._kept:
            return
        self._kept, self._link.alignment = kept, Alignment()
        if kept:
            self.align(kept)
        else:
            self._link.is_on = False
            self._turn()

    def _turn(self) -> None:
        """Draw it as the image in hand lies."""
        if self._camera is None or self.model is None or self._link is None:
            return
        self._camera.turn = self._link.alignment.shown()
        for layer in self.model.layers:
            self._place_layer(layer)

    def _on_main(self, _: object = None) -> None:
        self._move(mine_leads=True)

    def _on_size(self, _: object = None) -> None:
        """All of it stays in view until somebody moves."""
        if self.is_linked:
            self._on_main()
        elif self._fits:
            self.fit()

    def _on_beside(self, _: object = None) -> None:
        if not self._moving:
            self._fits = False
        self._move(mine_leads=False)

    def _move(self, *, mine_leads: bool) -> None:
        views, link = self._views(), self._link
        if views is None or link is None or not link.is_on or self._moving or views[0].session is not link.here:
            return
        self._moving, self._fits = True, False
        try:
            link.follow(*views, here_leads=mine_leads)
        finally:
            self._moving = False

    def placed(self, layer: Layer) -> Layer:
        """A layer made to lie as the image beside does."""
        layer.editable = False
        layer.blending = "translucent_no_depth"  # else the image hides what lies over it in a second canvas
        self._place_layer(layer)
        return layer

    def _place_layer(self, layer: Layer) -> None:
        affine = np.eye(3)
        if self._camera is not None:
            affine[:2, :2] = self._camera.turn
        layer.affine = affine
