"""``calcannot measure``: images to tables, masks and overlays."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcannot.errors import AnnotationError, CalibrationError

if TYPE_CHECKING:
    from calcannot.batch.job import Outcome

FAILED = 1


class InterruptedRunError(Exception):
    """Ctrl-C during a measurement, with what is to be said of it."""


def measure(
    images: Annotated[list[str], typer.Argument(help="Images, folders or patterns.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.", show_default=False)],
    recipe: Annotated[
        str | None, typer.Option(help="Name of a shipped recipe or a file; by kind of image unless given.")
    ] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help="Overrides the file: 0.5um, 0.143mm, or 0.5umx0.6um (row x column).")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Pixel size from calcannot calibrate, in the place of the file's own.")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="Regions of interest as GeoJSON in pixels, as QuPath exports them.")
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            help="Grow a lesion of a radiograph from x,y in px (column, row), and up to a share of its peak where "
            "x,y,share is given: 812,455 or 812,455,0.4. May be given several times.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Images side by side; half as many as threads, and 4 at most, unless given."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Threads in all (of each image on a cluster); by processors unless given."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what an earlier run into this folder has finished, and go on.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask scheduler that is to do the work: its address, or the file with it."),
    ] = None,
    skip_bad_tiles: Annotated[
        bool,
        typer.Option(
            "--skip-bad-tiles", help="Leave out tiles that do not decode, and say which; else the image fails."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print totals as JSON for a script.")] = False,
) -> None:
    """Measure images and write tables, masks and overlays."""
    from calcannot.batch.measure import Stopped
    from calcannot.batch.measure import measure as measure_images
    from calcannot.cli.progress import progress_bar
    from calcannot.cli.summary import print_summary
    from calcannot.store.calibration_file import read_calibration

    if pixel_size is not None and calibration is not None:
        raise CalibrationError("--pixel-size and --calibration are both given", remedy="give one of them")
    size = pixel_size if calibration is None else read_calibration(calibration)
    try:
        with progress_bar(enabled=not as_json) as progress:
            outcomes = measure_images(
                images,
                recipe,
                output=output,
                pixel_size=size,
                within=within,
                seeds=[_seed(each) for each in seed or ()],
                workers=threads,
                jobs=jobs,
                resume=resume,
                scheduler=scheduler,
                skip_bad_tiles=skip_bad_tiles,
                progress=progress,
            )
    except Stopped as stop:
        go_on = ". The same command with --resume goes on from there" if stop.finished else ""
        what = f"stopped; {stop.finished} of {stop.total} images are finished{go_on}."
        raise InterruptedRunError(what) from None
    if len(outcomes) == 1 and outcomes[0].error is not None:
        raise outcomes[0].error
    if as_json:
        typer.echo(json.dumps([_totals(each) for each in outcomes], indent=1, ensure_ascii=False))
    else:
        print_summary(outcomes, output)
    for outcome in outcomes:
        if outcome.error is not None:
            typer.echo(f"calcannot: {outcome.error}", err=True)
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(FAILED)


def _seed(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(each) for each in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (2, 3) or not all(math.isfinite(each) for each in numbers):
        what = f"{text!r} is not a place to grow from"
        raise AnnotationError(what, remedy="write it as x,y or x,y,share: column first, then row, such as 812,455")
    return numbers


def _totals(outcome: Outcome) -> dict[str, object]:
    from calcannot.store.tables import peak_fraction_fields

    if outcome.measured is None:
        return {"image": outcome.input.name, "error": str(outcome.error)}
    measured = outcome.measured
    shares = peak_fraction_fields(measured.resolved)
    return {"image": outcome.input.name, **asdict(measured.totals), **shares, "warnings": list(measured.warnings)}
