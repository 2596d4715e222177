"""Calibrate an open image from an object in it or from a height: where its pixels and the formulas meet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.errors import CalibrationError
from calcannot.model.image import Modality
from calcannot.morphometry.calibrate import LEAST_POINTS, from_height, from_line, from_outline
from calcannot.morphometry.object_edge import find_edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.calibration import Calibration
    from calcannot.model.image import ImageInfo, ImageSource
    from calcannot.morphometry.object_edge import ObjectEdge

HEIGHT_ERROR_UM: Final = 10_000.0
"""How far an object may lie above or below what is measured, unless the user says: 1 cm is about 1 % of a length."""

_USUAL_SOURCE_UM: Final = 1_000_000.0
# The lesion is assumed to lie no higher than this share of the source distance.
_HIGHEST: Final = 0.25
_FIRST_WINDOW_PX: Final = 48
_SURROUNDINGS: Final = 2.0  # half a window, in radii of the object
_MOST_POINTS: Final = 24
_LEAST_POINT_SD_PX: Final = 0.1


def calibrate_line(
    source: ImageSource,
    ends: Sequence[Sequence[float]],
    length_um: float,
    *,
    tolerance_um: float = 0.0,
    height_error_um: float | None = None,
) -> Calibration:
    """Pixel size from two points (x, y) that are ``length_um`` apart, such as marks of a ruler.

    Parameters
    ----------
    tolerance_um
        Half-width of the 95 % interval of the length itself.
    height_error_um
        The same for the height of the object above or below what is measured, on a radiograph; None for 10 mm.

    Raises
    ------
    CalibrationError
        If the points are too near, or the pixel size cannot be true.
    """
    share = _height_share(source.info, height_error_um)
    found = from_line(ends, length_um, aspect=aspect_of(source.info), tolerance_um=tolerance_um, height_share=share)
    return _on(source.info, found)


def calibrate_round(
    source: ImageSource,
    kind: str,
    points: Sequence[Sequence[float]],
    diameter_um: float,
    *,
    tolerance_um: float = 0.0,
    height_error_um: float | None = None,
) -> Calibration:
    """Pixel size from a ``coin`` or a ``ball``: one point (x, y) inside it, or five or more on its edge.

    Raises
    ------
    CalibrationError
        If no edge is found round the one point, or the points lie on no ellipse.
    """
    info = source.info
    aspect = aspect_of(info)
    share = _height_share(info, height_error_um)
    if len(points) != 1:
        found = from_outline(points, diameter_um, kind, aspect=aspect, tolerance_um=tolerance_um, height_share=share)
        return _on(info, found)
    edge = _edge_round(source, float(points[0][0]), float(points[0][1]), aspect)
    found = from_outline(
        edge.points, diameter_um, kind, aspect=aspect, point_sd_px=max(edge.spread_px, _LEAST_POINT_SD_PX),
        edge_px=edge.half_width_px, tolerance_um=tolerance_um, height_share=share,
    )  # fmt: skip
    return _on(info, found)


def calibrate_height(
    source: ImageSource, height_um: float, *, source_um: float | None = None, height_error_um: float | None = None
) -> Calibration:
    """Pixel size at a height above the detector, from the spacing at the detector that the header states.

    Parameters
    ----------
    source_um
        Distance of the X-ray source from the detector; that of the header unless given.
    height_error_um
        Half-width of the 95 % interval of the height; None for an estimate on the patient.

    Raises
    ------
    CalibrationError
        If the header states no spacing at the detector, or no source distance and none is given.
    """
    metadata = source.info.metadata
    spacing = metadata.get("detector_spacing_mm")
    if spacing is None:
        what = "the image does not state the pixel size at the detector (ImagerPixelSpacing)"
        raise CalibrationError(what, path=source.info.name, remedy="calibrate from an object in the image instead")
    distance = _source_um(source.info) if source_um is None else source_um
    if distance is None:
        what = "the image does not state the distance of the X-ray source"
        raise CalibrationError(what, path=source.info.name, remedy="give it, for example --source-distance 1100mm")
    row_um, col_um = (1000.0 * float(each) for each in spacing)
    return _on(source.info, from_height((row_um, col_um), height_um, distance, height_error_um=height_error_um))


def aspect_of(info: ImageInfo) -> float:
    """Height over width of a pixel: of the calibration in the file, of the detector, or 1."""
    if info.calibration is not None:
        return info.calibration.um_per_px_row / info.calibration.um_per_px_col
    spacing = info.metadata.get("detector_spacing_mm")
    return 1.0 if spacing is None else float(spacing[0]) / float(spacing[1])


def _on(info: ImageInfo, found: Calibration) -> Calibration:
    assert found.evidence is not None
    step = -(-len(found.evidence.points) // _MOST_POINTS) or 1
    return replace(found, evidence=replace(found.evidence, image=info.name, points=found.evidence.points[::step]))


def _source_um(info: ImageInfo) -> float | None:
    stated = info.metadata.get("source_to_detector_mm")
    good = isinstance(stated, int | float) and math.isfinite(stated) and stated > 0
    return 1000.0 * float(stated) if good and stated is not None else None


def _height_share(info: ImageInfo, error_um: float | None) -> float:
    if info.modality is not Modality.RADIOGRAPH and error_um is None:
        return 0.0
    distance = _source_um(info) or _USUAL_SOURCE_UM
    return (HEIGHT_ERROR_UM if error_um is None else error_um) / (distance * (1 - _HIGHEST))


def _edge_round(source: ImageSource, x: float, y: float, aspect: float) -> ObjectEdge:
    """Look in windows of growing size until the object and what surrounds it fit."""
    info = source.info
    half = _FIRST_WINDOW_PX
    while True:
        row, col = max(0, math.floor(y) - half), max(0, math.floor(x) - half)
        end_row, end_col = min(info.height_px, math.floor(y) + half + 1), min(info.width_px, math.floor(x) + half + 1)
        if row >= end_row or col >= end_col:
            what = f"the point {x:g}, {y:g} lies outside the image"
            raise CalibrationError(what, path=info.name, remedy="x counts columns to the right, y rows down")
        window = source.read(row, col, end_row - row, end_col - col)
        grey = window if window.ndim == 2 else 255.0 - window.mean(axis=2)
        whole = (end_row - row, end_col - col) == (info.height_px, info.width_px)
        try:
            edge = find_edge(grey, x - col, y - row, aspect=aspect)
        except CalibrationError:
            if whole:
                raise
        else:
            reach = float(abs(edge.points - (x - col, y - row)).max())
            if whole or half >= _SURROUNDINGS * reach:
                return replace(edge, points=edge.points + np.array((col, row)))
        half *= 2


__all__ = ["HEIGHT_ERROR_UM", "LEAST_POINTS", "aspect_of", "calibrate_height", "calibrate_line", "calibrate_round"]
