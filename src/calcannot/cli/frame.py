"""``calcannot frame``: one frame of a multi-frame DICOM file, to be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calcannot.errors import OutputError


def frame(
    image: Annotated[Path, typer.Argument(help="Multi-frame DICOM file.", show_default=False)],
    number: Annotated[int, typer.Argument(help="Which frame, from 1.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="DICOM file to write.", show_default=False)],
) -> None:
    """Write one frame as a DICOM file of its own, with its header and pixels as they are."""
    from calcannot.io.dicom_frame import one_frame
    from calcannot.store.atomic import replacing

    if output.exists() and image.exists() and output.samefile(image):
        raise OutputError("is the file that the frame is taken from", path=output, remedy="give another name with -o")
    content = one_frame(image, number)
    with replacing(output) as temporary:
        temporary.write_bytes(content)
    typer.echo(f"Frame {number} is in {output}. It holds whatever the header says of the patient.")
