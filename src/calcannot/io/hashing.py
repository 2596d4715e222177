"""The identity of an image: the hash of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from calcannot.errors import ImageReadError
from calcannot.io.quiet import brief


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces.

    Of a folder (an OME-Zarr), it is that of a text with a line for each file below it: hash, two spaces, relative path
    with forward slashes, sorted by path. ``sha256sum`` writes such lines too.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return _of_folder(place)
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"the file cannot be read ({brief(error)})"
        raise ImageReadError(what, path=place, remedy="check the name and the permissions") from error


def _of_folder(folder: Path) -> str:
    names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    lines = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()
