"""Mask and threshold preview on the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils import Colormap, DirectLabelColormap

from napari_calcannot import layers as convert
from napari_calcannot.mineral import MaskPyramid
from napari_calcannot.question import BOUNDING
from napari_calcannot.session_state import TILES
from napari_calcannot.value_pyramid import ValuePyramid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.boxes import Box
    from napari_calcannot.image_layers import ImageLayers
    from napari_calcannot.preview import PreviewRule
    from napari_calcannot.session import Session

_OUTLINE_PX = 2
REFRESH = {"extent": False, "thumbnail": False, "highlight": False}


class Overlay:
    """What is, or would be, mineral.

    Parameters
    ----------
    layers
        Where it is shown.
    """

    def __init__(self, layers: ImageLayers) -> None:
        self._layers = layers
        self.colour = "yellow"
        self.opacity = 0.75
        self.outline = False
        self.is_shown = True
        self._values: dict[Session, tuple[PreviewRule, tuple[object, ...], ValuePyramid]] = {}
        self._masks: dict[Session, MaskPyramid] = {}

    def show_preview(self, session: Session, rule: PreviewRule, threshold: float) -> None:
        """Colour what the rule would call mineral. Moving the threshold sets two numbers on the graphics card."""
        bounds = session.annotations.of(*BOUNDING)
        layer = self._layers.layer(session, convert.PREVIEW)
        known = self._values.get(session)
        if known is None or known[0] != rule or known[1] != bounds:
            self.drop_preview(session)
            layer, values = None, ValuePyramid(session.source, rule, session.annotations, session.pixels, TILES)
            known = self._values[session] = (rule, bounds, values)
        if layer is None:
            values = known[2]
            made = convert.preview_layer(session, values, colour=self.colour, opacity=self.opacity)
            made[1]["colormap"] = Colormap(**made[1]["colormap"])
            made[1]["contrast_limits"] = convert.preview_limits(values, threshold)
            self._layers.add_above_image(session, made)
        else:
            layer.contrast_limits = convert.preview_limits(known[2], threshold)
        self._layers.set_visible(session, convert.PREVIEW, True)
        self._layers.set_visible(session, convert.MINERAL, False)

    def shows_preview(self, session: Session) -> bool:
        """Whether the preview is on show."""
        layer = self._layers.layer(session, convert.PREVIEW)
        return layer is not None and bool(layer.visible)

    def preview_values(self, session: Session) -> ValuePyramid | None:
        """What the preview is drawn from, where there is one."""
        known = self._values.get(session)
        return None if known is None else known[2]

    def hide_preview(self, session: Session) -> None:
        """Hide the preview; of a slide it makes room for something else."""
        self._layers.set_visible(session, convert.PREVIEW, False)
        values = self.preview_values(session)
        if values is not None and values.set_aside():
            self._layers.drop(session, convert.PREVIEW)

    def drop_preview(self, session: Session) -> None:
        """Remove the preview and stop reading for it."""
        self._layers.drop(session, convert.PREVIEW)
        known = self._values.pop(session, None)
        if known is not None:
            known[2].close()

    def show_mineral(self, session: Session, *, redrawn: bool = True) -> None:
        """Show the mask in place of the preview; ``redrawn`` where it was measured anew."""
        assert session.mask is not None
        layer = self._layers.layer(session, convert.MINERAL)
        if redrawn or session not in self._masks or layer is None:
            self._masks[session] = MaskPyramid(session.mask.tiles, self._masks.get(session))
            data, options, kind = convert.mineral_layer(
                session, self._masks[session].levels, colour=self.colour, opacity=self.opacity
            )
            if layer is None:
                options["colormap"] = DirectLabelColormap(color_dict=options["colormap"])
                layer = self._layers.add_above_image(session, (data, options, kind))
                layer.contour = _OUTLINE_PX if self.outline else 0
                layer.editable = False  # napari's own brush changes no strokes
            else:
                layer.data = data
        self.hide_preview(session)
        self._layers.set_visible(session, convert.MINERAL, self.is_shown)

    def mask_pyramid(self, session: Session) -> MaskPyramid | None:
        """The mask for another view of it; another object when it is measured anew. None where it is old."""
        return self._masks.get(session) if session.shows_mask else None

    def mask_changed(self, session: Session, boxes: Sequence[Box]) -> None:
        """Draw changed boxes of the mask anew."""
        pyramid, layer = self._masks.get(session), self._layers.layer(session, convert.MINERAL)
        if pyramid is None or layer is None or not boxes:
            return
        for box in boxes:
            pyramid.update(box)
        layer.refresh(**REFRESH)

    def show(self, session: Session | None, *, shown: bool) -> None:
        """Show or hide mask and preview."""
        self.is_shown = shown
        if session is not None:
            self._layers.set_visible(session, convert.MINERAL, shown and session.shows_mask)
            if not shown:
                self.hide_preview(session)

    def restyle(self, colour: str, opacity: float, outline: bool) -> None:
        """Change how mineral is drawn, on every image."""
        self.colour, self.opacity, self.outline = colour, opacity, outline
        for layer in self._layers.viewer.layers:
            role = layer.metadata.get(convert.ROLE)
            if role == convert.PREVIEW:
                layer.colormap = Colormap(**convert.preview_colormap(colour))
                layer.opacity = opacity
            elif role == convert.MINERAL:
                layer.colormap = DirectLabelColormap(color_dict=convert.mineral_colormap(colour))
                layer.opacity = opacity
                layer.contour = _OUTLINE_PX if outline else 0

    def forget(self, session: Session) -> None:
        """Remove what was added for an image that is closed."""
        self.drop_preview(session)
        self._layers.drop(session, convert.MINERAL)
        self._masks.pop(session, None)
