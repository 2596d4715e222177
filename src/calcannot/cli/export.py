"""``calcannot export``: measured images for other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

_DICOM = "Only for dicom-seg, dicom-sr and dicom-ann"
_TILES = "Only for png, yolo, nnunet and numpy"


def export(
    sources: Annotated[list[Path], typer.Argument(help="Case folders or folders of results.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="Format; see docs/exports.md.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File or folder to write.", show_default=False)],
    image: Annotated[
        list[str] | None, typer.Option("--image", help="Name of an image to take; may be given again.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the images; that of the case unless given.")] = "",
    images: Annotated[
        Path | None, typer.Option(help="Folder where the measured images lie, for tiles and DICOM.")
    ] = None,
    dicom_source: Annotated[
        Path | None,
        typer.Option(help="DICOM of the image, where what was measured is not DICOM.", rich_help_panel=_DICOM),
    ] = None,
    with_patient: Annotated[
        bool, typer.Option("--with-patient", help="Copy patient, study and specimen.", rich_help_panel=_DICOM)
    ] = False,
    cases: Annotated[
        Path | None, typer.Option(help="CSV with the columns image and case.", rich_help_panel=_TILES)
    ] = None,
    tile: Annotated[int, typer.Option(help="Side of a tile in px.", rich_help_panel=_TILES)] = 512,
    overlap: Annotated[int, typer.Option(help="Of neighbouring tiles in px.", rich_help_panel=_TILES)] = 0,
    um_per_px: Annotated[
        float | None, typer.Option(help="Scale of the tiles; that of the image unless given.", rich_help_panel=_TILES)
    ] = None,
    negatives: Annotated[
        float, typer.Option(help="Tiles without mineral for each tile with it.", rich_help_panel=_TILES)
    ] = 1.0,
    tissue: Annotated[
        float, typer.Option(help="Least share of tissue in a tile without mineral.", rich_help_panel=_TILES)
    ] = 0.25,
    splits: Annotated[
        str, typer.Option(help="Shares of the patients in train, val and test.", rich_help_panel=_TILES)
    ] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(help="Of the draw of patients and tiles.", rich_help_panel=_TILES)] = 0,
) -> None:
    """Leave masks, outlines and measurements for other tools, or tiles to train a model on."""
    from calcannot.batch.export import export as export_results
    from calcannot.batch.training import export_training
    from calcannot.export.layouts import LAYOUTS
    from calcannot.export.selection import TrainingOptions

    if to not in LAYOUTS:
        with _bar() as progress:
            written = export_results(
                sources, to, output,
                images=image or (), licence=licence, image_folder=images,
                dicom_source=dicom_source, with_patient=with_patient, progress=progress,
            )  # fmt: skip
        for path in written:
            typer.echo(path)
        return
    options = TrainingOptions(tile, overlap, um_per_px, negatives, tissue, _shares(splits), seed)
    with _bar() as progress:
        report = export_training(
            sources, to, output, options,
            images=image or (), image_folder=images, cases=cases, licence=licence, progress=progress,
        )  # fmt: skip
    for split, count in report.tiles.items():
        patients = f"{report.cases[split]} patient{'' if report.cases[split] == 1 else 's'}"
        typer.echo(f"{split}: {count} tiles, {report.positive[split]} with mineral, {patients}")
    for warning in report.warnings:
        typer.echo(f"calcannot: {warning}", err=True)
    typer.echo(output)


def _shares(text: str) -> tuple[float, float, float]:
    from calcannot.errors import OutputError

    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        what = f"the splits {text!r} are not three numbers"
        raise OutputError(what, remedy="give for example --splits 0.7,0.15,0.15") from None
    return train, val, test


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
