"""From calcannot's values to napari's layer tuples. Pure: no viewer, no window.

Every layer carries its unit, for one without makes napari ignore the scale of all. It is ``um`` for films too: among
layers of several units napari draws in the smallest, but takes the mouse to be in the unit of each. Where the pixel
size is not known the unit is ``pixel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_calcannot.mask_codes import ACCEPTED as CODE_OF_ACCEPTED
from napari_calcannot.mask_codes import MINERAL as CODE_OF_MINERAL
from napari_calcannot.strokes import shapes_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.image import ImageInfo, ImageSource
    from napari_calcannot.levels import LazyLevel
    from napari_calcannot.session import Session
    from napari_calcannot.value_pyramid import ValuePyramid

LayerData = tuple[Any, dict[str, Any], str]

SESSION = "calcannot_session"
ROLE = "calcannot_role"
IMAGE, REGIONS, PREVIEW, MINERAL, CHOSEN = "image", "regions", "preview", "mineral", "chosen"
LINE, AWAITED, MARKS = "line", "awaited", "marks"

# Told apart by every kind of colour vision, and light on black mineral as well as strong on pink tissue.
COLOURS: dict[str, tuple[float, float, float]] = {
    "yellow": (1.0, 0.84, 0.0),
    "cyan": (0.0, 0.85, 1.0),
    "orange": (1.0, 0.45, 0.0),
}
_ACCEPTED = {"yellow": "cyan", "cyan": "yellow", "orange": "cyan"}
REGION_COLOUR = (0.34, 0.71, 0.91)
CHOSEN_COLOUR = (0.0, 0.35, 1.0)  # neither a colour of mineral nor of tissue
EXCLUDE_COLOUR = (0.8, 0.47, 0.65)

_MM_FROM_UM_PER_PX = 20.0  # coarser than any microscope: lengths are then thought of in mm
UM_PER_UNIT = {"um": 1.0, "mm": 1e3}
_CONTRAST_PERCENTILES = (0.5, 99.8)
_MARK_SCREEN_PX, _MARK_COLOUR = 18, "#0059ff"
_LARGEST_SAMPLE_PX = 4_000_000


def placement(info: ImageInfo) -> dict[str, Any]:
    """Scale, unit and axis names of a layer on this image."""
    size = info.calibration
    scale, unit = ((1.0, 1.0), "pixel") if size is None else ((size.um_per_px_row, size.um_per_px_col), "um")
    return {"scale": scale, "units": (unit, unit), "axis_labels": ("y", "x")}


def length_unit(info: ImageInfo) -> str:
    """The unit that suits an image: ``um``, ``mm``, or ``pixel`` where the size of one is not known."""
    if info.calibration is None:
        return "pixel"
    return "mm" if info.calibration.mean_um_per_px >= _MM_FROM_UM_PER_PX else "um"


def contrast_limits(source: ImageSource) -> tuple[float, float]:
    """Darkest and brightest value on show: all there is for colour, nearly all pixels for a radiograph."""
    info = source.info
    if info.channels == 3:
        return info.value_range
    level = info.levels[-1]
    rows = max(1, min(level.height_px, _LARGEST_SAMPLE_PX // level.width_px))
    sample = source.read((level.height_px - rows) // 2, 0, rows, level.width_px, len(info.levels) - 1)
    low, high = (float(value) for value in np.percentile(sample.astype(np.float64), _CONTRAST_PERCENTILES))
    return (low, high) if high > low else (low, low + 1.0)


def layer_title(session: Session) -> str:
    """What an image is called in lists."""
    return f"{session.role}: {session.info.name}" if session.role else session.info.name


def image_layer(session: Session, *, visible: bool = True) -> LayerData:
    """The image, read as it is looked at."""
    info = session.info
    levels = session.pixels.levels()
    return (
        _levels_or_array(levels),
        {
            "name": layer_title(session),
            "rgb": info.channels == 3,
            "multiscale": len(levels) > 1,
            "contrast_limits": contrast_limits(session.source),
            "visible": visible,
            "metadata": _metadata(session, IMAGE),
            **({} if info.channels == 3 else {"colormap": "gray"}),
            **placement(info),
        },
        "image",
    )


def regions_layer(session: Session, *, visible: bool = True) -> LayerData:
    """Regions of interest and exclusions as outlines; empty where nothing was drawn."""
    shapes, features = shapes_from(session.annotations)
    longest = max(session.info.height_px, session.info.width_px)
    colours = [EXCLUDE_COLOUR if kind == "exclude" else REGION_COLOUR for kind in features["kind"]]
    return (
        shapes,
        {
            "name": f"Regions of interest ({session.info.name})",
            "ndim": 2,
            "shape_type": "polygon",
            # Typed, because an empty list is taken for numbers, and text is then refused.
            "features": {
                name: np.array(each, np.int64 if name == "ring" else object) for name, each in features.items()
            },
            "feature_defaults": {"id": "", "ring": 0, "kind": "region", "name": "", "reason": ""},
            "edge_color": colours or [REGION_COLOUR],
            "face_color": "transparent",
            "edge_width": max(1.0, longest / 250),
            "visible": visible,
            "metadata": _metadata(session, REGIONS),
            **placement(session.info),
        },
        "shapes",
    )


def chosen_layer(session: Session, shapes: Sequence[np.ndarray[Any, Any]]) -> LayerData:
    """Outline of the chosen region."""
    extent = max((float(np.ptp(shape, axis=0).max()) for shape in shapes), default=1.0)
    return (
        list(shapes),
        {
            "name": f"Chosen region ({session.info.name})",
            "ndim": 2,
            "shape_type": "polygon",
            "edge_color": [CHOSEN_COLOUR],
            "face_color": "transparent",
            "edge_width": max(0.5, extent / 25),
            "opacity": 1.0,
            "metadata": _metadata(session, CHOSEN),
            **placement(session.info),
        },
        "shapes",
    )


def awaited_layer(session: Session, shapes: Sequence[np.ndarray[Any, Any]], width_px: float) -> LayerData:
    """Outlines of strokes that wait for a mask."""
    data, options, kind = chosen_layer(session, shapes)
    options |= {"name": f"Not measured yet ({session.info.name})", "edge_width": width_px}
    return data, options | {"metadata": _metadata(session, AWAITED)}, kind


def line_layer(session: Session, ends: np.ndarray[Any, Any], width_px: float) -> LayerData:
    """A line that is measured."""
    return (
        [ends],
        {
            "name": f"Line ({session.info.name})",
            "ndim": 2,
            "shape_type": "line",
            "edge_color": [CHOSEN_COLOUR],
            "edge_width": width_px,
            "metadata": _metadata(session, LINE),
            **placement(session.info),
        },
        "shapes",
    )


def marks_layer(session: Session, places: Sequence[tuple[float, float]]) -> LayerData:
    """Numbered places, in (row, column), that are the same in another image."""
    return (
        np.array(places, np.float64).reshape(-1, 2),
        {
            "name": f"Same places ({session.info.name})",
            "size": _MARK_SCREEN_PX,
            "symbol": "disc",
            "canvas_size_limits": (_MARK_SCREEN_PX, _MARK_SCREEN_PX),
            "face_color": "transparent",  # the place itself stays in view
            "border_color": _MARK_COLOUR,
            "border_width": 0.08,
            "text": {
                "string": [str(number) for number in range(1, len(places) + 1)],
                "color": _MARK_COLOUR,
                "size": 14,
                "anchor": "upper_left",
            },
            "metadata": _metadata(session, MARKS),
            **placement(session.info),
        },
        "points",
    )


def preview_layer(session: Session, values: ValuePyramid, *, colour: str, opacity: float) -> LayerData:
    """Values that are mineral above a cut; ``preview_limits`` places the cut."""
    levels = values.levels()
    top = values.rule.last - values.rule.first + values.shift
    return (
        _levels_or_array(levels),
        {
            "name": f"Threshold preview ({session.info.name})",
            "rgb": False,
            "multiscale": len(levels) > 1,
            "contrast_limits": (-1.0, top + 1.0),
            "colormap": preview_colormap(colour),
            "blending": "translucent",
            "opacity": opacity,
            "metadata": _metadata(session, PREVIEW),
            **placement(session.info),
        },
        "image",
    )


def preview_limits(values: ValuePyramid, threshold: float) -> tuple[float, float]:
    """Contrast limits at which values up to the cut are clear and those above are coloured."""
    cut = values.rule.cut(threshold) + values.shift
    return float(cut), float(cut + 1)


def preview_colormap(colour: str) -> dict[str, Any]:
    """Two steps: clear and a colour."""
    return {
        "name": f"calcannot {colour}",
        "colors": np.array([(0, 0, 0, 0), (*COLOURS[colour], 1)], dtype=np.float32),
        "controls": np.array([0, 0.5, 1.0]),
        "interpolation": "zero",
    }


def mineral_layer(session: Session, levels: Sequence[Any], *, colour: str, opacity: float) -> LayerData:
    """The mask on screen, as codes of ``mask_codes``."""
    return (
        levels if len(levels) > 1 else levels[0],
        {
            "name": f"Calcified ({session.info.name})",
            "multiscale": len(levels) > 1,
            "colormap": mineral_colormap(colour),
            "opacity": opacity,
            "blending": "translucent",
            "metadata": _metadata(session, MINERAL),
            **placement(session.info),
        },
        "labels",
    )


def mineral_colormap(colour: str) -> dict[int | None, tuple[float, float, float, float]]:
    """One colour for mineral, and another for what was accepted."""
    return {
        None: (0.0, 0.0, 0.0, 0.0),
        0: (0.0, 0.0, 0.0, 0.0),
        CODE_OF_MINERAL: (*COLOURS[colour], 1.0),
        CODE_OF_ACCEPTED: (*COLOURS[_ACCEPTED[colour]], 1.0),
    }


def _metadata(session: Session, role: str) -> dict[str, Any]:
    # Layers are found by this and never by their name, which a user may change.
    return {SESSION: session, ROLE: role}


def _levels_or_array(levels: Sequence[LazyLevel | np.ndarray[Any, Any]]) -> Any:
    return levels if len(levels) > 1 else levels[0]
