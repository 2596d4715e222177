"""Many cases as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from calcannot.batch.study import members_of
from calcannot.batch.study_columns import (
    CASE_ROWS,
    IMAGE_ROWS,
    LESION_ROWS,
    case_rows,
    image_rows,
    lesion_rows,
)
from calcannot.store.study_table import write_study_table

_TABLES = {
    "image": (IMAGE_ROWS, image_rows),
    "lesion": (LESION_ROWS, lesion_rows),
    "case": (CASE_ROWS, case_rows),
}


def write_table(study: str | Path, path: str | Path, rows: Literal["image", "lesion", "case"] | str = "image") -> int:
    """Write one row an image, a lesion or a case; CSV or Parquet by the file's ending.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ResultsError
        If the study holds nothing, or results are damaged.
    CaseError
        If a record cannot be read.
    OutputError
        If the file has another ending or cannot be written.
    """
    columns, rows_of = _TABLES[rows]
    found = [row for member in members_of(study) for row in rows_of(member)]
    write_study_table(Path(path), columns, found)
    return len(found)
