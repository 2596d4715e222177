"""``calcannot verify``: measure again and compare with what is on record."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

DIFFERS = 1


def verify(
    cases: Annotated[list[Path], typer.Argument(help="Case folders, or folders of cases.", show_default=False)],
    every_run: Annotated[bool, typer.Option("--all", help="Earlier runs too, not the newest alone.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Threads; as many as processors unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure again from the record and compare; exit 1 and name every difference."""
    from calcannot.batch.verify import verify as verify_cases

    verdict = verify_cases(cases, every_run=every_run, workers=jobs)
    if as_json:
        typer.echo(json.dumps(asdict(verdict), indent=1, ensure_ascii=False))
    else:
        for each in verdict.differences:
            place = " ".join(part for part in (each.case, each.image, each.run) if part)
            typer.echo(f"{place}: {each.cause}: {each.what}")
        for note in verdict.notes:
            typer.echo(note)
        looked = f"{verdict.runs} run(s) of {verdict.cases} case(s)"
        typer.echo(f"{looked}: {len(verdict.differences)} difference(s)" if verdict.differences else f"{looked} agree")
    if verdict.differences:
        raise typer.Exit(DIFFERS)
