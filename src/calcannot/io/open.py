"""One door for every image file: what it is, is read from its first bytes, never from its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import sniff
from calcannot.io.quiet import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.io.source import Source
    from calcannot.model.calibration import Calibration

_HEAD_BYTES = 1024


def _open_tiff(path: Path) -> Source:
    from calcannot.io.tiff import open_tiff

    return open_tiff(path)


def _open_dicom(path: Path) -> Source:
    from calcannot.io.dicom import open_dicom

    return open_dicom(path)


def _open_png(path: Path) -> Source:
    from calcannot.io.png import open_png

    return open_png(path)


def _open_jpeg(path: Path) -> Source:
    from calcannot.io.jpeg import open_jpeg

    return open_jpeg(path)


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table: how a format is recognised, and what opens it (None: it is refused by name)."""

    name: str
    recognise: Callable[[bytes], bool]
    open: Callable[[Path], Source] | None


# Ordered: the first row that recognises the bytes decides. DICOM comes first, for its preamble may hold the header of
# a TIFF that shares the pixels and knows nothing of their scale. DICOM without a preamble is a guess from two tags, so
# it comes after everything that has a signature. Libraries are imported by the row that needs them.
FORMATS: tuple[Format, ...] = (
    Format("DICOM", sniff.is_dicom, _open_dicom),
    Format("TIFF", sniff.is_tiff, _open_tiff),
    Format("PNG", sniff.is_png, _open_png),
    Format("JPEG", sniff.is_jpeg, _open_jpeg),
    *(Format(name, sniff.signature(offset, magic), None) for name, offset, magic in sniff.REFUSED),
    Format("DICOM", sniff.is_bare_dicom, _open_dicom),
)


def open_image(path: str | Path, *, calibration: Calibration | None = None) -> Source:
    """Open an image file.

    Parameters
    ----------
    path
        TIFF (also BigTIFF, OME-TIFF, Aperio SVS), DICOM radiograph or slide, PNG or JPEG, whatever its name ends in.
    calibration
        Pixel size that takes the place of the one in the file; both are recorded.

    Returns
    -------
    ImageSource
        Open, and safe to read from several threads. Close it, or use it in a ``with`` statement.

    Raises
    ------
    ImageReadError
        If there is no such file, or its bytes are damaged or no image.
    UnsupportedImageError
        If it is an image of a kind that is not measured.
    """
    place = Path(path)
    head = head_of(place)
    for row in FORMATS:
        if row.recognise(head):
            if row.open is None:
                what = f"{row.name} files are not read"
                raise UnsupportedImageError(what, path=place, remedy="convert it to TIFF or PNG")
            source = row.open(place)
            return source if calibration is None else source.with_calibration(calibration)
    what = "this is not an image in a format that is read"
    raise ImageReadError(what, path=place, remedy="give a TIFF, SVS, PNG, JPEG or DICOM file")


def head_of(path: Path) -> bytes:
    """First bytes of a file, as many as decide what it is."""
    try:
        if path.is_dir():
            what = "this is a folder, not an image"
            raise ImageReadError(what, path=path, remedy="give one file in it; OME-Zarr is not read")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except ImageReadError:
        raise
    except (OSError, ValueError) as error:
        what = f"the file cannot be read ({brief(error)})"
        raise ImageReadError(what, path=path, remedy="check the name and the permissions") from error
    if not head:
        what = "the file is empty"
        raise ImageReadError(what, path=path, remedy="copy or export it again")
    return head
