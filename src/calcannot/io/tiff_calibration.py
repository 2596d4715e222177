"""Pixel size of a TIFF, from what its writer left in it. Pure functions of tag values; nothing is guessed."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from calcannot.io.scale import Scale, checked
from calcannot.model.calibration import CalibrationSource

if TYPE_CHECKING:
    from collections.abc import Mapping

# ResolutionUnit, in µm. NONE (1) is no unit: the two numbers are then an aspect ratio.
_UNIT_UM = {2: 25_400.0, 3: 10_000.0, 4: 1_000.0, 5: 1.0}
_UNIT_NAME = {2: "inch", 3: "cm", 4: "mm", 5: "µm"}

# OME length units that a microscope uses. ``pixel`` and ``reference frame`` are in the schema and are no lengths.
_OME_UM = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6, "in": 25_400.0}

# What ImageJ's Set Scale is given; its default unit is ``pixel`` (or none).
_IMAGEJ_UM = {
    "nm": 1e-3, "nanometer": 1e-3,
    "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0,
    "mm": 1e3, "millimeter": 1e3, "millimetre": 1e3,
    "cm": 1e4, "centimeter": 1e4, "centimetre": 1e4,
}  # fmt: skip

_PHILIPS_SPACING = "DICOM_PIXEL_SPACING"

# A resolution tag on these steps was written for a printer or a screen, not by a microscope. 40 µm/px is 635 dpi: a
# coarser one says how large to print, for no objective samples a section that coarsely.
COARSEST_UM = 40.0
_PRINT_DPI = (1200, 1440, 2400, 2880, 3600, 4800)
_PRINT_TOLERANCE = 0.005


def from_ome(xml: str, image: int) -> Scale:
    """Read PhysicalSizeX and PhysicalSizeY of one image of an OME-XML block.

    Parameters
    ----------
    xml
        The block.
    image
        Which Image element, from 0.

    Returns
    -------
    Scale
        None when either side is not stated. A missing unit is µm: the schema's default.
    """
    try:
        pixels = [item for item in ET.fromstring(xml).iter() if item.tag.rpartition("}")[2] == "Pixels"][image]
    except (ET.ParseError, IndexError):
        return Scale(warnings=("the OME-XML block is damaged: no pixel size is taken from it",))
    sizes = []
    for axis in "YX":
        size, unit = pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm")
        if size is None:
            return Scale()
        if unit not in _OME_UM:
            return Scale(warnings=(f"the OME pixel size is in {unit!r}, which is no length: it is not used",))
        sizes.append(_number(size) * _OME_UM[unit])
    return checked(sizes[0], sizes[1], CalibrationSource.OME, "PhysicalSizeY and PhysicalSizeX of the OME-XML block")


def from_aperio(description: str) -> Scale:
    """Read MPP (µm per pixel) of an Aperio ImageDescription; never the magnification, which is no pixel size."""
    found = re.search(r"\|\s*MPP\s*=\s*([^|]*)", description)
    if found is None:
        return Scale()
    size = _number(found[1])
    return checked(size, size, CalibrationSource.APERIO, "MPP of the Aperio description")


def from_philips(xml: str) -> Scale:
    """Read the first DICOM_PIXEL_SPACING (mm, row first) of a Philips description: that of the full resolution."""
    try:
        stated = [item.text for item in ET.fromstring(xml).iter("Attribute") if item.get("Name") == _PHILIPS_SPACING]
    except ET.ParseError:
        return Scale(warnings=("the Philips description is damaged: no pixel size is taken from it",))
    sizes = re.findall(r'"([^"]*)"', stated[0] or "") if stated else []
    if len(sizes) != 2:
        return Scale()
    row, col = (_number(size) * 1000 for size in sizes)
    return checked(row, col, CalibrationSource.TIFF, "DICOM_PIXEL_SPACING of the Philips description")


def from_imagej(metadata: Mapping[str, Any], x: object, y: object) -> Scale:
    """Read the scale that ImageJ's Set Scale stores: a unit in the description, pixels per unit in the tags."""
    unit = str(metadata.get("unit", "")).replace("\\u00B5", "µ").strip().lower()
    if unit not in _IMAGEJ_UM:
        # Also "inch", which ImageJ takes over from a print resolution: the tags below are judged as one.
        return Scale()
    row, col = (_um_per_px(value, _IMAGEJ_UM[unit]) for value in (y, x))
    return checked(row, col, CalibrationSource.TIFF, f"ImageJ scale, in {unit}")


def from_resolution(x: object, y: object, unit: int | None) -> Scale:
    """Read XResolution and YResolution, unless they are only a print or screen resolution.

    Parameters
    ----------
    x, y
        Pixels per unit, a number or a (numerator, denominator), or None.
    unit
        ResolutionUnit; None (the tag is absent) is inch by the standard.
    """
    code = 2 if unit is None else int(unit)
    if x is None or y is None or code not in _UNIT_UM:
        return Scale()
    row, col = (_um_per_px(value, _UNIT_UM[code]) for value in (y, x))
    note = f"XResolution and YResolution, in pixels per {_UNIT_NAME[code]}"
    scale = checked(row, col, CalibrationSource.TIFF, note)
    if scale.calibration is None or not (_is_print(row) or _is_print(col)):
        return scale
    what = (
        f"the TIFF resolution of {25_400 / col:.4g} dpi ({row:.4g} x {col:.4g} µm per pixel) looks like one for print "
        "and is not used; if it is true, give it with --pixel-size"
    )
    return Scale(warnings=(what,))


def _is_print(um: float) -> bool:
    dpi = 25_400 / um
    return um > COARSEST_UM or any(abs(dpi - step) <= _PRINT_TOLERANCE * step for step in _PRINT_DPI)


def _um_per_px(value: Any, unit_um: float) -> float:
    """Invert pixels per unit; a value that is no positive number becomes NaN, which no calibration accepts."""
    try:
        top, bottom = value if isinstance(value, tuple) else (value, 1)
        return unit_um * float(bottom) / float(top)
    except (TypeError, ValueError, ZeroDivisionError):
        return math.nan


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
