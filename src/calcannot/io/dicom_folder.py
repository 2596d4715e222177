"""A folder with the files of one DICOM slide, opened as the slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import UnsupportedImageError
from calcannot.io.dicom import open_dicom
from calcannot.io.dicom_series import levels_of, members_in

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.io.source import Source


def open_dicom_folder(path: Path) -> Source:
    """Open the full resolution of the slide, with its levels; the source is that of its first file.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        As `open_dicom`; also if the folder holds several slides, or the full resolution more than once.
    """
    members = members_in(path)
    slides = {each.series for each in members}
    if len(slides) > 1:
        what = f"the folder holds {len(slides)} DICOM slides"
        raise UnsupportedImageError(what, path=path, remedy="give one file of the slide to measure")
    largest = max(each.size for each in members)
    full = {each.level for each in members if each.size == largest}
    if len(full) > 1:
        what = f"the folder holds {len(full)} pictures of {largest[0]} x {largest[1]} px of one slide"
        raise UnsupportedImageError(what, path=path, remedy="give the file of the one to measure")
    return open_dicom(levels_of(members[0], members)[0][0].path)
