"""The physical size of a pixel, and where that number came from."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from calcannot.errors import CalibrationError

# Finer than any light microscope samples, and coarser than any radiograph: outside, the header is wrong.
SMALLEST_UM_PER_PX = 0.01
LARGEST_UM_PER_PX = 10_000.0
LARGEST_ASPECT = 10.0

_TO_UM = {"nm": 1e-3, "um": 1.0, "µm": 1.0, "μm": 1.0, "mm": 1e3, "cm": 1e4}
_LENGTH = re.compile(r"\s*([0-9.eE+-]+)\s*([a-zµμ]+)\s*")


class CalibrationSource(StrEnum):
    """Where a pixel size was found. The DICOM members are the decision table of PS3.3 10.7."""

    USER = "user"
    OME = "ome_physical_size"
    APERIO = "aperio_mpp"
    TIFF = "tiff_resolution"
    DICOM_FIDUCIAL = "dicom_fiducial"
    DICOM_GEOMETRY = "dicom_geometry"
    DICOM_MAGNIFICATION = "dicom_magnification_corrected"
    DICOM_DETECTOR = "dicom_detector_plane"
    DICOM_UNKNOWN = "dicom_pixel_spacing_provenance_unknown"
    DICOM_SLIDE = "dicom_slide"
    PHANTOM = "phantom"
    OBJECT_LINE = "object_line"
    OBJECT_COIN = "object_coin"
    OBJECT_BALL = "object_ball"
    OBJECT_HEIGHT = "object_height"


# Half-width of the 95 % interval of a length in the patient or the section, as a share, where a source has one to be
# assumed. A fiducial: published calibration balls on films of the pelvis were off by 2.55 % in the mean, which for
# normal errors is 6 %. A magnification that is stated or assumed and not measured: a standard deviation of 5 %.
# Sources that are not named here state no error and give no ground to assume one: a slide scanner's pixel size, a
# user's, one of unknown provenance. At the detector the spacing is exact, but what it is in the patient depends on a
# height that nobody wrote down. A calibration from an object states its own.
ASSUMED_RELATIVE_UNCERTAINTY: Final = {
    CalibrationSource.DICOM_FIDUCIAL: 0.06,
    CalibrationSource.DICOM_GEOMETRY: 0.10,
    CalibrationSource.DICOM_MAGNIFICATION: 0.10,
    CalibrationSource.PHANTOM: 0.0,
}


class CalibrationPlane(StrEnum):
    """In which plane a length in mm holds."""

    OBJECT = "object"
    DETECTOR = "detector"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CalibrationEvidence:
    """What a pixel size was worked out from by a person: an object in the image, or a height.

    Attributes
    ----------
    object
        ``line``, ``coin``, ``ball`` or ``height``.
    known_um
        Its length or diameter; for a height, the distance from the detector.
    measured_px
        What it measures in the image, in px of a column's width; None for a height.
    points
        Where, as (x, y) in level-0 pixels from the top-left corner: ends of the line, or points on the outline.
    components
        Half-widths of 95 % intervals of a length as shares, by name; their root sum of squares is the uncertainty.
    image, image_sha256
        On which image it was measured: name and hash of the file.
    user, time
        By whom, and when in ISO 8601; empty where not told.
    """

    object: str
    known_um: float
    measured_px: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    components: tuple[tuple[str, float], ...] = ()
    image: str = ""
    image_sha256: str = ""
    user: str = ""
    time: str = ""

    @property
    def relative_uncertainty(self) -> float:
        """Root sum of squares of the components."""
        return math.sqrt(sum(share**2 for _, share in self.components))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Pixel size in micrometres, row (vertical) and column (horizontal) apart.

    Attributes
    ----------
    um_per_px_row, um_per_px_col
        Height and width of a pixel.
    source, plane
        Where the size was found, and in which plane it holds.
    note
        What a reader of the number must know, a phrase.
    relative_uncertainty
        Half-width of the 95 % interval of a length in the object, as a share (0.02 is 2 %); None where it is not known.
        An area carries twice that.
    evidence
        What it was worked out from, where a person did that; plain values, as JSON has them, are taken too.

    Raises
    ------
    CalibrationError
        If a size is not a finite number between 0.01 and 10,000 µm, the two differ by more than 10 times, or the
        uncertainty is not a share from 0 to below 1.
    """

    um_per_px_row: float
    um_per_px_col: float
    source: CalibrationSource
    plane: CalibrationPlane = CalibrationPlane.OBJECT
    note: str = ""
    relative_uncertainty: float | None = None
    evidence: CalibrationEvidence | None = None

    def __post_init__(self) -> None:
        for axis, value in (("row", self.um_per_px_row), ("column", self.um_per_px_col)):
            if not (math.isfinite(value) and SMALLEST_UM_PER_PX <= value <= LARGEST_UM_PER_PX):
                what = f"a pixel size of {value:g} µm per {axis} cannot be true"
                raise CalibrationError(what, remedy="give the pixel size yourself, for example --pixel-size 0.5um")
        ratio = self.um_per_px_row / self.um_per_px_col
        if not 1 / LARGEST_ASPECT <= ratio <= LARGEST_ASPECT:
            what = f"pixels of {self.um_per_px_row:g} by {self.um_per_px_col:g} µm cannot be true"
            raise CalibrationError(what, remedy="give the pixel size yourself, for example --pixel-size 0.5um")
        share = self.relative_uncertainty
        if share is not None and not 0 <= share < 1:
            what = f"an uncertainty of {share:.4g} of a length cannot be true"
            raise CalibrationError(what, remedy="give it as a share from 0 to below 1: 0.02 is 2 %")
        given: object = self.evidence
        if isinstance(given, Mapping):
            object.__setattr__(self, "evidence", _evidence_from(given))

    @property
    def area_relative_uncertainty(self) -> float | None:
        """Half-width of the 95 % interval of an area, as a share: twice that of a length."""
        return None if self.relative_uncertainty is None else 2 * self.relative_uncertainty

    @property
    def pixel_area_um2(self) -> float:
        """Area of one pixel in µm²."""
        return self.um_per_px_row * self.um_per_px_col

    @property
    def mean_um_per_px(self) -> float:
        """Side in µm of the square with the pixel's area; turns a radius in µm into pixels."""
        return math.sqrt(self.pixel_area_um2)


def _evidence_from(values: Mapping[str, Any]) -> CalibrationEvidence:
    try:
        plain = dict(values)
        plain["points"] = tuple((float(x), float(y)) for x, y in plain.get("points", ()))
        plain["components"] = tuple((str(name), float(share)) for name, share in plain.get("components", ()))
        return CalibrationEvidence(**plain)
    except (TypeError, ValueError) as error:
        what = f"the evidence of the calibration is damaged ({error})"
        raise CalibrationError(what, remedy="calibrate again") from None


def parse_length_um(text: str) -> float:
    """Read a length as a user types it, in µm: ``24.5mm``, ``0.5um``.

    Raises
    ------
    CalibrationError
        If there is no unit, an unknown unit, or a value that is not a positive number.
    """
    try:
        length = _length_um(text, text)
    except CalibrationError:
        length = math.nan
    if not (math.isfinite(length) and length > 0):
        what = f"the length {text!r} is not a positive number with a unit"
        raise CalibrationError(what, remedy="write it as 24.5mm, 2.45cm or 500um")
    return length


def parse_pixel_size(text: str) -> Calibration:
    """Read a pixel size as a user types it: ``0.5um``, ``0.5umx0.6um`` (row x column), ``0.143mm``.

    Raises
    ------
    CalibrationError
        If there is no unit, an unknown unit, or a value that cannot be true.
    """
    parts = re.split(r"(?<=[a-zµμ])\s*[x×*]\s*", text.strip())
    if len(parts) not in (1, 2):
        raise _unreadable(text)
    sizes = [_length_um(part, text) for part in parts]
    return Calibration(sizes[0], sizes[-1], CalibrationSource.USER, note=f"given as {text.strip()}")


def _length_um(part: str, whole: str) -> float:
    match = _LENGTH.fullmatch(part)
    if match is None or match[2] not in _TO_UM:
        raise _unreadable(whole)
    try:
        return float(match[1]) * _TO_UM[match[2]]
    except ValueError:
        raise _unreadable(whole) from None


def _unreadable(text: str) -> CalibrationError:
    return CalibrationError(
        f"the pixel size {text!r} is not a number with a unit",
        remedy="write it as 0.5um, 0.143mm, or 0.5umx0.6um (row x column)",
    )
