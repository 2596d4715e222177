"""Paths as a case names them, on file systems that spell and limit names in their own way."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def as_spelled(folder: Path, relative: str) -> Path | None:
    """The file that a path leads to, however the file system spells accents; None where there is none."""
    place = folder / relative
    if exists(place):
        return place
    for part in relative.split("/"):
        if part == ".." or exists(folder / part):
            folder = folder / part
            continue
        wanted = unicodedata.normalize("NFC", part)
        try:
            found = [each for each in folder.iterdir() if unicodedata.normalize("NFC", each.name) == wanted]
        except OSError:
            return None
        if not found:
            return None
        folder = found[0]
    return folder


def exists(path: Path) -> bool:
    """Whether there is a file; a path that no system can have leads to none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
