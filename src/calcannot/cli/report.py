"""``calcannot report``: what was measured, how, and what cannot be concluded, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    case: Annotated[Path, typer.Argument(help="Case folder, or a folder that measure wrote.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="HTML file to write.", show_default=False)],
) -> None:
    """One page to read, print and sign: numbers, pictures, rule, record, limits."""
    from calcannot.batch.report import write_report

    written = write_report(case, output)
    count = len(written.images)
    typer.echo(f"{count} image{'s' if count != 1 else ''} in {output}")
