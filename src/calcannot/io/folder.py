"""Which files of a folder are worth opening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.io.open import FORMATS, head_of

if TYPE_CHECKING:
    from pathlib import Path

# A slide so damaged that its first bytes say nothing must still be reported, not passed over.
_SUFFIXES = {
    ".tif", ".tiff", ".svs", ".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".ndpi", ".mrxs", ".scn", ".bif", ".btf",
}  # fmt: skip


def looks_like_image(path: Path) -> bool:
    """Whether a file has the first bytes or the suffix of an image, including kinds that are refused by name."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        head = head_of(path)
    except OSError:
        return False
    return any(each.recognise(head) for each in FORMATS)
