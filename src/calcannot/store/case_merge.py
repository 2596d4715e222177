"""Two copies of a case that were worked on apart: their strokes brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcannot.errors import CaseError

if TYPE_CHECKING:
    from calcannot.store.case_folder import CaseFolder
    from calcannot.store.stroke_state import Conflict


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging did to the strokes of one image."""

    image: str
    added: int
    removed: int
    total: int
    conflicts: tuple[Conflict, ...]


def merge_strokes(case: CaseFolder, other: CaseFolder, *, author: str = "") -> list[Merged]:
    """Take the strokes of another copy of a case into this one. The other is only read.

    By id: what either drew is there, what one removed and the other left alone is gone, and where both changed one
    stroke, both versions are there and a conflict is listed.

    Raises
    ------
    CaseError
        If the other is not a copy of this case.
    CalcannotError
        If a file is damaged or cannot be written. Images merged before it are merged.
    """
    if other.record.id != case.record.id:
        what = f"is the case {other.record.id}, not {case.record.id}"
        raise CaseError(what, path=other.path, remedy="merge copies of one case only")
    theirs = {image.sha256: image.id for image in other.images}
    result = []
    for image in case.images:
        if image.sha256 not in theirs:
            continue
        files = case.strokes(image.id)
        before = files.read().state
        state = other.strokes(theirs[image.sha256]).read().state
        after = files.save(
            author=author, what=f"merged the strokes of revision {other.record.revision}", also=state
        ).state
        fresh = tuple(each for each in after.conflicts if each not in before.conflicts)
        added = sum(name not in before.strokes for name in after.strokes)
        removed = sum(name not in after.strokes for name in before.strokes)
        result.append(Merged(image.id, added, removed, len(after.order), fresh))
    return result
