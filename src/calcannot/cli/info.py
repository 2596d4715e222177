"""``calcannot info``: what an image is, before anything is measured."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer


def info(
    image: Annotated[Path, typer.Argument(help="Image file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Size, levels, pixel size and its origin, polarity, warnings."""
    from calcannot.io import open_image
    from calcannot.report.numbers import uncertainty_text

    with open_image(image) as source:
        facts = source.info
    if as_json:
        excluded = [{"id": each.id, "reason": each.reason, "box_px": each.bounds()} for each in facts.excluded]
        content = asdict(replace(facts, excluded=())) | {"metadata": dict(facts.metadata), "excluded": excluded}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=facts.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    levels = ", ".join(f"{level.width_px} x {level.height_px}" for level in facts.levels)
    table.add_row("format", facts.format)
    table.add_row("kind", f"{facts.modality.value}, {facts.polarity}")
    table.add_row("size", f"{facts.width_px} x {facts.height_px} px, {facts.channels} channel(s), {facts.dtype}")
    table.add_row("levels", levels)
    if facts.calibration is None:
        table.add_row("pixel size", "not known")
    else:
        size = facts.calibration
        table.add_row("pixel size", f"{size.um_per_px_row:g} x {size.um_per_px_col:g} µm (row x column)")
        table.add_row("from", f"{size.source.value}{': ' + size.note if size.note else ''}")
        table.add_row("its uncertainty", uncertainty_text(size))
    for key, value in facts.metadata.items():
        table.add_row(key.replace("_", " "), str(value))
    for each in facts.excluded:
        left, top, right, bottom = each.bounds()
        table.add_row("left out", f"{each.reason}, columns {left:g} to {right:g}, rows {top:g} to {bottom:g}")
    for warning in facts.warnings:
        table.add_row("warning", warning)
    Console(markup=False).print(table)
