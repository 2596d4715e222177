"""A table over many cases: columns of a fixed kind, as CSV or as Parquet by the file's ending."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from calcannot.errors import OutputError
from calcannot.store.atomic import replacing
from calcannot.store.tables import DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Kind = Literal["text", "whole", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """Name, and what kind of values: ``text``, ``whole`` numbers, or ``number``."""

    name: str
    kind: Kind = "text"


def write_study_table(path: Path, columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows; a missing value is an empty field, or null in Parquet.

    Raises
    ------
    OutputError
        If the file ends in neither ``.csv`` nor ``.parquet``, or cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise OutputError("is neither .csv nor .parquet", path=path, remedy="give the file one of these endings")
    with replacing(path) as temporary:
        (_write_csv if kind == ".csv" else _write_parquet)(temporary, columns, rows)


def _write_csv(path: Path, columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        for row in rows:
            writer.writerow([_field(row.get(column.name)) for column in columns])


def _field(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def _write_parquet(path: Path, columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
    arrays = [pa.array([row.get(column.name) for row in rows], types[column.kind]) for column in columns]
    table = pa.Table.from_arrays(arrays, names=[column.name for column in columns])
    parquet.write_table(table, path, compression="zstd")
