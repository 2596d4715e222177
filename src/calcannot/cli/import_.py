"""``calcannot import``: annotations of other programs and observers into a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_file(
    case: Annotated[Path, typer.Argument(help="Case folder.", show_default=False)],
    image: Annotated[str, typer.Argument(help="Id of the image in the case.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="GeoJSON, ROIs, ASAP, COCO or a mask.", show_default=False)],
    way: Annotated[str, typer.Option("--as", help="add, region, exclude or observer.", show_default=False)],
    author: Annotated[str, typer.Option(help="Who drew it; any name they choose.")] = "",
    reason: Annotated[str, typer.Option(help="Of exclusions: ink, fold, pigment, dust or other.")] = "other",
    only: Annotated[str | None, typer.Option("--class", help="Class to take, where there are several.")] = None,
) -> None:
    """Take annotations of another program into a case: as strokes, or as another observer's reading."""
    from calcannot.batch.import_annotations import import_annotations
    from calcannot.store.case_folder import CaseFolder

    folder = CaseFolder.open(case)
    count, path = import_annotations(folder, image, file, way, author=author, reason=reason, only=only)
    typer.echo(f"{count} shapes from {file.name} are in {path.relative_to(folder.path).as_posix()}")
