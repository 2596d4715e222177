"""Which files of a folder are worth opening."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from calcannot.errors import CalcannotError
from calcannot.io import sniff
from calcannot.io.companions import companions_of
from calcannot.io.dicom_series import levels_of, members_in, opens_with_another
from calcannot.io.open import FORMATS, head_of
from calcannot.io.zarr_layout import is_zarr

if TYPE_CHECKING:
    from pathlib import Path

# A slide so damaged that its first bytes say nothing must still be reported, not passed over.
_SUFFIXES = {
    ".tif", ".tiff", ".svs", ".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".ndpi", ".mrxs", ".scn", ".bif", ".btf",
    ".vms", ".vmu", ".svslide",
}  # fmt: skip


def looks_like_image(path: Path) -> bool:
    """Whether a file has the first bytes or the suffix of an image, including kinds that are refused by name.

    A DICOM slide is the file of its full resolution: its other levels, its label and its overview are no images.
    """
    named = path.suffix.lower() in _SUFFIXES
    try:
        head = head_of(path)
    except CalcannotError:
        return named
    if sniff.is_dicom(head) and opens_with_another(path):
        return False
    return named or any(each.recognise(path, head) for each in FORMATS)


def is_image_folder(path: Path) -> bool:
    """Whether a folder is one image: an OME-Zarr, or the files of one DICOM slide and no other image."""
    return is_zarr(path) or _is_dicom_slide(path)


def parts_of_slides(folder: Path) -> set[Path]:
    """Files of a folder that are pieces, label or overview of a slide whose named file lies beside them.

    A Hamamatsu VMS or VMU is text that names JPEG files.
    """
    found: set[Path] = set()
    for index in (each for each in folder.iterdir() if each.suffix.lower() in (".vms", ".vmu")):
        with suppress(OSError):
            found |= set(companions_of(index))
    return found


def _is_dicom_slide(folder: Path) -> bool:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return False
    if any(each.is_dir() for each in entries):
        return False
    members = members_in(folder)
    if not members or len({each.series for each in members}) > 1:
        return False
    first = levels_of(members[0], members)[0][0].path
    return all(each == first or not looks_like_image(each) for each in entries)
