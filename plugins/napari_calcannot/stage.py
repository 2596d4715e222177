"""The layers of open images: the one place that adds, finds and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer, Shapes
from napari.utils import Colormap, DirectLabelColormap

from napari_calcannot import layers as convert
from napari_calcannot.session import Session
from napari_calcannot.strokes import annotations_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from calcannot.model.annotation import Annotations
    from napari_calcannot.preview import PreviewRule

_OUTLINE_PX = 2
_SEEN_AROUND_REGION = 4.0


def session_of(layer: Any) -> Session | None:
    """Session that a layer was made for; None for a layer that is not ours."""
    found = layer.metadata.get(convert.SESSION)
    return found if isinstance(found, Session) else None


class Stage:
    """A viewer as the panel sees it.

    Parameters
    ----------
    viewer
        Of napari; its public names only.
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.colour = "yellow"
        self.opacity = 0.75
        self.outline = False
        viewer.canvas.overlays.scale_bar.visible = True

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
        """Add layers in order."""
        return [self.viewer.add_layer(Layer.create(*each)) for each in data]

    def show_only(self, session: Session) -> None:
        """Show this image and hide the other ones: at different scales they would lie on top of each other."""
        for layer in self.viewer.layers:
            owner = session_of(layer)
            if owner is not None and owner is not session:
                self._set_visible(owner, layer.metadata[convert.ROLE], False)
        for role in (convert.IMAGE, convert.REGIONS):
            self._set_visible(session, role, True)
        self._set_visible(session, convert.MINERAL, session.is_current)
        self.select_image(session)
        self.fly_to(session, (0, 0, session.info.height_px, session.info.width_px), margin=1.05)

    def select_image(self, session: Session) -> None:
        """Make the image the active layer."""
        layer = self.layer(session, convert.IMAGE)
        if layer is not None:
            self.viewer.layers.selection.active = layer

    def show_preview(self, session: Session, rule: PreviewRule, threshold: float) -> None:
        """Colour what the rule would call mineral. Moving the threshold sets two numbers on the graphics card."""
        layer = self.layer(session, convert.PREVIEW)
        if layer is None:
            made = convert.preview_layer(session, rule, colour=self.colour, opacity=self.opacity)
            made[1]["colormap"] = Colormap(**made[1]["colormap"])
            layer = self._add_above_image(session, made)
        layer.contrast_limits = convert.preview_limits(rule, threshold)
        self._set_visible(session, convert.PREVIEW, True)
        self._set_visible(session, convert.MINERAL, False)

    def hide_preview(self, session: Session) -> None:
        """Hide the preview."""
        self._set_visible(session, convert.PREVIEW, False)

    def drop(self, session: Session, role: str) -> None:
        """Remove the layer of a role, where there is one."""
        layer = self.layer(session, role)
        if layer is not None:
            self.viewer.layers.remove(layer)

    def show_mineral(self, session: Session) -> None:
        """Show the latest measurement in place of the preview."""
        assert session.analysis is not None
        data, options, kind = convert.mineral_layer(session, session.analysis, colour=self.colour, opacity=self.opacity)
        layer = self.layer(session, convert.MINERAL)
        if layer is None:
            options["colormap"] = DirectLabelColormap(color_dict=options["colormap"])
            layer = self._add_above_image(session, (data, options, kind))
            layer.contour = _OUTLINE_PX if self.outline else 0
            layer.editable = False  # what was counted is not painted on: it follows from image, recipe and strokes
        else:
            layer.data = data
            layer.features = options["features"]
        self.hide_preview(session)
        self._set_visible(session, convert.MINERAL, True)

    def restyle(self, colour: str, opacity: float, outline: bool) -> None:
        """Change how mineral is drawn, on every image."""
        self.colour, self.opacity, self.outline = colour, opacity, outline
        for layer in self.viewer.layers:
            role = layer.metadata.get(convert.ROLE)
            if role == convert.PREVIEW:
                layer.colormap = Colormap(**convert.preview_colormap(colour))
                layer.opacity = opacity
            elif role == convert.MINERAL:
                layer.colormap = DirectLabelColormap(color_dict=convert.mineral_colormap(colour))
                layer.opacity = opacity
                layer.contour = _OUTLINE_PX if outline else 0

    def highlight(self, session: Session, region: int) -> None:
        """Tell one region, counted from 0, from the others by colour."""
        layer = self.layer(session, convert.MINERAL)
        if layer is not None:
            layer.colormap = DirectLabelColormap(color_dict=convert.mineral_colormap(self.colour, region + 1))

    def draw_region(self, session: Session) -> Shapes:
        """Make the layer of regions active and ready to draw a polygon; it is added where there is none."""
        layer = self.layer(session, convert.REGIONS)
        if layer is None:
            (layer,) = self.add([convert.regions_layer(session)])
        layer.visible = True
        self.viewer.layers.selection.active = layer
        layer.mode = "add_polygon"
        assert isinstance(layer, Shapes)
        return layer

    def annotations(self, session: Session) -> Annotations:
        """Strokes as they are on show now; AnnotationError where an outline crosses itself."""
        layer = self.layer(session, convert.REGIONS)
        if layer is None:
            return annotations_from([], [], {}, session.annotations)[0]
        # napari keeps the features of shapes that were all removed at once.
        known = layer.features.iloc[: len(layer.data)]
        features = {name: list(known[name]) for name in ("id", "ring", "kind", "name")}
        annotations, ids = annotations_from(layer.data, layer.shape_type, features, session.annotations)
        if ids != features["id"]:
            table = layer.features.copy()
            table["id"] = ids
            layer.features = table
        return annotations

    def place(self, session: Session) -> None:
        """Put scale and unit of the image on all of its layers, after the pixel size was given."""
        where = convert.placement(session.info)
        for layer in self.viewer.layers:
            if session_of(layer) is session:
                layer.units = where["units"]
                layer.scale = where["scale"]
        self.show_only(session)

    def fly_to(
        self, session: Session, box: tuple[float, float, float, float], margin: float = _SEEN_AROUND_REGION
    ) -> None:
        """Bring a box into view: first row and column, and the row and column after the last, in pixels."""
        layer = self.layer(session, convert.IMAGE)
        if layer is None:
            return
        per_unit = [self._world_per(layer.units[axis], axis) for axis in (-2, -1)]
        scale = [float(layer.scale[axis]) * factor for axis, factor in zip((-2, -1), per_unit, strict=True)]
        centre = [(box[axis] + box[axis + 2] - 1) / 2 * scale[axis] for axis in (0, 1)]
        size = [max(1.0, box[axis + 2] - box[axis]) * scale[axis] for axis in (0, 1)]
        canvas = self.viewer.canvas.size
        camera = self.viewer.scene.camera
        camera.center = (0.0, *centre)
        camera.zoom = min(float(canvas[axis]) / (margin * size[axis]) for axis in (0, 1))

    def _world_per(self, unit: Any, axis: int) -> float:
        """World units in one unit of a layer: napari draws in the smallest unit of all layers."""
        world = self.viewer.layers.units
        return 1.0 if world is None else float((1 * unit).to(world[axis]).magnitude)

    def _add_above_image(self, session: Session, data: convert.LayerData) -> Any:
        """Add between the image and its regions, without taking the selection from the layer in use."""
        active = self.viewer.layers.selection.active
        place = self.viewer.layers.index(self.layer(session, convert.IMAGE)) + 1
        layer = Layer.create(*data)
        self.viewer.layers.insert(place, layer)
        self.viewer.layers.selection.active = active
        return layer

    def _set_visible(self, session: Session, role: str, visible: bool) -> None:
        layer = self.layer(session, role)
        if layer is not None and layer.visible != visible:  # setting it reads the pixels again, even to the same
            layer.visible = visible
