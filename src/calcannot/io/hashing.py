"""The identity of an image: the hash of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from calcannot.errors import ImageReadError
from calcannot.io.companions import companions_of
from calcannot.io.quiet import brief


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces.

    Of a folder (an OME-Zarr), it is that of a text with a line for each file below it: hash, two spaces, relative path
    with forward slashes, sorted by path. ``sha256sum`` writes such lines too. Of a slide whose pixels lie in other
    files than the named one (MIRAX, Hamamatsu VMS, a DICOM level in parts), the text has lines for that file and for
    the others.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return _of_files(place, [each for each in place.rglob("*") if each.is_file()])
        others = companions_of(place)
        if others:
            return _of_files(place.parent, [place, *(each for each in others if each.is_file())])
        return _of_file(place)
    except OSError as error:
        what = f"the file cannot be read ({brief(error)})"
        raise ImageReadError(what, path=place, remedy="check the name and the permissions") from error


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_files(folder: Path, files: list[Path]) -> str:
    names = sorted(each.relative_to(folder).as_posix() for each in files)
    lines = "".join(f"{_of_file(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()
