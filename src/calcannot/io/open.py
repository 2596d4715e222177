"""One door for every image file: what it is, is read from its first bytes, never from its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import sniff
from calcannot.io.dicom_series import members_in
from calcannot.io.quiet import brief
from calcannot.io.zarr_layout import is_zarr

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


def _open_zarr(path: Path) -> Source:
    from calcannot.io.zarr_source import open_zarr

    return open_zarr(path)


def _open_with_openslide(path: Path) -> Source:
    from calcannot.io.openslide_source import open_with_openslide

    return open_with_openslide(path)


def _open_dicom_folder(path: Path) -> Source:
    from calcannot.io.dicom_folder import open_dicom_folder

    return open_dicom_folder(path)


def _by_bytes(test: Callable[[bytes], bool]) -> Callable[[Path, bytes], bool]:
    return lambda _, head: test(head)


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table: how a format is recognised, and what opens it (None: it is refused by name).

    What recognises it is given the path and the first bytes, of which a folder has none.
    """

    name: str
    recognise: Callable[[Path, bytes], bool]
    open: Callable[[Path], Source] | None


# Ordered: the first row that recognises the image decides. DICOM comes before TIFF, for its preamble may hold the
# header of a TIFF that shares the pixels and knows nothing of their scale; slides whose named file is a JPEG come
# before JPEG. DICOM without a preamble is a guess from two tags, so it comes after everything that has a signature.
# Libraries are imported by the row that needs them.
FORMATS: tuple[Format, ...] = (
    Format("OME-Zarr", lambda path, _: is_zarr(path), _open_zarr),
    Format("DICOM slide", lambda path, _: path.is_dir() and bool(members_in(path)), _open_dicom_folder),
    Format("DICOM", _by_bytes(sniff.is_dicom), _open_dicom),
    Format("TIFF", _by_bytes(sniff.is_tiff), _open_tiff),
    Format("PNG", _by_bytes(sniff.is_png), _open_png),
    Format("OpenSlide", sniff.is_openslide, _open_with_openslide),
    Format("JPEG", _by_bytes(sniff.is_jpeg), _open_jpeg),
    *(Format(name, _by_bytes(sniff.signature(offset, magic)), None) for name, offset, magic in sniff.REFUSED),
    Format("DICOM", _by_bytes(sniff.is_bare_dicom), _open_dicom),
)


def open_image(path: str | Path, *, calibration: Calibration | None = None) -> Source:
    """Open an image file, or a folder that is one image.

    Parameters
    ----------
    path
        TIFF (also BigTIFF, OME-TIFF, Aperio SVS, Hamamatsu NDPI, Philips), DICOM radiograph or slide, PNG or JPEG,
        whatever its name ends in. An OME-Zarr folder, or a folder with the files of one DICOM slide. With the extra
        ``openslide`` also MIRAX, Leica SCN, Ventana BIF, Trestle, Hamamatsu VMS and Sakura.
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
    MissingExtraError
        If it needs an optional part that is not installed.
    """
    place = Path(path)
    head = head_of(place)
    for row in FORMATS:
        if row.recognise(place, head):
            if row.open is None:
                what = f"{row.name} files are not read"
                raise UnsupportedImageError(what, path=place, remedy="convert it to TIFF or PNG")
            source = row.open(place)
            return source if calibration is None else source.with_calibration(calibration)
    if place.is_dir():
        what = "this is a folder, not an image"
        raise ImageReadError(what, path=place, remedy="give one file in it, or an OME-Zarr folder")
    what = "this is not an image in a format that is read"
    raise ImageReadError(what, path=place, remedy="give a TIFF, SVS, PNG, JPEG or DICOM file")


def head_of(path: Path) -> bytes:
    """First bytes of a file, as many as decide what it is; none of a folder."""
    try:
        if path.is_dir():
            return b""
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError) as error:
        what = f"the file cannot be read ({brief(error)})"
        raise ImageReadError(what, path=path, remedy="check the name and the permissions") from error
    if not head:
        what = "the file is empty"
        raise ImageReadError(what, path=path, remedy="copy or export it again")
    return head
