"""The section of a report about one measured image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calcannot.report.document import ImageSection, MeasuredExtent, Picture
from calcannot.report.drawn import drawn_rows
from calcannot.report.numbers import (
    all_extent_text,
    area_text,
    calcified_text,
    extent_text,
    interval_text,
    length_text,
    outline_text,
    plane_text,
    share_text,
    spaced,
    times,
)
from calcannot.report.radiograph_wording import focus_sentences, left_out_sentence
from calcannot.report.tables import (
    component_rows,
    foci_rows,
    histogram,
    largest_rows,
    provenance_rows,
    region_rows,
    scale_rows,
    source_text,
    totals_rows,
)
from calcannot.report.wording import limits, rule_sentences

if TYPE_CHECKING:
    from calcannot.model.analysis import Totals
    from calcannot.model.annotation import Annotations
    from calcannot.model.calibration import Calibration
    from calcannot.report.measured import Extent, Measured

_KINDS: Final = {"histology": "Histological section", "radiograph": "Radiograph"}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of an image, as far as there are any: small for the summary, the whole, a detail."""

    thumbnail: Picture | None = None
    whole: Picture | None = None
    detail: Picture | None = None


def image_section(item: Measured, pictures: Pictures, annotations: Annotations | None = None) -> ImageSection:
    """Put into words and rows what is known of an image."""
    totals, left_out = item.totals, left_out_sentence(item.left_out)
    columns = item.columns if totals.region_count else {}
    return ImageSection(
        name=item.name,
        kind=_KINDS[item.recipe.kind],
        headline=calcified_text(totals, item.calibration) if columns else "none found",
        outline=outline_text(item.resolved) if columns else "",
        interval=interval_text(totals, item.calibration) if totals.area_ci95_low_px is not None else "",
        share=share_text(totals.calcified_fraction, item.resolved.reference),
        region_count=spaced(totals.region_count),
        extent=all_extent_text(totals, item.calibration),
        statement=_statement(item),
        thumbnail=pictures.thumbnail,
        picture=pictures.whole,
        detail=pictures.detail,
        totals=totals_rows(item),
        components=component_rows(item),
        scale=scale_rows(item),
        regions=region_rows(totals, columns, item.calibration),
        largest=largest_rows(totals, columns, item.calibration),
        histogram=histogram(columns),
        foci=foci_rows(item.foci, item.calibration),
        each_focus=tuple(focus_sentences(item.foci["rows"], item.calibration)) if item.foci else (),
        drawn=drawn_rows(annotations) if annotations is not None else (),
        rule=tuple(filter(None, (*rule_sentences(item.recipe, item.resolved, item.regions_of_interest), left_out))),
        warnings=item.warnings,
        limits=tuple(limits(item.recipe, item.resolved, item.calibration, item.metadata, item.polarity)),
        provenance=provenance_rows(item),
    )


def in_region(image: str, extent: Extent, calibration: Calibration | None) -> MeasuredExtent:
    """Extent in one region of interest, in words."""
    area = area_text(extent.area_mm2, extent.area_px) + plane_text(calibration)
    size = extent_text(extent.length_mm, extent.width_mm, extent.length_px, extent.width_px)
    return MeasuredExtent(image, extent.name, times(size) + length_text(calibration), area)


def in_all(image: str, totals: Totals, calibration: Calibration | None) -> MeasuredExtent:
    """Extent of all regions of an image, in words."""
    area = calcified_text(totals, calibration)
    return MeasuredExtent(image, "all regions together", all_extent_text(totals, calibration), area)


def _statement(item: Measured) -> str:
    totals, size = item.totals, item.calibration
    where = f"On the {_KINDS[item.recipe.kind].lower()} {item.name} ({item.format}, {spaced(item.width_px)} × "
    where += f"{spaced(item.height_px)} px), "
    if item.regions_of_interest:
        where += f"inside {item.regions_of_interest} region{'s' if item.regions_of_interest > 1 else ''} of interest, "
    if not totals.region_count:
        return f"{where}no mineral was found by the recipe {item.resolved.recipe}."
    area = f"a calcified area of {calcified_text(totals, size)}"
    if totals.area_ci95_low_px is not None:
        area += f" (95 % interval {interval_text(totals, size)})"
    outline = outline_text(item.resolved)
    area += f", with its outline at {outline}," if outline else ""
    count = f"in {spaced(totals.region_count)} region{'s' if totals.region_count > 1 else ''}"
    rule = f"was measured by the recipe {item.resolved.recipe}"
    if size is None:
        return f"{where}{area} {count} {rule}. The pixel size is not known."
    pixel = times(f"{size.um_per_px_row:.4g} x {size.um_per_px_col:.4g} µm")
    scale = f"with pixels of {pixel}, {source_text(size)}"
    return f"{where}{area} {count} {rule}, {scale}."
