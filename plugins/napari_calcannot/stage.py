"""The layers of open images: the one place that adds, finds and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer, Shapes
from napari.utils import Colormap, DirectLabelColormap

from napari_calcannot import layers as convert
from napari_calcannot.camera import Camera
from napari_calcannot.mineral import MaskPyramid
from napari_calcannot.question import BOUNDING
from napari_calcannot.session import Session
from napari_calcannot.session_state import TILES
from napari_calcannot.strokes import COLUMNS, annotations_from, ring_to_vertices, shapes_from
from napari_calcannot.value_pyramid import ValuePyramid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from calcannot.model.annotation import Annotations
    from napari_calcannot.live_mask import Box
    from napari_calcannot.preview import PreviewRule

_OUTLINE_PX = 2
SHAPES = {
    "polygon": "add_polygon",
    "rectangle": "add_rectangle",
    "freehand": "add_polygon_lasso",
    "ellipse": "add_ellipse",
}
"""Ways to draw a region, and napari's names for them."""

_REFRESH = {"extent": False, "thumbnail": False, "highlight": False}


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
        self.is_shown = True
        self.camera = Camera(viewer)
        self._values: dict[Session, tuple[PreviewRule, tuple[object, ...], ValuePyramid]] = {}
        self._masks: dict[Session, MaskPyramid] = {}
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
        self._set_visible(session, convert.MINERAL, session.shows_mask)
        self.select_image(session)
        self.fly_to(session, (0, 0, session.info.height_px, session.info.width_px), margin=1.05)

    def select_image(self, session: Session) -> None:
        """Make the image the active layer."""
        layer = self.layer(session, convert.IMAGE)
        if layer is not None:
            self.viewer.layers.selection.active = layer

    def show_preview(self, session: Session, rule: PreviewRule, threshold: float) -> None:
        """Colour what the rule would call mineral. Moving the threshold sets two numbers on the graphics card."""
        bounds = session.annotations.of(*BOUNDING)
        layer = self.layer(session, convert.PREVIEW)
        known = self._values.get(session)
        if layer is None or known is None or known[0] != rule or known[1] != bounds:
            self.drop_preview(session)
            values = ValuePyramid(session.source, rule, session.annotations, session.pixels, TILES)
            self._values[session] = (rule, bounds, values)
            made = convert.preview_layer(session, values, colour=self.colour, opacity=self.opacity)
            made[1]["colormap"] = Colormap(**made[1]["colormap"])
            made[1]["contrast_limits"] = convert.preview_limits(values, threshold)
            self._add_above_image(session, made)
        else:
            layer.contrast_limits = convert.preview_limits(known[2], threshold)
        self._set_visible(session, convert.PREVIEW, True)
        self._set_visible(session, convert.MINERAL, False)

    def shows_preview(self, session: Session) -> bool:
        """Whether the preview is on show."""
        layer = self.layer(session, convert.PREVIEW)
        return layer is not None and bool(layer.visible)

    def preview_values(self, session: Session) -> ValuePyramid | None:
        """What the preview is drawn from, where there is one."""
        known = self._values.get(session)
        return None if known is None else known[2]

    def hide_preview(self, session: Session) -> None:
        """Hide the preview."""
        self._set_visible(session, convert.PREVIEW, False)

    def drop_preview(self, session: Session) -> None:
        """Remove the preview and stop reading for it."""
        self.drop(session, convert.PREVIEW)
        known = self._values.pop(session, None)
        if known is not None:
            known[2].close()

    def drop(self, session: Session, role: str) -> None:
        """Remove the layer of a role, where there is one."""
        layer = self.layer(session, role)
        if layer is not None:
            self.viewer.layers.remove(layer)

    def forget(self, session: Session) -> None:
        """Remove what was added for an image that is closed."""
        self.drop_preview(session)
        for role in (convert.MINERAL, convert.REGIONS, convert.CHOSEN, convert.LINE):
            self.drop(session, role)
        self._masks.pop(session, None)

    def show_mineral(self, session: Session, *, redrawn: bool = True) -> None:
        """Show the mask in place of the preview; ``redrawn`` where it was measured anew."""
        assert session.mask is not None
        layer = self.layer(session, convert.MINERAL)
        if redrawn or session not in self._masks or layer is None:
            self._masks[session] = MaskPyramid(session.mask.tiles)
            data, options, kind = convert.mineral_layer(
                session, self._masks[session].levels, colour=self.colour, opacity=self.opacity
            )
            if layer is None:
                options["colormap"] = DirectLabelColormap(color_dict=options["colormap"])
                layer = self._add_above_image(session, (data, options, kind))
                layer.contour = _OUTLINE_PX if self.outline else 0
                layer.editable = False  # napari's own brush changes no strokes
            else:
                layer.data = data
        self.hide_preview(session)
        self._set_visible(session, convert.MINERAL, self.is_shown)

    def mask_changed(self, session: Session, boxes: Sequence[Box]) -> None:
        """Draw changed boxes of the mask anew."""
        pyramid, layer = self._masks.get(session), self.layer(session, convert.MINERAL)
        if pyramid is None or layer is None or not boxes:
            return
        for box in boxes:
            pyramid.update(box)
        layer.refresh(**_REFRESH)

    def refresh_pixels(self, session: Session) -> None:
        """Look again at what is loaded without waiting."""
        for role in (convert.IMAGE, convert.PREVIEW):
            layer = self.layer(session, role)
            if layer is not None and layer.visible:
                layer.refresh(**_REFRESH)

    def show_overlay(self, session: Session | None, *, shown: bool) -> None:
        """Show or hide mask and preview."""
        self.is_shown = shown
        if session is not None:
            self._set_visible(session, convert.MINERAL, shown and session.shows_mask)
            if not shown:
                self.hide_preview(session)

    def show_line(self, session: Session, ends: np.ndarray[Any, Any] | None) -> None:
        """Show a line from place to place, in (x, y) from the image's corner; None takes it away."""
        if ends is None:
            self.drop(session, convert.LINE)
            return
        vertices = ring_to_vertices(ends)
        width = 2.0 / max(1e-9, self.camera.screen_px_per_pixel(self.layer(session, convert.IMAGE)))
        layer = self.layer(session, convert.LINE)
        if layer is None:
            active = self.viewer.layers.selection.active
            self.add([convert.line_layer(session, vertices, width)])
            self.viewer.layers.selection.active = active
        else:
            layer.data = []
            layer.add([vertices], shape_type="line", edge_width=width, edge_color=[convert.CHOSEN_COLOUR])

    def outline_chosen(self, session: Session, rings: Sequence[np.ndarray[Any, Any]]) -> None:
        """Draw around the chosen region; nothing for no ring."""
        layer = self.layer(session, convert.CHOSEN)
        if layer is not None and not rings:
            layer.data = []
            return
        shapes = [ring_to_vertices(ring) for ring in rings]
        if layer is None:
            active = self.viewer.layers.selection.active
            self.add([convert.chosen_layer(session, shapes)])
            self.viewer.layers.selection.active = active
            return
        made = convert.chosen_layer(session, shapes)[1]
        layer.data = []
        layer.add(shapes, shape_type="polygon", edge_width=made["edge_width"], edge_color=made["edge_color"],
                  face_color="transparent")  # fmt: skip

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

    def draw_region(self, session: Session, kind: str = "region", shape: str = "polygon", reason: str = "") -> Shapes:
        """Make the layer of regions active and ready to draw a region of interest or an exclusion.

        Parameters
        ----------
        shape
            One of ``SHAPES``.
        """
        layer = self.layer(session, convert.REGIONS)
        if layer is None:
            (layer,) = self.add([convert.regions_layer(session)])
        layer.visible = True
        layer.selected_data = set()
        layer.feature_defaults = {"id": "", "ring": 0, "kind": kind, "name": "", "reason": reason}
        layer.current_edge_color = convert.EXCLUDE_COLOUR if kind == "exclude" else convert.REGION_COLOUR
        self.viewer.layers.selection.active = layer
        layer.mode = SHAPES[shape]
        assert isinstance(layer, Shapes)
        return layer

    def annotations(self, session: Session) -> Annotations:
        """Strokes as they are on show now; AnnotationError where an outline crosses itself."""
        layer = self.layer(session, convert.REGIONS)
        if layer is None:
            return annotations_from([], [], {}, session.annotations, session.hand)[0]
        # napari keeps the features of shapes that were all removed at once.
        known = layer.features.iloc[: len(layer.data)]
        features = {name: list(known[name]) for name in COLUMNS}
        annotations, ids = annotations_from(layer.data, layer.shape_type, features, session.annotations, session.hand)
        if ids != features["id"]:
            table = layer.features.copy()
            table["id"] = ids
            layer.features = table
        return annotations

    def show_regions(self, session: Session) -> None:
        """Draw regions of interest and exclusions as the session has them, for instance after undo."""
        layer = self.layer(session, convert.REGIONS)
        shapes, features = shapes_from(session.annotations)
        if layer is None:
            if shapes:
                active = self.viewer.layers.selection.active
                self.add([convert.regions_layer(session)])
                self.viewer.layers.selection.active = active
            return
        if layer.features["id"].tolist() == features["id"] and all(
            np.array_equal(a, b.astype(np.float32)) for a, b in zip(layer.data, shapes, strict=True)
        ):
            return
        fresh = convert.regions_layer(session)[1]
        with layer.events.blocker_all():
            layer.data = []
            if shapes:
                layer.add(shapes, shape_type="polygon", edge_color=fresh["edge_color"], face_color="transparent",
                          edge_width=fresh["edge_width"])  # fmt: skip
            layer.features = fresh["features"]
        layer.refresh()

    def place(self, session: Session) -> None:
        """Put scale and unit of the image on all of its layers, after the pixel size was given."""
        where = convert.placement(session.info)
        for layer in self.viewer.layers:
            if session_of(layer) is session:
                layer.units = where["units"]
                layer.scale = where["scale"]
        self.show_only(session)

    def fly_to(self, session: Session, box: tuple[float, float, float, float], margin: float | None = None) -> None:
        """Bring a box of pixels into view."""
        layer = self.layer(session, convert.IMAGE)
        if layer is not None:
            self.camera.fly_to(layer, box, *([] if margin is None else [margin]))

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
