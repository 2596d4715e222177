"""``calcannot export``: measured images for other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer


def export(
    sources: Annotated[list[Path], typer.Argument(help="Case folders or folders of results.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="Format; see docs/exports.md.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File or folder to write.", show_default=False)],
    image: Annotated[
        list[str] | None, typer.Option("--image", help="Name of an image to take; may be given again.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the images, for COCO; that of the case unless given.")] = "",
) -> None:
    """Leave masks, outlines and measurements for other tools."""
    from calcannot.batch.export import export as export_results

    with _bar() as progress:
        written = export_results(sources, to, output, images=image or (), licence=licence, progress=progress)
    for path in written:
        typer.echo(path)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for the image in hand on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda name, done, total: bar.update(task, description=f"writing {name}", completed=done, total=total)
