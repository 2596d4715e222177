"""The section of a report about one measured image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from calcannot.model.calibration import CalibrationPlane, CalibrationSource
from calcannot.report.document import ImageSection, MeasuredExtent, Picture, RegionRow, Row
from calcannot.report.drawn import drawn_rows
from calcannot.report.numbers import (
    area_text,
    extent_text,
    interval_text,
    plane_text,
    share_text,
    significant,
    uncertainty_text,
)
from calcannot.report.size_histogram import size_histogram
from calcannot.report.wording import limits, rule_sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calcannot.model.analysis import Totals
    from calcannot.model.annotation import Annotations
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from calcannot.model.resolved import ResolvedRecipe

_LARGEST: Final = 5
_COVERAGE: Final = 1.96  # half of a 95 % interval in standard uncertainties

_KINDS: Final = {"histology": "Histological section", "radiograph": "Radiograph"}
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
}
_PLANES: Final = {
    CalibrationPlane.OBJECT: "the object: the section, or the patient at the lesion",
    CalibrationPlane.DETECTOR: "the detector, where the shadow is larger than the lesion",
    CalibrationPlane.UNKNOWN: "not known",
}


class Measured(Protocol):
    """What a report needs to know of a measured image."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def modality(self) -> str: ...  # noqa: D102
    @property
    def height_px(self) -> int: ...  # noqa: D102
    @property
    def width_px(self) -> int: ...  # noqa: D102
    @property
    def calibration(self) -> Calibration | None: ...  # noqa: D102
    @property
    def recipe(self) -> Recipe: ...  # noqa: D102
    @property
    def resolved(self) -> ResolvedRecipe: ...  # noqa: D102
    @property
    def regions_of_interest(self) -> int: ...  # noqa: D102
    @property
    def totals(self) -> Totals: ...  # noqa: D102
    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def software(self) -> str: ...  # noqa: D102
    @property
    def finished(self) -> str: ...  # noqa: D102
    @property
    def columns(self) -> Mapping[str, npt.NDArray[Any]]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of an image, as far as there are any: small for the summary, the whole, a detail."""

    thumbnail: Picture | None = None
    whole: Picture | None = None
    detail: Picture | None = None


def image_section(item: Measured, pictures: Pictures, annotations: Annotations | None = None) -> ImageSection:
    """Put into words and rows what is known of an image."""
    totals = item.totals
    columns = item.columns if totals.region_count else {}
    return ImageSection(
        name=item.name,
        kind=_KINDS[item.recipe.kind],
        headline=_area(totals, item.calibration) if columns else "none found",
        interval=interval_text(totals) if totals.area_ci95_low_px is not None else "",
        share=share_text(totals.calcified_fraction, item.resolved.reference),
        region_count=_spaced(totals.region_count),
        extent=_extent(totals),
        statement=_statement(item),
        thumbnail=pictures.thumbnail,
        picture=pictures.whole,
        detail=pictures.detail,
        totals=_totals(item),
        components=_components(item),
        scale=_scale(item),
        regions=_regions(totals, columns),
        largest=_largest(totals, columns),
        histogram=_histogram(columns),
        drawn=drawn_rows(annotations) if annotations is not None else (),
        rule=tuple(rule_sentences(item.recipe, item.resolved, item.regions_of_interest)),
        warnings=item.warnings,
        limits=tuple(limits(item.recipe, item.resolved, item.calibration)),
        provenance=_provenance(item),
    )


class Extent(Protocol):
    """Mineral in one region of interest."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def area_px(self) -> int: ...  # noqa: D102
    @property
    def area_mm2(self) -> float | None: ...  # noqa: D102
    @property
    def length_mm(self) -> float | None: ...  # noqa: D102
    @property
    def width_mm(self) -> float | None: ...  # noqa: D102
    @property
    def length_px(self) -> float | None: ...  # noqa: D102
    @property
    def width_px(self) -> float | None: ...  # noqa: D102


def in_region(image: str, extent: Extent) -> MeasuredExtent:
    """Extent in one region of interest, in words."""
    size = extent_text(extent.length_mm, extent.width_mm, extent.length_px, extent.width_px)
    return MeasuredExtent(image, extent.name, _times(size), area_text(extent.area_mm2, extent.area_px))


def in_all(image: str, totals: Totals) -> MeasuredExtent:
    """Extent of all regions of an image, in words."""
    area = area_text(totals.calcified_area_mm2, totals.calcified_area_px)
    return MeasuredExtent(image, "all regions together", _extent(totals), area)


def _statement(item: Measured) -> str:
    totals, size = item.totals, item.calibration
    where = f"On the {_KINDS[item.recipe.kind].lower()} {item.name} ({item.format}, {_spaced(item.width_px)} × "
    where += f"{_spaced(item.height_px)} px), "
    if item.regions_of_interest:
        where += f"inside {item.regions_of_interest} region{'s' if item.regions_of_interest > 1 else ''} of interest, "
    if not totals.region_count:
        return f"{where}no mineral was found by the recipe {item.resolved.recipe}."
    area = f"a calcified area of {_area(totals, size)}"
    if totals.area_ci95_low_px is not None:
        area += f" (95 % interval {interval_text(totals)})"
    count = f"in {_spaced(totals.region_count)} region{'s' if totals.region_count > 1 else ''}"
    rule = f"was measured by the recipe {item.resolved.recipe}"
    if size is None:
        return f"{where}{area} {count} {rule}. The pixel size is not known."
    pixel = _times(f"{size.um_per_px_row:.4g} x {size.um_per_px_col:.4g} µm")
    scale = f"with pixels of {pixel}, {_SOURCES.get(size.source, size.source.value.replace('_', ' '))}"
    return f"{where}{area} {count} {rule}, {scale}."


def _area(totals: Totals, calibration: Calibration | None) -> str:
    return area_text(totals.calcified_area_mm2, totals.calcified_area_px) + plane_text(calibration)


def _time(text: str) -> str:
    return re.sub(r"T(\d\d:\d\d):\d\d\+00:00$", r" \1 UTC", text)


def _totals(item: Measured) -> tuple[Row, ...]:
    totals = item.totals
    if not totals.region_count:
        reason = item.resolved.reason
        return (
            Row("Calcified area", "none found", f"{reason}, so the area is 0" if reason else "the area is 0"),
            Row("Looked at", area_text(totals.reference_area_mm2, totals.reference_area_px)),
        )
    low, high = (area_text(mm2, px) for mm2, px in (
        (totals.area_low_mm2, totals.area_low_px), (totals.area_high_mm2, totals.area_high_px)
    ))  # fmt: skip
    return (
        Row(
            "Calcified area",
            _area(totals, item.calibration),
            f"{_spaced(totals.calcified_area_px)} px counted",
        ),
        Row("95 % interval", interval_text(totals), "of the parts that stand beside it"),
        Row("Area at a stricter and a wider threshold", f"{low} to {high}" if item.resolved.found else "none"),
        Row("Share", share_text(totals.calcified_fraction, item.resolved.reference)),
        Row("Measured against", area_text(totals.reference_area_mm2, totals.reference_area_px)),
        Row(
            "Extent of all regions together",
            _extent(totals),
            "largest diameter of their common hull, and the width across it",
        ),
    )


def _extent(totals: Totals) -> str:
    lengths = (totals.extent_length_mm, totals.extent_width_mm, totals.extent_length_px, totals.extent_width_px)
    return _times(extent_text(*lengths))


def _times(size: str) -> str:
    return size.replace(" x ", " × ")


def _spaced(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _components(item: Measured) -> tuple[Row, ...]:
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


def _scale(item: Measured) -> tuple[Row, ...]:
    size = item.calibration
    if size is None:
        return (Row("Pixel size", "not known", "numbers are in pixels", absent=True),)
    source = _SOURCES.get(size.source, size.source.value.replace("_", " "))
    pixel = f"{size.um_per_px_row:.4g} x {size.um_per_px_col:.4g} µm"
    rows = [
        Row("Pixel size", _times(pixel), "height × width"),
        Row("Where it comes from", source, size.note),
        Row("Plane in which it holds", _PLANES[size.plane]),
    ]
    known = size.relative_uncertainty is not None
    rows.append(Row("Its 95 % uncertainty", uncertainty_text(size).removeprefix("± "), absent=not known))
    return tuple(rows)


def _regions(totals: Totals, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Row, ...]:
    if not columns:
        return ()
    um2, px = columns["area_um2"], columns["area_px"]
    scaled = bool(np.isfinite(um2).all())
    median = area_text(float(np.median(um2)) / 1e6 if scaled else None, round(float(np.median(px))))
    border = int(np.count_nonzero(columns["touches_border"]))
    rows = [
        Row("Regions", _spaced(totals.region_count)),
        Row("Median area of a region", median),
        Row(
            "Regions that touch the border", str(border), "cut off there: their size is a lower limit" if border else ""
        ),
    ]
    return tuple(rows)


def _largest(totals: Totals, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[RegionRow, ...]:
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
        area = area_text(um2[i] / 1e6 if scaled else None, int(px[i]))
        rows.append(RegionRow(int(columns["region"][i]), area, share, _times(size), note))
    return tuple(rows)


def _histogram(columns: Mapping[str, npt.NDArray[Any]]) -> str:
    if not columns or columns["area_px"].size <= _LARGEST:
        return ""
    um2 = columns["area_um2"]
    if not np.isfinite(um2).all():
        return size_histogram(columns["area_px"], "px")
    if np.median(um2) >= 1e5:
        return size_histogram(um2 / 1e6, "mm²")
    return size_histogram(um2, "µm²")


def _provenance(item: Measured) -> tuple[Row, ...]:
    return (
        Row("Image", item.name, f"{item.format}, {item.width_px} × {item.height_px} px"),
        Row("SHA-256 of the image", item.sha256),
        Row("Recipe", item.resolved.recipe),
        Row("Fingerprint of the recipe", item.resolved.fingerprint),
        Row("Measured", _time(item.finished), f"calcannot {item.software}"),
    )
