"""The layers of a viewer that were made for open images: the one place that adds, finds and removes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_calcannot import layers as convert
from napari_calcannot.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer


def session_of(layer: Any) -> Session | None:
    """Session that a layer was made for; None for a layer that is not ours."""
    found = layer.metadata.get(convert.SESSION)
    return found if isinstance(found, Session) else None


class ImageLayers:
    """Layers by image and role.

    Parameters
    ----------
    viewer
        Of napari; its public names only.
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def sessions(self) -> list[Session]:
        """Open images, in the order of their layers."""
        found = [session_of(layer) for layer in self.viewer.layers if layer.metadata.get(convert.ROLE) == convert.IMAGE]
        return list(dict.fromkeys(session for session in found if session is not None))

    def active(self) -> Session | None:
        """Image of the selected layer."""
        layer = self.viewer.layers.selection.active
        return None if layer is None else session_of(layer)

    def layer(self, session: Session, role: str) -> Any:
        """Layer of an image in a role, or None."""
        for layer in self.viewer.layers:
            if layer.metadata.get(convert.SESSION) is session and layer.metadata.get(convert.ROLE) == role:
                return layer
        return None

    def add(self, data: Sequence[convert.LayerData]) -> list[Layer]:
        """Add layers in order, in the unit that others have: the image on show sets it for all.

        Where one is in pixels and another in µm, napari warns, and scales none.
        """
        return [self.viewer.add_layer(self._made(each)) for each in data]

    def add_above_image(self, session: Session, data: convert.LayerData) -> Any:
        """Add between the image and its regions, without taking the selection from the layer in use."""
        active = self.viewer.layers.selection.active
        place = self.viewer.layers.index(self.layer(session, convert.IMAGE)) + 1
        layer = self._made(data)
        self.viewer.layers.insert(place, layer)
        self.viewer.layers.selection.active = active
        return layer

    def drop(self, session: Session, role: str) -> None:
        """Remove the layer of a role, where there is one."""
        layer = self.layer(session, role)
        if layer is not None:
            self.viewer.layers.remove(layer)

    def set_visible(self, session: Session, role: str, visible: bool) -> None:
        """Show or hide the layer of a role, where there is one."""
        layer = self.layer(session, role)
        if layer is not None and layer.visible != visible:  # setting it reads the pixels again, even to the same
            layer.visible = visible

    def select_image(self, session: Session) -> None:
        """Make the image the active layer."""
        layer = self.layer(session, convert.IMAGE)
        if layer is not None:
            self.viewer.layers.selection.active = layer

    def _made(self, data: convert.LayerData) -> Layer:
        layer = Layer.create(*data)
        units = next((each.units for each in self.viewer.layers if session_of(each) is not None), None)
        if units is not None:
            layer.units = units
        return layer
