"""``calcannot demo``: the sample case from images to numbers."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from calcannot.cli.viewer import has_screen, has_viewer, launch
from calcannot.errors import OutputError


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("demo_results"),
    window: Annotated[bool, typer.Option(help="Open the case in napari where there is a screen.")] = True,
) -> None:
    """Measure the sample case: one rendered radiograph and one rendered von Kossa section."""
    from calcannot.batch.inputs import Input
    from calcannot.batch.job import Job
    from calcannot.batch.measure import run_jobs
    from calcannot.cli.progress import progress_bar
    from calcannot.cli.summary import print_summary
    from calcannot.model.annotation import Annotations
    from calcannot.store.geojson import read_annotations

    case = sample_folder()
    record = json.loads((case / "case.json").read_text(encoding="utf-8"))
    jobs = []
    for image in record["images"]:
        drawn = case / "annotations" / f"{image['path']}.geojson"
        annotations = read_annotations(drawn) if drawn.exists() else Annotations()
        jobs.append(Job(Input(case / image["path"], image["path"]), annotations))
    typer.echo("The sample case: tumoral calcinosis on both flanks. Both images are rendered, not the patient's.\n")
    with progress_bar() as progress:
        outcomes = run_jobs(jobs, None, output=output, progress=progress)
    print_summary(outcomes, output)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    if not window:
        return
    if has_viewer() and has_screen():
        typer.echo("Opening the case in napari; close its window to leave.")
        raise typer.Exit(launch(case))
    typer.echo("Look at the pictures in the folder overlays; with a screen and calcannot[all] napari opens here.")


def sample_folder() -> Path:
    """Folder of the sample case: inside the installed package, or in the checkout."""
    inside = Path(str(resources.files("calcannot"))) / "sample_images"
    for folder in (inside, Path(__file__).resolve().parents[3] / "sample_images"):
        if (folder / "case.json").is_file():
            return folder
    raise OutputError("the sample images are not installed", remedy="install calcannot from its wheel or a checkout")
