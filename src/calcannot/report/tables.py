"""The tables of a report about one measured image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.model.calibration import CalibrationPlane, CalibrationSource
from calcannot.report.document import RegionRow, Row
from calcannot.report.numbers import (
    all_extent_text,
    area_text,
    calcified_text,
    extent_text,
    interval_text,
    outline_text,
    plane_text,
    share_text,
    significant,
    spaced,
    times,
    uncertainty_text,
)
from calcannot.report.radiograph_wording import foci_text, sides_text, spread_text
from calcannot.report.size_histogram import size_histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.model.analysis import Totals
    from calcannot.model.calibration import Calibration
    from calcannot.report.measured import Measured

_LARGEST: Final = 5
_COVERAGE: Final = 1.96  # half of a 95 % interval in standard uncertainties

_SOURCES: Final = {
    CalibrationSource.USER: "given by the user",
    CalibrationSource.OME: "physical size in the OME-XML block of the file",
    CalibrationSource.APERIO: "microns per pixel in the scanner's description",
    CalibrationSource.TIFF: "resolution stated in the TIFF file",
    CalibrationSource.DICOM_FIDUCIAL: "calibrated with a marker in the image (DICOM)",
    CalibrationSource.DICOM_GEOMETRY: "corrected for a stated geometry (DICOM)",
    CalibrationSource.DICOM_MAGNIFICATION: "spacing at the detector over a stated magnification (DICOM)",
    CalibrationSource.DICOM_DETECTOR: "spacing at the detector, not corrected (DICOM)",
    CalibrationSource.OBJECT_LINE: "calibrated from a line of known length on the image",
    CalibrationSource.OBJECT_COIN: "calibrated from a coin on the image",
    CalibrationSource.OBJECT_BALL: "calibrated from a ball on the image",
    CalibrationSource.OBJECT_HEIGHT: "spacing at the detector over the magnification at a stated height",
    CalibrationSource.DICOM_UNKNOWN: "pixel spacing of unknown provenance (DICOM)",
    CalibrationSource.DICOM_SLIDE: "pixel measures of the slide (DICOM)",
    CalibrationSource.PHANTOM: "rendered at this size",
}
_PLANES: Final = {
    CalibrationPlane.OBJECT: "the object: the section, or the patient at the lesion",
    CalibrationPlane.DETECTOR: "the detector, where the shadow is larger than the lesion",
    CalibrationPlane.UNKNOWN: "not known",
}


def source_text(size: Calibration) -> str:
    """Where a pixel size comes from, in words."""
    return _SOURCES.get(size.source, size.source.value.replace("_", " "))


def totals_rows(item: Measured) -> tuple[Row, ...]:
    """Area with its interval, share and extent."""
    totals, behind = item.totals, plane_text(item.calibration)
    if not totals.region_count:
        reason = item.resolved.reason
        return (
            Row("Calcified area", "none found", f"{reason}, so the area is 0" if reason else "the area is 0"),
            Row("Looked at", area_text(totals.reference_area_mm2, totals.reference_area_px) + behind),
        )
    low, high = (area_text(mm2, px) for mm2, px in (
        (totals.area_low_mm2, totals.area_low_px), (totals.area_high_mm2, totals.area_high_px)
    ))  # fmt: skip
    outline = outline_text(item.resolved)
    return (
        Row(
            "Calcified area",
            calcified_text(totals, item.calibration),
            f"{spaced(totals.calcified_area_px)} px counted",
        ),
        *([Row("Outline drawn at", outline, "above the local background")] if outline else []),
        Row("95 % interval", interval_text(totals, item.calibration), "of the parts that stand beside it"),
        Row("Area at a stricter and a wider threshold", f"{low} to {high}{behind}" if item.resolved.found else "none"),
        Row("Share", share_text(totals.calcified_fraction, item.resolved.reference)),
        Row("Measured against", area_text(totals.reference_area_mm2, totals.reference_area_px) + behind),
        Row(
            "Extent of all regions together",
            all_extent_text(totals, item.calibration),
            "largest diameter of their common hull, and the width across it",
        ),
    )


def component_rows(item: Measured) -> tuple[Row, ...]:
    """What the interval is made of."""
    uncertainty = item.totals.area_uncertainty
    if uncertainty is None:
        return ()

    def share(value: float | None, absent: str) -> tuple[str, bool]:
        return (absent, True) if value is None else (f"± {significant(100 * _COVERAGE * value, 2)} %", False)

    threshold = f"−{significant(100 * _COVERAGE * uncertainty.threshold_low, 2)} % to "
    threshold += f"+{significant(100 * _COVERAGE * uncertainty.threshold_high, 2)} %"
    rows = [Row("Threshold", threshold), Row("Counting of whole pixels", share(uncertainty.sampling, "")[0])]
    if item.recipe.kind == "radiograph" or uncertainty.outline is not None:
        text, absent = share(uncertainty.outline, "not in the interval")
        rows.append(Row("Where the outline is drawn", text, absent=absent))
    if item.calibration is not None:
        text, absent = share(uncertainty.calibration, "not known, not in the interval")
        rows.append(Row("Pixel size", text, absent=absent))
    return tuple(rows)


def scale_rows(item: Measured) -> tuple[Row, ...]:
    """Pixel size, its origin and the plane in which it holds."""
    size = item.calibration
    if size is None:
        return (Row("Pixel size", "not known", "numbers are in pixels", absent=True),)
    pixel = f"{size.um_per_px_row:.4g} x {size.um_per_px_col:.4g} µm"
    rows = [
        Row("Pixel size", times(pixel), "height × width"),
        Row("Where it comes from", source_text(size), size.note),
        Row("Plane in which it holds", _PLANES[size.plane]),
    ]
    known = size.relative_uncertainty is not None
    rows.append(Row("Its 95 % uncertainty", uncertainty_text(size).removeprefix("± "), absent=not known))
    return tuple(rows)


def region_rows(
    totals: Totals, columns: Mapping[str, npt.NDArray[Any]], calibration: Calibration | None
) -> tuple[Row, ...]:
    """Count and sizes of regions."""
    if not columns:
        return ()
    um2, px = columns["area_um2"], columns["area_px"]
    scaled = bool(np.isfinite(um2).all())
    median = area_text(float(np.median(um2)) / 1e6 if scaled else None, round(float(np.median(px))))
    border = int(np.count_nonzero(columns["touches_border"]))
    rows = [
        Row("Regions", spaced(totals.region_count)),
        Row("Median area of a region", median + plane_text(calibration)),
        Row(
            "Regions that touch the border", str(border), "cut off there: their size is a lower limit" if border else ""
        ),
    ]
    return tuple(rows)


def largest_rows(
    totals: Totals, columns: Mapping[str, npt.NDArray[Any]], calibration: Calibration | None
) -> tuple[RegionRow, ...]:
    """The largest regions, one a row."""
    if not columns:
        return ()
    um2, px = columns["area_um2"], columns["area_px"]
    rows = []
    for i in np.argsort(-px, kind="stable")[:_LARGEST]:
        scaled = bool(np.isfinite(um2[i]))
        length, width = (columns[f"{name}_{'um' if scaled else 'px'}"][i] for name in ("feret_max", "width"))
        size = extent_text(length / 1e3, width / 1e3, None, None) if scaled else extent_text(None, None, length, width)
        share = f"{significant(100 * px[i] / totals.calcified_area_px)} %"
        note = "touches the border" if columns["touches_border"][i] else ""
        area, behind = area_text(um2[i] / 1e6 if scaled else None, int(px[i])), plane_text(calibration)
        rows.append(RegionRow(int(columns["region"][i]), area + behind, share, times(size) + behind, note))
    return tuple(rows)


def histogram(columns: Mapping[str, npt.NDArray[Any]]) -> str:
    """Sizes of regions as an SVG picture, in the unit that suits them; empty where there are few."""
    if not columns or columns["area_px"].size <= _LARGEST:
        return ""
    um2 = columns["area_um2"]
    if not np.isfinite(um2).all():
        return size_histogram(columns["area_px"], "px")
    if np.median(um2) >= 1e5:
        return size_histogram(um2 / 1e6, "mm²")
    return size_histogram(um2, "µm²")


def foci_rows(foci: Mapping[str, Any] | None, calibration: Calibration | None) -> tuple[Row, ...]:
    """Deposits: how many by which definition, their sums and reach, and their sides where somebody told them."""
    if not foci or not foci["count"]:
        return ()
    rows = [Row("Foci", foci_text(foci)), Row("Sums and reach", spread_text(foci, calibration))]
    sides = sides_text(foci, calibration)
    rows.append(Row("By side of the patient", sides or "not told", absent=not sides))
    return tuple(rows)


def provenance_rows(item: Measured) -> tuple[Row, ...]:
    """What it takes to measure the same again."""
    return (
        Row("Image", item.name, f"{item.format}, {item.width_px} × {item.height_px} px"),
        Row("SHA-256 of the image", item.sha256),
        Row("Recipe", item.resolved.recipe),
        Row("Fingerprint of the recipe", item.resolved.fingerprint),
        Row("Measured", _time(item.finished), f"calcannot {item.software}"),
    )


def _time(text: str) -> str:
    return re.sub(r"T(\d\d:\d\d):\d\d\+00:00$", r" \1 UTC", text)
