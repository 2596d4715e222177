"""Numbers and lengths as a person reads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calcannot.model.calibration import CalibrationPlane

if TYPE_CHECKING:
    from calcannot.model.analysis import Totals
    from calcannot.model.calibration import Calibration
    from calcannot.model.resolved import ResolvedRecipe


def uncertainty_text(calibration: Calibration) -> str:
    """How sure lengths and areas are as far as the pixel size goes, 95 %."""
    length, area = calibration.relative_uncertainty, calibration.area_relative_uncertainty
    if length is None or area is None:
        return "± not known"
    return f"lengths ± {100 * length:.2g} %, areas ± {100 * area:.2g} %"


_PLANES = {CalibrationPlane.DETECTOR: " at the detector", CalibrationPlane.UNKNOWN: ", plane not known"}


def plane_text(calibration: Calibration | None) -> str:
    """What must stand behind a length or area that is not known to hold in the patient; else nothing."""
    return "" if calibration is None else _PLANES.get(calibration.plane, "")


def length_text(calibration: Calibration | None) -> str:
    """What must stand behind a length: its plane, and half of its 95 % interval where that is known."""
    known = None if calibration is None else calibration.relative_uncertainty
    return plane_text(calibration) + (f" ± {100 * known:.2g} %" if known else "")


def significant(value: float, digits: int = 3) -> str:
    """A number with this many significant digits and no exponent: 0.00123, 12.3, 1230."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "-"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace(",", " ")


def area_text(mm2: float | None, px: int | None) -> str:
    """An area in the unit that suits its size: µm², mm² or cm²; in px where there is no scale."""
    if mm2 is not None:
        if mm2 >= 100:
            return f"{significant(mm2 / 100)} cm²"
        return f"{significant(mm2)} mm²" if mm2 >= 0.01 or mm2 == 0 else f"{significant(mm2 * 1e6)} µm²"
    return "none" if px is None else f"{px:,} px".replace(",", " ")


def interval_text(totals: Totals, calibration: Calibration | None = None) -> str:
    """The 95 % interval of the calcified area in the plane of the pixel size, and half its width as a share of it."""
    low, high = totals.area_ci95_low_px, totals.area_ci95_high_px
    if low is None or high is None:
        return "none"
    low_mm2, high_mm2 = totals.area_ci95_low_mm2, totals.area_ci95_high_mm2
    half = (high - low) / 2 / totals.calcified_area_px
    if low_mm2 is not None and high_mm2 is not None and totals.calcified_area_mm2:
        half = (high_mm2 - low_mm2) / 2 / totals.calcified_area_mm2
    ends = f"{area_text(low_mm2, round(low))} to {area_text(high_mm2, round(high))}"
    return f"{ends}{plane_text(calibration)}, ± {significant(100 * half, 2)} %"


def outline_text(resolved: ResolvedRecipe) -> str:
    """At which share of the peak the outlines on a film are drawn; empty without a local background."""
    shares = resolved.peak_fractions
    return peak_text(min(shares), max(shares)) if shares else ""


def peak_text(low: float, high: float) -> str:
    """A share of the peak, or the smallest and the largest of several."""
    ends = dict.fromkeys(f"{100 * each:.0f}" for each in (low, high))
    return f"{' to '.join(ends)} % of the peak"


def extent_text(
    length_mm: float | None, width_mm: float | None, length_px: float | None, width_px: float | None
) -> str:
    """Length x width in one unit, in px where there is no scale."""
    if length_mm is not None and width_mm is not None:
        if length_mm >= 1:
            return f"{significant(length_mm)} x {significant(width_mm)} mm"
        return f"{significant(length_mm * 1e3)} x {significant(width_mm * 1e3)} µm"
    if length_px is not None and width_px is not None:
        return f"{significant(length_px)} x {significant(width_px)} px"
    return "none"


def share_text(fraction: float | None, reference: str) -> str:
    """A fraction as a percentage of what it is a fraction of."""
    of = {"tissue": "tissue", "roi": "region of interest", "image": "image"}[reference]
    return "none" if fraction is None else f"{significant(100 * fraction)} % of {of}"


def round_length(target_um: float) -> tuple[float, str]:
    """A length of 1, 2 or 5 times a power of ten at or below the target, and its label."""
    power = 10.0 ** math.floor(math.log10(target_um))
    length = max(step * power for step in (1, 2, 5) if step * power <= target_um * (1 + 1e-9))
    if length >= 1e4:
        return length, f"{length / 1e4:g} cm" if length >= 1e4 and length % 1e4 == 0 else f"{length / 1e3:g} mm"
    return length, f"{length / 1e3:g} mm" if length >= 1e3 else f"{length:g} µm"


def calcified_text(totals: Totals, calibration: Calibration | None) -> str:
    """The calcified area, with the plane in which it is one."""
    return area_text(totals.calcified_area_mm2, totals.calcified_area_px) + plane_text(calibration)


def all_extent_text(totals: Totals, calibration: Calibration | None = None) -> str:
    """Extent of all regions together, with its plane and uncertainty."""
    lengths = (totals.extent_length_mm, totals.extent_width_mm, totals.extent_length_px, totals.extent_width_px)
    return times(extent_text(*lengths)) + (length_text(calibration) if totals.region_count else "")


def times(size: str) -> str:
    """A size with the sign of multiplication."""
    return size.replace(" x ", " × ")


def spaced(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}".replace(",", " ")
