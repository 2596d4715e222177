"""What a radiologist signs of a film: on what image, at which pixel size, what was found, what cannot be concluded.

Pure functions of plain values: foci and totals as ``run.json`` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcannot.model.image import BAD_TILE
from calcannot.report.numbers import area_text, length_text, peak_text, plane_text, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcannot.model.calibration import Calibration

_REASONS: Final = {
    "padding": "padding",
    "border": "flat borders",
    "frame": "unexposed film at its sides",
    "shutter": "what the shutter hides",
    "collimator": "what the collimator hides",
    "text": "burned-in text",
    "marker": "markers of lead",
}
_MORPHOLOGY: Final = {
    "amorphous": "amorphous",
    "lobulated": "lobulated",
    "chicken-wire": "lobulated with lucent septa (chicken wire)",
    "fluid-level": "with a fluid level",
}


def foci_text(foci: Mapping[str, Any]) -> str:
    """Count of foci with the three parameters that define it: joining distance, least area, and where it is cut."""
    unit = foci["unit"]
    square = "mm²" if unit == "mm" else "px"
    defined = f"regions up to {foci['joining']:.3g} {unit} apart are one"
    defined += f", of {foci['minimum_area']:.3g} {square} at least" if foci["minimum_area"] else ", however small"
    shares = [share for share in foci.get("peak_fractions", ()) if 0 < share < 1]
    if shares:
        defined += f", outline at {peak_text(min(shares), max(shares))}"
    elif foci.get("threshold") is not None:
        defined += f", threshold {significant(foci['threshold'])}"
    return f"{foci['count']} ({defined})"


def sides_text(foci: Mapping[str, Any], calibration: Calibration | None = None) -> str:
    """Areas by side of the patient, in the plane of the pixel size; empty where no side was told."""
    behind = plane_text(calibration)
    told = [
        f"{side} {_area(foci[f'{side}_area'], foci['unit'])}{behind}"
        for side in ("left", "right", "midline")
        if foci[f"{side}_area"]
    ]
    if not told:
        return ""
    if foci["side_not_told_area"]:
        told.append(f"side not told {_area(foci['side_not_told_area'], foci['unit'])}{behind}")
    if foci["asymmetry"] is not None:
        told.append(f"asymmetry (left - right) / (left + right) {foci['asymmetry']:+.2f}")
    return ", ".join(told)


def spread_text(foci: Mapping[str, Any], calibration: Calibration | None = None) -> str:
    """Sums over foci and how far they reach, in the plane of the pixel size."""
    unit, behind = foci["unit"], plane_text(calibration)
    products = _area(foci["sum_of_products"], unit)
    parts = [
        f"sum of long axes {significant(foci['sum_of_long_axes'])} {unit}{behind}",
        f"sum of products {products if unit == 'mm' else products.replace('px', 'px²')}{behind}",
        f"farthest points {significant(foci['spread'])} {unit} apart{behind}",
    ]
    if foci["nearest_least"] is not None:
        parts.append(f"least gap between foci {significant(foci['nearest_least'])} {unit}{behind}")
    return ", ".join(parts)


def _area(area: float, unit: str) -> str:
    return area_text(area, None) if unit == "mm" else area_text(None, round(area))


def focus_sentences(rows: Sequence[Mapping[str, Any]], calibration: Calibration | None) -> list[str]:
    """One sentence a focus: long axis × perpendicular, area, side, and its kind as the reader recorded it.

    Parameters
    ----------
    rows
        Rows of ``foci.csv`` of one image, by column.
    """
    unit = "mm" if calibration is not None else "px"
    behind, sure = plane_text(calibration), length_text(calibration)
    found = []
    for row in rows:
        area = area_text(row["area_mm2"] if unit == "mm" else None, row["area_px"])
        size = f"{significant(row[f'long_axis_{unit}'])} × {significant(row[f'perpendicular_{unit}'])} {unit}{sure}"
        text = f"Focus {row['focus']}"
        text += f" ({row['side']})" if row.get("side") else ""
        text += f": {size} (long axis × perpendicular), area {area}{behind}"
        if row.get("peak_fraction_low") is not None:
            text += f" with its outline at {peak_text(row['peak_fraction_low'], row['peak_fraction_high'])}"
        if row["region_count"] > 1:
            text += f", in {row['region_count']} pieces"
        if row.get("morphology"):
            text += f"; {_MORPHOLOGY[row['morphology']]}, as recorded by the reader"
        if row["touches_border"]:
            text += "; it reaches the border of what was measured, so these are lower bounds"
        found.append(text + ".")
    return found


def left_out_sentence(reasons: Iterable[str]) -> str:
    """What of the film was not measured, by reason; empty where nothing was left out."""
    # A tile that does not decode is told as a warning.
    names = [_REASONS.get(reason, reason) for reason in dict.fromkeys(reasons) if reason != BAD_TILE]
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Left out as no part of the patient: {listed}."


def film_limits(metadata: Mapping[str, Any], polarity: str, calibration: Calibration | None) -> list[str]:
    """What must not be concluded from this film."""
    density = "No mass and no density: grey on a film is not thickness of mineral."
    if metadata.get("presentation_intent") == "FOR PRESENTATION":
        density += (
            " This film was processed for presentation, which enhances edges and compresses contrast; outlines may be "
            "moved by the width of a halo."
        )
    found = [
        density,
        "No depth and no volume: one projection shows neither. Lesions one behind the other are one area.",
        "Nothing of what looks alike: bone, lead letters and contrast agent are as bright as mineral.",
    ]
    if polarity == "unknown":
        found.append("No certainty which side of grey is dense: see the warnings.")
    if calibration is not None and not plane_text(calibration):
        found.append(
            "No size at every depth: sizes hold at one height above the detector, and a lesion at another height is "
            "larger or smaller."
        )
    return found
