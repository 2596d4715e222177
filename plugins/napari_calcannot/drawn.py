"""What is drawn over the image in lines: regions of interest and exclusions, the chosen region, a measured line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes

from napari_calcannot import layers as convert
from napari_calcannot.strokes import COLUMNS, annotations_from, ring_to_vertices, shapes_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.annotation import Annotations
    from napari_calcannot.camera import Camera
    from napari_calcannot.image_layers import ImageLayers
    from napari_calcannot.session import Session

SHAPES = {
    "polygon": "add_polygon",
    "rectangle": "add_rectangle",
    "freehand": "add_polygon_lasso",
    "ellipse": "add_ellipse",
}
"""Ways to draw a region, and napari's names for them."""


class Drawn:
    """Layers of shapes.

    Parameters
    ----------
    layers, camera
        Where they are shown, and how large.
    """

    def __init__(self, layers: ImageLayers, camera: Camera) -> None:
        self._layers, self._camera = layers, camera

    def show_line(self, session: Session, ends: np.ndarray[Any, Any] | None) -> None:
        """Show a line from place to place, in (x, y) from the image's corner; None takes it away."""
        if ends is None:
            self._layers.drop(session, convert.LINE)
            return
        vertices = ring_to_vertices(ends)
        width = 2.0 / max(1e-9, self._camera.screen_px_per_pixel(self._layers.layer(session, convert.IMAGE)))
        layer = self._layers.layer(session, convert.LINE)
        if layer is None:
            active = self._layers.viewer.layers.selection.active
            self._layers.add([convert.line_layer(session, vertices, width)])
            self._layers.viewer.layers.selection.active = active
        else:
            layer.data = []
            layer.add([vertices], shape_type="line", edge_width=width, edge_color=[convert.CHOSEN_COLOUR])

    def outline_chosen(self, session: Session, rings: Sequence[np.ndarray[Any, Any]]) -> None:
        """Draw around the chosen region; nothing for no ring."""
        layer = self._layers.layer(session, convert.CHOSEN)
        if layer is not None and not rings:
            layer.data = []
            return
        shapes = [ring_to_vertices(ring) for ring in rings]
        if layer is None:
            active = self._layers.viewer.layers.selection.active
            self._layers.add([convert.chosen_layer(session, shapes)])
            self._layers.viewer.layers.selection.active = active
            return
        layer.data = shapes  # keeps its colours; to take the old away and add the new is twice the work
        layer.edge_width = convert.chosen_layer(session, shapes)[1]["edge_width"]

    def outline_awaited(self, session: Session, rings: Sequence[np.ndarray[Any, Any]]) -> None:
        """Draw around strokes that wait for a mask; nothing for no ring."""
        if not rings:
            self._layers.drop(session, convert.AWAITED)
            return
        width = 2.0 / max(1e-9, self._camera.screen_px_per_pixel(self._layers.layer(session, convert.IMAGE)))
        data, options, kind = convert.awaited_layer(session, [ring_to_vertices(ring) for ring in rings], width)
        layer = self._layers.layer(session, convert.AWAITED)
        if layer is None:
            active = self._layers.viewer.layers.selection.active
            self._layers.add([(data, options, kind)])
            self._layers.viewer.layers.selection.active = active
            return
        layer.data = data
        layer.edge_width = width

    def draw_region(self, session: Session, kind: str = "region", shape: str = "polygon", reason: str = "") -> Shapes:
        """Make the layer of regions active and ready to draw a region of interest or an exclusion.

        Parameters
        ----------
        shape
            One of ``SHAPES``.
        """
        layer = self._layers.layer(session, convert.REGIONS)
        if layer is None:
            (layer,) = self._layers.add([convert.regions_layer(session)])
        layer.visible = True
        layer.selected_data = set()
        layer.feature_defaults = {"id": "", "ring": 0, "kind": kind, "name": "", "reason": reason}
        layer.current_edge_color = convert.EXCLUDE_COLOUR if kind == "exclude" else convert.REGION_COLOUR
        self._layers.viewer.layers.selection.active = layer
        layer.mode = SHAPES[shape]
        assert isinstance(layer, Shapes)
        return layer

    def annotations(self, session: Session) -> Annotations:
        """Strokes as they are on show now; AnnotationError where an outline crosses itself."""
        layer = self._layers.layer(session, convert.REGIONS)
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
        layer = self._layers.layer(session, convert.REGIONS)
        shapes, features = shapes_from(session.annotations)
        if layer is None:
            if shapes:
                active = self._layers.viewer.layers.selection.active
                self._layers.add([convert.regions_layer(session)])
                self._layers.viewer.layers.selection.active = active
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
