"""Whose a folder is that results are to go into: that of an earlier run, or somebody else's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calcannot.batch.parts import FOLDER, STATE
from calcannot.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


def outputs_of_earlier_runs(folder: Path) -> set[str]:
    """What earlier runs are known to have written, of which the last may have been stopped."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise OutputError("is a file, not a folder", path=folder, remedy="choose another folder with -o")
    stopped = _outputs_in(folder / FOLDER / STATE, "old_outputs")
    finished = _outputs_in(folder / "run.json", "outputs")
    if stopped is None and finished is None:
        taken = [each for each in ("images.csv", "regions.csv", "masks", "overlays") if (folder / each).exists()]
        if taken:
            what = f"holds {taken[0]} and no run.json, so it is not known to be a result of calcannot"
            raise OutputError(what, path=folder, remedy="choose another folder with -o")
    started = folder / FOLDER
    if stopped is None and started.exists() and not _is_barely_begun(started):
        what = f"holds something called {FOLDER} that is not known to be of calcannot"
        raise OutputError(what, path=folder, remedy="choose another folder with -o")
    # Only what lies inside the folder can have been written by a run.
    root = folder.resolve()
    outputs = (stopped or set()) | (finished or set())
    return {each for each in outputs if (folder / each).resolve().is_relative_to(root)}


def _outputs_in(record: Path, field: str) -> set[str] | None:
    """Paths that a record lists; None where there is no record."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return {str(each) for each in content[field]}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        what = f"holds a {record.name} that is not readable as a result of calcannot"
        raise OutputError(what, path=record.parent, remedy="choose another folder with -o") from None


def _is_barely_begun(folder: Path) -> bool:
    """Whether a run was stopped before it could say whose folder it is."""
    return folder.is_dir() and all(each.name.startswith(".calcannot-") for each in folder.iterdir())
