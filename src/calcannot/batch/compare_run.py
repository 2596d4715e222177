"""A run on disk against the same measurement made again: tables field by field, the mask pixel by pixel."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import CalcannotError
from calcannot.model.foci import foci_totals
from calcannot.morphometry.columns import region_blocks
from calcannot.morphometry.focus_columns import focus_rows
from calcannot.store.regions_writer import write_regions
from calcannot.store.tables import image_row, write_foci_table, write_images_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.analysis import Analysis
    from calcannot.model.regions import LabelledRuns
    from calcannot.store.result_item import ResultItem

TABLE, MASK, RECORD = "table", "mask", "record"
_FACTS = ("format", "modality", "polarity", "height_px", "width_px")
_ALWAYS_WRITTEN = ("images.csv", "regions.csv")
_ROWS_AT_ONCE = 256


def differences(
    item: ResultItem, again: Analysis, *, older: bool, compare_warnings: bool = True
) -> Iterator[tuple[str, str]]:
    """What does not agree, as (cause, what): tables, record, mask.

    Parameters
    ----------
    older
        The run is of another version: columns that only one of the two knows are then no difference.
    compare_warnings
        Whether warnings must be the same too; some cannot be found again from recorded numbers.
    """
    left_out = set() if compare_warnings else {"warnings"}
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        write_images_table(fresh / "images.csv", [image_row(item.name, item.sha256, again)])
        write_regions(fresh / "regions.csv", item.name, region_blocks(again))
        if again.foci is not None:
            write_foci_table(fresh / "foci.csv", [(item.name, focus_rows(again))])
        for name in ("images.csv", "regions.csv", "foci.csv"):
            for what in _table_differences(item.folder / name, fresh / name, older, left_out):
                yield TABLE, f"{name}: {what}"
        what = _parquet_difference(item.folder / "regions.parquet", item.folder / "regions.csv")
        if what:
            yield TABLE, f"regions.parquet: {what}"
    then, now = _recorded(item), _recorded_of(again)
    for key in then:
        if then[key] != now.get(key) and not (older and then[key] is None) and key not in left_out:
            yield RECORD, f"run.json: {key} is {_short(then[key])}, and comes out as {_short(now.get(key))}"
    what = _mask_difference(item, again.runs)
    if what:
        yield MASK, what


def _recorded(item: ResultItem) -> dict[str, Any]:
    facts = {name: getattr(item, name) for name in (*_FACTS, "regions_of_interest", "warnings")}
    return asdict(item.totals) | facts | {f"foci.{name}": value for name, value in (item.foci or {}).items()}


def _recorded_of(again: Analysis) -> dict[str, Any]:
    facts = {name: getattr(again.info, name) for name in _FACTS}
    regions = len(again.annotations.regions)
    foci: dict[str, Any] = {}
    if again.foci is not None:
        foci = foci_totals(again.foci, again.info.calibration, again.resolved) | {"rows": focus_rows(again)}
    found = {"regions_of_interest": regions, "warnings": again.warnings}
    return asdict(again.totals) | facts | found | {f"foci.{name}": value for name, value in foci.items()}


def _parquet_difference(there: Path, table: Path) -> str:
    """The same rows as ``regions.csv``, which readers of large tables take it for."""
    if not there.is_file() or not table.is_file():
        return ""
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        rows = parquet.read_table(there)
        options = csv.ConvertOptions(column_types={each.name: each.type for each in rows.schema})
        same = rows.equals(csv.read_csv(table, convert_options=options))
    except (OSError, pa.ArrowException):
        return "is damaged"
    return "" if same else "does not hold the rows of regions.csv"


def _table_differences(there: Path, fresh: Path, older: bool, left_out: set[str]) -> Iterator[str]:
    if there.is_file() != fresh.is_file():
        if not older or there.name in _ALWAYS_WRITTEN:
            yield "is not there" if fresh.is_file() else "is there, and none comes out"
        return
    if not there.is_file() or there.read_bytes() == fresh.read_bytes():
        return
    try:
        then, now = _rows(there), _rows(fresh)
    except (UnicodeDecodeError, csv.Error):
        yield "is damaged"
        return
    head_then, head_now = then[0] if then else [], now[0] if now else []
    if head_then != head_now and not older:
        yield f"has the columns {', '.join(head_then)[:120]}"
        return
    both = [name for name in head_then if name in head_now and name not in left_out]
    places = [(name, head_then.index(name), head_now.index(name)) for name in both]
    wrong: dict[str, list[tuple[int, str, str]]] = {}
    for number, (a, b) in enumerate(zip_longest(then[1:], now[1:]), start=1):
        if a is None or b is None:
            yield f"has {len(then) - 1} rows, and {len(now) - 1} come out"
            break
        if len(a) != len(head_then):
            yield f"row {number} has {len(a)} fields, not {len(head_then)}"
            break
        for name, k, m in places:
            if a[k] != b[m]:
                wrong.setdefault(name, []).append((number, a[k], b[m]))
    for name, rows in wrong.items():
        number, was, comes = rows[0]
        more = f", and {len(rows) - 1} more row(s)" if len(rows) > 1 else ""
        yield f"{name} in row {number} is {was[:60] or 'empty'}, and comes out as {comes[:60] or 'empty'}{more}"


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _mask_difference(item: ResultItem, now: LabelledRuns) -> str:
    from calcannot.store.mask_reader import read_mask

    try:
        then = read_mask(item.mask_path)
    except CalcannotError as error:
        return str(error).rstrip(".")
    if (then.height_px, then.width_px) != (now.height_px, now.width_px):
        return f"is {then.width_px} x {then.height_px} px, and comes out as {now.width_px} x {now.height_px} px"
    count, first = 0, None
    for row in range(0, now.height_px, _ROWS_AT_ONCE):
        height = min(_ROWS_AT_ONCE, now.height_px - row)
        unlike = then.reduced(row, height, 1) != now.reduced(row, height, 1)
        if unlike.any():
            count += int(np.count_nonzero(unlike))
            if first is None:
                y, x = np.argwhere(unlike)[0]
                first = (row + int(y), int(x))
    return "" if first is None else f"{count} pixel(s) differ, the first at row {first[0]}, column {first[1]}"


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)[:60]
