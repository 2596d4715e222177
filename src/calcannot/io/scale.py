"""A pixel size found in a file, or the reason why none was taken."""

from __future__ import annotations

from dataclasses import dataclass

from calcannot.errors import CalibrationError
from calcannot.model.calibration import (
    ASSUMED_RELATIVE_UNCERTAINTY,
    Calibration,
    CalibrationPlane,
    CalibrationSource,
)


@dataclass(frozen=True, slots=True)
class Scale:
    """What a header says about the pixel size.

    Attributes
    ----------
    calibration
        Pixel size, or None when none is stated or the stated one cannot be true.
    warnings
        Sentences about values that were found and not used.
    """

    calibration: Calibration | None = None
    warnings: tuple[str, ...] = ()


def checked(
    row_um: float,
    col_um: float,
    source: CalibrationSource,
    note: str,
    plane: CalibrationPlane = CalibrationPlane.OBJECT,
) -> Scale:
    """Make a scale of two lengths in µm per pixel; lengths that cannot be true become a warning, not an error."""
    try:
        return Scale(Calibration(row_um, col_um, source, plane, note, ASSUMED_RELATIVE_UNCERTAINTY.get(source)))
    except CalibrationError as error:
        return Scale(warnings=(f"the file's pixel size is not used: {error.what}",))
