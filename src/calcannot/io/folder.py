"""Which files of a folder are worth opening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import CalcannotError
from calcannot.io import sniff
from calcannot.io.dicom_series import opens_with_another
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
    """Whether a folder is one image: an OME-Zarr."""
    return is_zarr(path)
