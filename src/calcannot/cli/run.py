"""``calcannot run``: measure every image of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FAILED = 1


def run(
    cases: Annotated[list[Path], typer.Argument(help="Case folders, or folders of cases.", show_default=False)],
    recipe: Annotated[
        str | None, typer.Option(help="Name of a shipped recipe or a file; by kind of image unless given.")
    ] = None,
    image: Annotated[list[str] | None, typer.Option(help="Only the image with this id; may be repeated.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Threads; as many as processors unless given.")
    ] = None,
) -> None:
    """Measure the images of cases, with what was drawn on them, into their folder runs."""
    from calcannot.batch.case_run import run_case
    from calcannot.batch.verify import find_cases
    from calcannot.cli.progress import progress_bar
    from calcannot.cli.summary import print_summary
    from calcannot.store.case_folder import CaseFolder

    errors = []
    for place in find_cases(cases):
        folder = CaseFolder.open(place)
        with progress_bar() as progress:
            runs = run_case(folder, recipe, images=tuple(image or ()), workers=jobs, progress=progress)
        print_summary([each.outcome for each in runs], place / "runs")
        if not runs:
            typer.echo(f"{folder.record.id}: no image to measure")
        errors += [f"{folder.record.id} {each.image}: {each.outcome.error}" for each in runs if each.outcome.error]
    for error in errors:
        typer.echo(f"calcannot: {error}", err=True)
    if errors:
        raise typer.Exit(FAILED)
