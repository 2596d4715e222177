"""Older cases brought up to date: a table of pure functions, each from one schema version to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA_VERSION: Final = 2


def _from_1(case: dict[str, Any]) -> dict[str, Any]:
    """Images had no name of their own: their files were named for the path."""
    images = case.get("images", [])
    if not isinstance(images, list):
        return case
    named = [
        {"id": str(image.get("path", "")).replace("/", "__"), **image} if isinstance(image, dict) else image
        for image in images
    ]
    return {**case, "images": named}


MIGRATIONS: Final[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _from_1}


def upgraded(content: Any, path: Path | None = None) -> dict[str, Any]:
    """The same case in the current schema.

    Raises
    ------
    CaseError
        If it is no case, or is newer than this calcannot.
    """
    if not isinstance(content, dict):
        raise CaseError("is not a case: a JSON object is expected", path=path)
    version = content.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        what = f"field schema_version: {str(version)[:40]!r} is not a version"
        raise CaseError(what, path=path, remedy=f"write 1 to {SCHEMA_VERSION}, or restore the file from a backup")
    if version > SCHEMA_VERSION:
        what = f"field schema_version: the case has version {version}, this calcannot knows up to {SCHEMA_VERSION}"
        raise CaseError(what, path=path, remedy="update calcannot; the file was not changed")
    case: dict[str, Any] = content
    while version < SCHEMA_VERSION:
        case = MIGRATIONS[version](case)
        version += 1
        case = {**case, "schema_version": version}
    return case
