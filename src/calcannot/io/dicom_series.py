"""Which files of a folder belong to one DICOM slide: its levels, and the parts that a level was split into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from calcannot.io import dicom_facts as facts
from calcannot.io.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC_AT, _MAGIC = 128, b"DICM"
_TAGS = [
    "SOPClassUID",
    "ImageType",
    "SeriesInstanceUID",
    "PyramidUID",
    "ConcatenationUID",
    "InConcatenationNumber",
    "TotalPixelMatrixRows",
    "TotalPixelMatrixColumns",
]


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a slide.

    Attributes
    ----------
    path
        Where it is.
    series
        What its files have in common: the series, and the pyramid where one is stated.
    size
        Rows and columns of the level, the same for all parts of it.
    level
        What the parts of a level have in common: the concatenation, or the file's own name.
    part
        Place among the parts, from 1.
    """

    path: Path
    series: tuple[str, str]
    size: tuple[int, int]
    level: str
    part: int


def member_of(header: Any, path: Path) -> Member | None:
    """Describe a file by its header; None unless it is tissue of a slide."""
    if not facts.is_slide(header) or facts.picture_of_glass(header):
        return None
    series = facts.text(header, "SeriesInstanceUID"), facts.text(header, "PyramidUID")
    rows, cols = (facts.number(header, f"TotalPixelMatrix{side}") or 0 for side in ("Rows", "Columns"))
    # Not the instance's own identifier: two copies of one instance are not two parts of it.
    level = facts.text(header, "ConcatenationUID") or path.name
    part = facts.number(header, "InConcatenationNumber") or 1
    return Member(path, series, (int(rows), int(cols)), level, int(part))


def members_in(folder: Path) -> list[Member]:
    """All files of slides in a folder (not below it), by name; what cannot be read is passed over."""
    found = []
    for path in sorted(folder.iterdir()):
        header = _header(path)
        member = None if header is None else member_of(header, path)
        if member is not None:
            found.append(member)
    return found


def levels_of(member: Member, members: list[Member]) -> list[tuple[Member, ...]]:
    """Files of each level of the slide that a file belongs to, largest level first, the file's own among them.

    Where two levels have one size (focal planes, copies) and the file is in neither, both are left out.
    """
    mine = [each for each in members if each.series == member.series and member.series[0]] or [member]
    parts: dict[str, list[Member]] = {}
    for each in mine:
        parts.setdefault(each.level, []).append(each)
    by_size: dict[tuple[int, int], list[str]] = {}
    for level, files in parts.items():
        by_size.setdefault(files[0].size, []).append(level)
    kept = []
    for size, names in by_size.items():
        own = member.level if size == member.size else names[0]
        if len(names) == 1 or size == member.size:
            kept.append(tuple(sorted(parts[own], key=lambda each: each.part)))
    return sorted(kept, key=lambda files: files[0].size, reverse=True)


def other_parts_of(path: Path) -> tuple[Path, ...]:
    """Files that hold a level together with this one; none where it was not split."""
    header = _header(path)
    if header is None or not facts.text(header, "ConcatenationUID"):
        return ()
    member = member_of(header, path)
    if member is None:
        return ()
    alike = [each for each in members_in(path.parent) if (each.series, each.level) == (member.series, member.level)]
    return tuple(each.path for each in alike if each.path != path)


def opens_with_another(path: Path) -> bool:
    """Whether a file is read when another file of its folder is opened, or is a picture of the glass."""
    header = _header(path)
    if header is None or not facts.is_slide(header):
        return False
    member = member_of(header, path)
    if member is None:
        return True
    levels = levels_of(member, _remembered(path.parent, path.parent.stat().st_mtime_ns))
    return levels[0][0].path != path


@lru_cache(maxsize=4)
def _remembered(folder: Path, _changed: int) -> list[Member]:
    """Files of slides in a folder, listed once while it does not change: each of its files asks."""
    return members_in(folder)


def _header(path: Path) -> Any:
    import pydicom

    try:
        with path.open("rb") as file:
            if file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] != _MAGIC:
                return None
            file.seek(0)
            with quiet():
                return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
    except Exception:  # a neighbour that cannot be read is no part of this slide
        return None
