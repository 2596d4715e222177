"""The identity of an image file: the hash of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from calcannot.errors import ImageReadError
from calcannot.io.quiet import brief


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"the file cannot be read ({brief(error)})"
        raise ImageReadError(what, path=place, remedy="check the name and the permissions") from error
