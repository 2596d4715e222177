"""Which spacing of a DICOM image may be called a length, and in which plane: DICOM PS3.3 10.7 as a decision table.

Pure functions of header values. Row spacing comes first in DICOM, column spacing second; lengths are in mm there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcannot.io.scale import Scale, checked
from calcannot.model.calibration import CalibrationPlane, CalibrationSource

if TYPE_CHECKING:
    from collections.abc import Sequence

_UM_PER_MM = 1000.0
# Spacings that differ by less are the same number, written with another count of digits.
_SAME = 1e-4
# A patient does not fit between a source and a detector that magnify more than this.
_LARGEST_MAGNIFICATION = 5.0


@dataclass(frozen=True, slots=True)
class Spacing:
    """Header values that bear on the pixel size, in mm, or None where absent.

    Attributes
    ----------
    pixel, imager, nominal
        Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing: whatever numbers are there.
    calibration_type
        Pixel Spacing Calibration Type: GEOMETRY or FIDUCIAL.
    magnification
        Estimated Radiographic Magnification Factor.
    source_to_detector, source_to_patient
        Distances; their ratio is the magnification.
    """

    pixel: Sequence[float] | None = None
    imager: Sequence[float] | None = None
    nominal: Sequence[float] | None = None
    calibration_type: str | None = None
    magnification: float | None = None
    source_to_detector: float | None = None
    source_to_patient: float | None = None


def decide(spacing: Spacing) -> Scale:
    """Go down the table; the first row whose values are there and can be true decides.

    1. FIDUCIAL and Pixel Spacing: calibrated, at the depth of the marker.
    2. GEOMETRY and Pixel Spacing: corrected for a stated geometry.
    3. Imager Pixel Spacing and a magnification above 1: divided by it.
    4. Imager (or scanned film) spacing alone, or Pixel Spacing equal to it: at the detector, not corrected.
    5. Pixel Spacing that agrees with nothing: a length of unknown provenance.
    6. None of them: no calibration.
    """
    warnings: list[str] = []
    pixel = _pair(spacing.pixel, "Pixel Spacing", warnings)
    imager = _pair(spacing.imager, "Imager Pixel Spacing", warnings)
    nominal = _pair(spacing.nominal, "Nominal Scanned Pixel Spacing", warnings)
    detector, name = (imager, "ImagerPixelSpacing") if imager else (nominal, "NominalScannedPixelSpacing")
    kind = (spacing.calibration_type or "").strip().upper()
    object_plane, detector_plane, unknown = CalibrationPlane.OBJECT, CalibrationPlane.DETECTOR, CalibrationPlane.UNKNOWN
    if pixel and kind == "FIDUCIAL":
        note = "calibrated mm, true at the depth of the marker only"
        return _scale(pixel, CalibrationSource.DICOM_FIDUCIAL, object_plane, note, warnings)
    if pixel and kind == "GEOMETRY":
        note = "mm corrected for the stated geometry, true at the assumed depth only"
        return _scale(pixel, CalibrationSource.DICOM_GEOMETRY, object_plane, note, warnings)
    if detector and (pixel is None or _same(pixel, detector)):
        factor, origin = _magnification(spacing, warnings) if imager else (1.0, "")
        if factor > 1:
            corrected = detector[0] / factor, detector[1] / factor
            note = f"estimated mm: {name} / {factor:.5g} ({origin})"
            return _scale(corrected, CalibrationSource.DICOM_MAGNIFICATION, object_plane, note, warnings)
        place = "detector" if imager else "film"
        note = f"mm at the {place} ({name}), not corrected for magnification"
        return _scale(detector, CalibrationSource.DICOM_DETECTOR, detector_plane, note, warnings)
    if pixel:
        note = "mm of unknown provenance: Pixel Spacing, and nothing says whether it is corrected for magnification"
        if detector:
            note = f"mm of unknown provenance: Pixel Spacing differs from {name}, and nothing says how it was corrected"
        return _scale(pixel, CalibrationSource.DICOM_UNKNOWN, unknown, note, warnings)
    return Scale(warnings=tuple(warnings))


def of_slide(
    spacing: Sequence[float] | None, extent_mm: tuple[float | None, float | None], size: tuple[int, int]
) -> Scale:
    """Pixel size of a DICOM slide.

    Parameters
    ----------
    spacing
        Pixel Spacing of the Pixel Measures functional group.
    extent_mm
        Imaged Volume Height and Width.
    size
        Rows and columns of the total pixel matrix.
    """
    warnings: list[str] = []
    pair = _pair(spacing, "Pixel Spacing", warnings)
    if pair is None:
        return Scale(warnings=tuple(warnings))
    note = "PixelSpacing of the slide's pixel measures"
    scale = _scale(pair, CalibrationSource.DICOM_SLIDE, CalibrationPlane.OBJECT, note, warnings)
    for axis, stated, mm, count in zip(("height", "width"), extent_mm, pair, size, strict=True):
        # Writers count the last tile whole or cut: a fifth is more than either explains on any slide of some tiles.
        if stated and scale.calibration and not math.isclose(stated, mm * count, rel_tol=0.2):
            extra = (
                f"the imaged {axis} is stated as {stated:.4g} mm, and {count} px of {mm:.4g} mm are {mm * count:.4g} mm"
            )
            return Scale(scale.calibration, (*scale.warnings, extra + ": check the pixel size"))
    return scale


def _magnification(spacing: Spacing, warnings: list[str]) -> tuple[float, str]:
    """Factor above 1 and where it comes from, or 1."""
    stated = spacing.magnification
    if stated is not None and _plausible(stated, "magnification factor", warnings) and stated > 1:
        return stated, "EstimatedRadiographicMagnificationFactor"
    far, near = spacing.source_to_detector, spacing.source_to_patient
    if far and near and math.isfinite(far) and math.isfinite(near) and far > 0 and near > 0:
        ratio = far / near
        if _plausible(ratio, "ratio of source distances", warnings) and ratio > 1:
            return ratio, "DistanceSourceToDetector / DistanceSourceToPatient"
    return 1.0, ""


def _plausible(factor: float, name: str, warnings: list[str]) -> bool:
    if math.isfinite(factor) and 1 <= factor <= _LARGEST_MAGNIFICATION:
        return True
    warnings.append(f"the {name} of {factor:.4g} cannot be true and is not used")
    return False


def _pair(values: Sequence[float] | None, name: str, warnings: list[str]) -> tuple[float, float] | None:
    if not values:
        return None
    if len(values) == 2 and all(math.isfinite(value) and value > 0 for value in values):
        return values[0], values[1]
    shown = "\\".join(f"{value:g}" for value in list(values)[:4])
    warnings.append(f"{name} {shown} is not two positive lengths and is not used")
    return None


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=_SAME) for a, b in zip(one, other, strict=True))


def _scale(
    pair: tuple[float, float],
    source: CalibrationSource,
    plane: CalibrationPlane,
    note: str,
    warnings: list[str],
) -> Scale:
    row, col = (value * _UM_PER_MM for value in pair)
    found = checked(row, col, source, note, plane)
    return Scale(found.calibration, (*warnings, *found.warnings))
