"""Gather what a report shows: the record of a case, the newest run of each image, its picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calcannot.batch.detail_picture import detail_picture
from calcannot.batch.lesion_extents import extents_in_regions, strokes_of
from calcannot.errors import ImageReadError, ResultsError
from calcannot.report.document import Picture, Report, Row
from calcannot.report.page import file_uri, render_page
from calcannot.report.record import clinical_sizes, common_source, record_groups
from calcannot.report.section import Pictures, image_section, in_all, in_region
from calcannot.store.atomic import write_text
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.results_reader import read_newest

if TYPE_CHECKING:
    from calcannot.report.document import ImageSection
    from calcannot.store.result_item import ResultItem

_THUMBNAIL_PX: Final = 640


def write_report(source: str | Path, path: str | Path) -> Report:
    """Write the report of a case, or of a folder of results, as one HTML file.

    The page holds no date but those on record, so it is the same for the same case.

    Raises
    ------
    ResultsError
        If nothing was measured, or what was is damaged.
    CaseError
        If the record of the case cannot be read.
    OutputError
        If the file cannot be written.
    """
    report = gather_report(source)
    write_text(Path(path), render_page(report))
    return report


def gather_report(source: str | Path) -> Report:
    """Read a case with its newest runs, or a folder of results; errors as ``write_report``."""
    source = Path(source)
    case = CaseFolder.open(source) if is_case(source) else None
    runs = read_newest(source)
    items = [(run.folder.parent.name, item) for run in runs for item in run.items]
    if case:
        order = [image.id for image in case.images]
        items.sort(key=lambda each: order.index(each[0]) if each[0] in order else len(order))
    if not items:
        raise ResultsError("holds no image that was measured", path=source, remedy="measure one first")
    record: dict[str, Any] = case.record.to_dict() if case else {}
    measured = []
    sections = []
    for image_id, item in items:
        sections.append(_section(item, case, image_id))
        if case and _is_image_of(case, image_id):
            measured += [
                in_region(item.name, each, item.calibration) for each in extents_in_regions(item, case, image_id)
            ]
        measured.append(in_all(item.name, item.totals, item.calibration))
    return Report(
        title=str(record.get("title") or record.get("id") or _title_of(items)),
        case_id=str(record.get("id", "")),
        facts=_facts(record, items),
        note=str(record.get("note", "")),
        images=tuple(sections),
        failed=tuple(Row(name, error) for run in runs for name, error in run.failed.items()),
        clinical=clinical_sizes(record.get("lesions", ())),
        measured=tuple(measured),
        record=record_groups(record),
        record_source=str(record.get("citation") or common_source(record)),
    )


def _is_image_of(case: CaseFolder, image_id: str) -> bool:
    return any(image.id == image_id for image in case.images)


def _image_file(case: CaseFolder | None, image_id: str) -> Path | None:
    """The image itself, where it can still be found."""
    if case is None or not _is_image_of(case, image_id):
        return None
    try:
        return case.image_path(image_id)
    except ImageReadError:
        return None


def _title_of(items: list[tuple[str, ResultItem]]) -> str:
    return items[0][1].name if len(items) == 1 else f"{len(items)} images"


def _facts(record: dict[str, Any], items: list[tuple[str, ResultItem]]) -> tuple[Row, ...]:
    rows = []
    if record:
        rows += [Row("Case", str(record["id"])), Row("Revision of the record", str(record.get("revision", 0)))]
    days = sorted({item.finished[:10] for _, item in items if item.finished})
    rows.append(Row("Measured", " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "not on record"))
    rows.append(Row("Program", "calcannot " + ", ".join(sorted({item.software for _, item in items}))))
    return tuple(rows)


def _section(item: ResultItem, case: CaseFolder | None, image_id: str) -> ImageSection:
    strokes = strokes_of(item, case, image_id) if case and _is_image_of(case, image_id) else None
    if not item.overlay_path.is_file():
        return image_section(item, Pictures(), strokes)
    count = item.totals.region_count
    regions = f"{count} region{'s' if count != 1 else ''} of mineral outlined in yellow" if count else "no mineral"
    scale = "A scale bar is in the lower left corner." if item.calibration else "The image has no pixel size."
    alt = f"{item.name} with {regions}. {scale}"
    whole = Picture(
        file_uri(item.overlay_path), alt,
        f"{item.name}: what was counted, outlined in yellow; regions of interest in blue, exclusions in pink.",
    )  # fmt: skip
    small = Picture(file_uri(item.overlay_path, _THUMBNAIL_PX), alt, item.name)
    pictures = Pictures(small, whole, detail_picture(item, _image_file(case, image_id)))
    return image_section(item, pictures, strokes)
