"""``calcannot calibrate``: a pixel size from an object of known size, or from the height of the lesion."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcannot.errors import CalibrationError

if TYPE_CHECKING:
    from calcannot.io.source import Source
    from calcannot.model.calibration import Calibration


def calibrate(
    image: Annotated[Path, typer.Argument(help="Image file.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File for the calibration.", show_default=False)],
    line: Annotated[str | None, typer.Option(help="Two marks: x1,y1,x2,y2 in px (column, row).")] = None,
    coin: Annotated[
        str | None, typer.Option(help="A coin: x,y of one point inside it, or of five or more on its edge.")
    ] = None,
    ball: Annotated[str | None, typer.Option(help="A ball: as for a coin.")] = None,
    size: Annotated[str | None, typer.Option(help="Length of the line or diameter: 100mm, 24.5mm.")] = None,
    height: Annotated[
        str | None, typer.Option(help="Height of the lesion above the detector: 75mm. Needs no object.")
    ] = None,
    source_distance: Annotated[
        str | None, typer.Option(help="X-ray source to detector, where the header does not say: 1100mm.")
    ] = None,
    tolerance: Annotated[str | None, typer.Option(help="How exactly the size is known (95 %): 0.1mm.")] = None,
    height_error: Annotated[
        str | None, typer.Option(help="How exactly the height is known (95 %): 10mm unless given, for an object.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who measured; goes into the file and into run.json.")] = "",
) -> None:
    """Find the pixel size and write it to a file for calcannot measure --calibration."""
    from calcannot.io import open_image, sha256_of
    from calcannot.report.numbers import uncertainty_text
    from calcannot.store.calibration_file import write_calibration

    with open_image(image) as source:
        found = _found(source, line, coin, ball, size, height, source_distance, tolerance, height_error)
        digest = sha256_of(image)
    assert found.evidence is not None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    found = replace(found, evidence=replace(found.evidence, image_sha256=digest, user=by, time=now))
    write_calibration(output, found)
    typer.echo(f"{found.um_per_px_row:.6g} x {found.um_per_px_col:.6g} µm a pixel (row x column)")
    typer.echo(f"{found.note}; {uncertainty_text(found)} (95 %)")
    typer.echo(f"Use it with: calcannot measure {image.name} --calibration {output.name}")


def _found(
    source: Source,
    line: str | None,
    coin: str | None,
    ball: str | None,
    size: str | None,
    height: str | None,
    source_distance: str | None,
    tolerance: str | None,
    height_error: str | None,
) -> Calibration:
    from calcannot.model.calibration import parse_length_um
    from calcannot.pipeline.calibrate import calibrate_height, calibrate_line, calibrate_round

    def length(text: str | None) -> float | None:
        return None if text is None else parse_length_um(text)

    given = [
        name for name, value in (("--line", line), ("--coin", coin), ("--ball", ball), ("--height", height)) if value
    ]
    if len(given) != 1:
        what = f"{' and '.join(given) or 'nothing'} is given to calibrate from"
        raise CalibrationError(what, remedy="give one of --line, --coin, --ball and --height")
    if height is not None:
        return calibrate_height(
            source, parse_length_um(height), source_um=length(source_distance), height_error_um=length(height_error)
        )
    if size is None:
        raise CalibrationError(f"the size of the {given[0][2:]} is not given", remedy="add --size, such as 24.5mm")
    known, margin = parse_length_um(size), length(tolerance) or 0.0
    if line is not None:
        ends = _points(line)
        if len(ends) != 2:
            raise CalibrationError(f"{line!r} is not two points", remedy="write it as x1,y1,x2,y2")
        return calibrate_line(source, ends, known, tolerance_um=margin, height_error_um=length(height_error))
    kind, points = ("coin", coin) if coin is not None else ("ball", ball)
    return calibrate_round(
        source, kind, _points(points or ""), known, tolerance_um=margin, height_error_um=length(height_error)
    )


def _points(text: str) -> list[tuple[float, float]]:
    try:
        numbers = [float(each) for each in text.replace(";", ",").split(",")]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) % 2:
        what = f"{text!r} is not a list of points"
        raise CalibrationError(what, remedy="write it as x,y or x1,y1,x2,y2 in pixels: column first, then row")
    return list(zip(numbers[::2], numbers[1::2], strict=True))
