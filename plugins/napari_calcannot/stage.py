"""A viewer as the panel sees it: which image is on show, where, and with what over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_calcannot import layers as convert
from napari_calcannot.camera import Camera
from napari_calcannot.drawn import Drawn
from napari_calcannot.image_layers import ImageLayers, session_of
from napari_calcannot.overlay import REFRESH, Overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from napari_calcannot.session import Session


class Stage(ImageLayers):
    """All layers of open images.

    Parameters
    ----------
    viewer
        Of napari; its public names only.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self.camera = Camera(viewer)
        self.overlay = Overlay(self)
        self.drawn = Drawn(self, self.camera)
        viewer.canvas.overlays.scale_bar.visible = True

    def show_only(self, session: Session) -> None:
        """Show this image and hide the other ones: at different scales they would lie on top of each other."""
        ours = [layer for layer in self.viewer.layers if session_of(layer) is not None]
        for layer in ours:
            layer.units = convert.placement(session.info)["units"]  # of the hidden too: see ``ImageLayers.add``
        for layer in ours:
            owner = session_of(layer)
            if owner is not None and owner is not session:
                self.set_visible(owner, layer.metadata[convert.ROLE], False)
        for role in (convert.IMAGE, convert.REGIONS):
            self.set_visible(session, role, True)
        self.set_visible(session, convert.MINERAL, session.shows_mask)
        self.select_image(session)
        self.fly_to(session, (0, 0, session.info.height_px, session.info.width_px), margin=1.05)

    def refresh_pixels(self, session: Session, roles: Sequence[str]) -> None:
        """Look again at what is loaded without waiting."""
        for role in roles:
            layer = self.layer(session, role)
            if layer is not None and layer.visible:
                layer.refresh(**REFRESH)

    def forget(self, session: Session) -> None:
        """Remove what was added for an image that is closed."""
        self.overlay.forget(session)
        for role in (convert.REGIONS, convert.CHOSEN, convert.LINE, convert.AWAITED, convert.MARKS):
            self.drop(session, role)

    def place(self, session: Session) -> None:
        """Put scale and unit of an image on all of its layers, after the pixel size was given."""
        scale = convert.placement(session.info)["scale"]
        for layer in self.viewer.layers:
            if session_of(layer) is session:
                layer.scale = scale
        self.show_only(session)

    def fly_to(self, session: Session, box: tuple[float, float, float, float], margin: float | None = None) -> None:
        """Bring a box of pixels into view."""
        layer = self.layer(session, convert.IMAGE)
        if layer is not None:
            self.camera.fly_to(layer, box, *([] if margin is None else [margin]))
