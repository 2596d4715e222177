"""The other files of a slide that is named by one of them: MIRAX, Hamamatsu VMS and VMU, DICOM in parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from calcannot.io import sniff
from calcannot.io.dicom_series import other_parts_of

if TYPE_CHECKING:
    from pathlib import Path

# Key and name of a file, as the text of a VMS or VMU has them.
_NAMED_FILE: Final = re.compile(r"^(?:ImageFile[^=]*|MapFile|MacroImage|OptimisationFile)\s*=\s*([^\r\n/\\]+)", re.M)
_LONGEST_INDEX: Final = 1 << 20


def companions_of(path: Path) -> tuple[Path, ...]:
    """Files that hold the slide together with ``path``, sorted; none for an image that is one file.

    Some may not be there.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        index = file.read(_LONGEST_INDEX)
    if sniff.is_dicom(index):
        return other_parts_of(path)
    if not sniff.is_openslide(path, index):
        return ()
    if sniff.is_jpeg(index):
        return tuple(sorted(each for each in path.with_suffix("").rglob("*") if each.is_file()))
    names = _NAMED_FILE.findall(index.decode("utf-8", "replace"))
    return tuple(sorted({path.parent / name.strip() for name in names}))
