"""The record of a case as a file: ``case.json``, with a checksum of what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from calcannot.errors import CaseError
from calcannot.model.case import Case, case_from_dict
from calcannot.store.json_file import CHECKSUM, checksum_of, dumps, is_finite, load_json

if TYPE_CHECKING:
    from pathlib import Path


RECORD: Final = "case.json"
LARGEST_RECORD_BYTES: Final = 4 << 20


def read_record(path: Path) -> Case:
    """Read a ``case.json``, of this or an older schema.

    Raises
    ------
    CaseError
        If it is not there, damaged, malformed or newer: the place in it is named. It is never taken for empty.
    """
    content = load_json(path, CaseError, largest_bytes=LARGEST_RECORD_BYTES)
    remedy = "restore it from a backup; if you changed it yourself, remove the line checksum"
    if isinstance(content, dict) and not is_finite(content):
        raise CaseError("holds a number that is infinite", path=path, remedy=remedy)
    if isinstance(content, dict) and CHECKSUM in content and content[CHECKSUM] != checksum_of(content):
        what = "field checksum: the record does not fit it, so it was damaged or changed by another program"
        raise CaseError(_with_place(what, content, path), path=path, remedy=remedy)
    if isinstance(content, dict):
        likely = [key for key, value in content.items() if key != CHECKSUM and _is_sha256(value)]
        if CHECKSUM not in content and likely:
            # Its name was hit, and without it nothing else of the record could be trusted.
            raise CaseError(f"field {likely[0][:40]!a}: this seems to be the checksum", path=path, remedy=remedy)
        content = {key: value for key, value in content.items() if key != CHECKSUM}
    return case_from_dict(content, path=path)


def record_text(case: Case) -> str:
    """The text of a ``case.json``: the same bytes for the same record on every machine."""
    content = case.to_dict()
    return dumps({**content, CHECKSUM: checksum_of(content)}, indent=1) + "\n"


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _with_place(what: str, content: dict[str, Any], path: Path) -> str:
    """Where a record that fails its checksum is wrong in itself too, that place is the one to name."""
    try:
        case_from_dict({key: value for key, value in content.items() if key != CHECKSUM}, path=path)
    except CaseError as error:
        return error.what
    return what
