"""Columns of the study table, and the rows of a case in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from calcannot.batch.lesion_extents import extents_in_regions
from calcannot.model.case import Case
from calcannot.model.case_parts import Lesion
from calcannot.model.foci import Side
from calcannot.model.leaf import Leaf, Part
from calcannot.store.study_table import Column
from calcannot.store.tables import IMAGE_COLUMNS, peak_fraction_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.batch.study import Measured, Member
    from calcannot.store.result_item import ResultItem

_PARTS: Final = (
    "subject", "history", "labs", "findings", "classification", "specimen", "radiograph", "outcome", "consent",
)  # fmt: skip
_TEXTS: Final = {
    "image", "sha256", "modality", "calibration_source", "recipe", "recipe_fingerprint", "warnings", "error",
}  # fmt: skip
_WHOLE: Final = {"width_px", "height_px", "region_count", "focus_count"}


def _of_images() -> Iterator[Column]:
    for name in ("case", "image", "role", "lesions", "run", "measurement_status", "measured", "software"):
        yield Column(name)
    for name in IMAGE_COLUMNS[1:]:
        whole = name in _WHOLE or (name.endswith("area_px") and not name.startswith("area_ci95"))
        whole = whole or name in ("area_low_px", "area_high_px")
        yield Column(name, "text" if name in _TEXTS else "whole" if whole else "number")


def _of_part(part: type[Part], prefix: str) -> Iterator[Column]:
    """Columns of each leaf: its value as recorded, for a quantity its number and unit, and its status."""
    for name, field in part.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or "kind" not in extra:
            continue
        yield Column(f"{prefix}{name}_value")
        if extra["kind"] == "number":
            yield Column(f"{prefix}{name}_number", "number")
            yield Column(f"{prefix}{name}_unit")
        yield Column(f"{prefix}{name}_status")


def _part_type(name: str) -> type[Part]:
    kind = type(getattr(Case.model_construct(), name))
    assert issubclass(kind, Part)
    return kind


IMAGE_ROWS: Final = tuple(_of_images())
LESION_ROWS: Final = (
    Column("case"), Column("lesion"), Column("images"), *_of_part(Lesion, ""), Column("measured_image"),
    Column("measured_region"), Column("measured_area_px", "whole"), Column("measured_area_mm2", "number"),
    Column("measured_length_mm", "number"), Column("measured_width_mm", "number"),
)  # fmt: skip
CASE_ROWS: Final = (
    Column("case"), Column("title"), Column("revision", "whole"), Column("lesions", "whole"),
    Column("images", "whole"), Column("histology_images_measured", "whole"),
    Column("radiograph_images_measured", "whole"), Column("subject_pseudonym"),
    *(column for name in _PARTS for column in _of_part(_part_type(name), f"{name}_")),
)  # fmt: skip


def image_rows(member: Member) -> list[dict[str, Any]]:
    """One row an image, measured or not."""
    return [_image_row(member, measured) for measured in member.images]


def lesion_rows(member: Member) -> list[dict[str, Any]]:
    """One row a lesion of the record, and for each region of interest that has its name one with what was measured."""
    record = member.record
    if record is None:
        return []
    extents = [(m.image_id, each) for m in member.images for each in _extents(member, m)]
    rows = []
    for lesion in record.lesions:
        shown = [image.id for image in record.images if lesion.id in image.lesions]
        row = {"case": record.id, "lesion": lesion.id, "images": " ".join(shown) or None, **_leaves(lesion, "")}
        matching = [(image, each) for image, each in extents if each.name.casefold() == lesion.id.casefold()]
        rows += [
            {
                **row,
                "measured_image": image,
                "measured_region": each.name,
                "measured_area_px": each.area_px,
                "measured_area_mm2": each.area_mm2,
                "measured_length_mm": each.length_mm,
                "measured_width_mm": each.width_mm,
            }
            for image, each in matching
        ] or [row]
    return rows


def case_rows(member: Member) -> list[dict[str, Any]]:
    """The row of a case; none for a folder of results."""
    record = member.record
    if record is None:
        return []
    kinds = [measured.item.recipe.kind for measured in member.images if measured.item]
    row: dict[str, Any] = {
        "case": record.id,
        "title": record.title or None,
        "revision": record.revision,
        "lesions": len(record.lesions),
        "images": len(record.images),
        "histology_images_measured": kinds.count("histology"),
        "radiograph_images_measured": kinds.count("radiograph"),
        "subject_pseudonym": record.subject.pseudonym,
    }
    for name in _PARTS:
        row |= _leaves(getattr(record, name), f"{name}_")
    return [row]


def _extents(member: Member, measured: Measured) -> list[Any]:
    if member.case is None or measured.item is None:
        return []
    return extents_in_regions(measured.item, member.case, measured.image_id)


def _leaves(part: Part, prefix: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in type(part).model_fields:
        leaf = getattr(part, name)
        if isinstance(leaf, Leaf):
            row[f"{prefix}{name}_value"] = None if leaf.value is None else _text(leaf.value)
            row[f"{prefix}{name}_number"] = leaf.number
            row[f"{prefix}{name}_unit"] = leaf.unit
            row[f"{prefix}{name}_status"] = leaf.status.value
    return row


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _image_row(member: Member, measured: Measured) -> dict[str, Any]:
    record, item = member.record, measured.item
    entry = record.image(measured.image_id) if record else None
    row: dict[str, Any] = {
        "case": member.name,
        "image": measured.image_id,
        "role": entry.role if entry else None,
        "lesions": (" ".join(entry.lesions) if entry else "") or None,
        "sha256": entry.sha256 if entry else None,
        "run": measured.run or None,
        "measurement_status": "measured" if item else "failed" if measured.error else "not_measured",
        "error": measured.error or None,
    }
    return row if item is None else row | _measured(item)


def _measured(item: ResultItem) -> dict[str, Any]:
    size = item.calibration
    return {
        "measured": item.finished,
        "software": item.software,
        "sha256": item.sha256,
        "modality": item.modality,
        "width_px": item.width_px,
        "height_px": item.height_px,
        "um_per_px_row": size.um_per_px_row if size else None,
        "um_per_px_col": size.um_per_px_col if size else None,
        "calibration_source": size.source.value if size else "none",
        "calibration_relative_uncertainty": size.relative_uncertainty if size else None,
        "recipe": item.recipe.name,
        "recipe_fingerprint": item.resolved.fingerprint,
        "threshold": item.resolved.threshold if item.resolved.found else None,
        "warnings": " ".join(item.warnings) or None,
        **{name: value for name, value in asdict(item.totals).items() if name in IMAGE_COLUMNS},
        **_foci(item),
        **peak_fraction_fields(item.resolved),
    }


def _foci(item: ResultItem) -> dict[str, Any]:
    foci = item.foci
    if foci is None:
        return {}
    fields = {"focus_count": foci["count"], f"focus_joining_{foci['unit']}": foci["joining"]}
    for side in (Side.LEFT, Side.RIGHT):
        of_side = [row for row in foci["rows"] if row["side"] == side]
        if of_side:
            area_px = sum(row["area_px"] for row in of_side)
            fields[f"{side.value}_area_px"] = area_px
            fields[f"{side.value}_area_mm2"] = item.calibration and area_px * item.calibration.pixel_area_um2 / 1e6
    return fields | {"side_asymmetry": foci["asymmetry"]}
