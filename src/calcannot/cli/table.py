"""``calcannot table``: many cases as one table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Rows(StrEnum):
    """What a row is."""

    IMAGE = "image"
    LESION = "lesion"
    CASE = "case"


def table(
    study: Annotated[Path, typer.Argument(help="Folder of cases, or of results.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File: .csv or .parquet.", show_default=False)],
    rows: Annotated[Rows, typer.Option(help="What a row is.")] = Rows.IMAGE,
) -> None:
    """One row an image, a lesion or a case over many cases."""
    from calcannot.batch.study_table import write_table

    count = write_table(study, output, rows.value)
    typer.echo(f"{count} row{'s' if count != 1 else ''} in {output}")
