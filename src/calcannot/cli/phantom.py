"""``calcannot phantom``: synthetic images with exact truth beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Render a section or a film whose calcified area is known exactly.", no_args_is_help=True)

Output = Annotated[Path, typer.Option("-o", "--output", help="Image file to write.", show_default=False)]
Seed = Annotated[int, typer.Option(min=0, help="Another seed is another image; the same seed the same bytes.")]


@app.command("histology")
def histology(
    output: Output,
    seed: Seed = 0,
    counterstain: Annotated[
        str, typer.Option(help="nuclear-fast-red, eosin, haematoxylin, methyl-green, methyl-blue")
    ] = ("nuclear-fast-red"),
    silver_od: Annotated[float, typer.Option(min=0.1, max=4, help="Optical density of silver.")] = 1.5,
    fraction: Annotated[float, typer.Option(min=0, max=0.6, help="Share of the field that is mineral.")] = 0.02,
    size: Annotated[int, typer.Option(min=64, max=8192, help="Height and width in px.")] = 1024,
    um_per_px: Annotated[float, typer.Option(min=0.05, max=10, help="Pixel size in µm.")] = 0.5,
) -> None:
    """A von Kossa section: TIFF with its pixel size, or PNG or JPEG without."""
    from calcannot.errors import RecipeError
    from calcannot.phantom.histology import render_histology
    from calcannot.phantom.histology_spec import COUNTERSTAINS, HistologySpec
    from calcannot.phantom.write import write_histology

    if counterstain not in COUNTERSTAINS:
        remedy = f"choose one of {', '.join(COUNTERSTAINS)}"
        raise RecipeError(f"there is no counterstain {counterstain!r}", remedy=remedy)
    spec = HistologySpec(
        size_px=(size, size), um_per_px=um_per_px, counterstain=counterstain,  # type: ignore[arg-type]
        silver_od=silver_od, mineral=fraction > 0, mineral_fraction=fraction,
    )  # fmt: skip
    truth = write_histology(render_histology(spec, seed), output)
    typer.echo(f"{output} and {truth.name}")


@app.command("radiograph")
def radiograph(
    output: Output,
    seed: Seed = 0,
    bone: Annotated[bool, typer.Option(help="Put the iliac wings behind the lesions.")] = False,
    monochrome1: Annotated[bool, typer.Option(help="Store a DICOM film with dense as dark.")] = False,
    spacing_mm: Annotated[float, typer.Option(min=0.05, max=1, help="Detector pixel in mm.")] = 0.2,
) -> None:
    """A film with nodules: DICOM with its spacing, or TIFF or PNG without; regions of interest beside it."""
    from calcannot.phantom.radiograph import render_radiograph
    from calcannot.phantom.radiograph_spec import RadiographSpec
    from calcannot.phantom.write import write_radiograph

    phantom = render_radiograph(RadiographSpec(bone=bone, spacing_mm=spacing_mm), seed)
    options = {"photometric": "MONOCHROME1"} if monochrome1 and output.suffix.lower() == ".dcm" else {}
    truth = write_radiograph(phantom, output, **options)
    typer.echo(f"{output}, {truth.name} and {output.name}.roi.geojson")
