"""What is measured in the window, written as the command line writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.batch.results import ResultsFolder
from calcannot.errors import OutputError
from calcannot.io import sha256_of
from calcannot.store.atomic import write_text
from calcannot.store.geojson import to_geojson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.session import Session


def save_results(sessions: Sequence[Session], folder: str | Path) -> Path:
    """Write what ``calcannot measure`` writes, and the strokes as ``annotations/<image>.geojson``.

    Parameters
    ----------
    sessions
        All measured, and the measurement current.

    Raises
    ------
    OutputError
        If there is nothing to save, the folder cannot be written, or it holds results of other images.
    """
    folder = Path(folder)
    # First as it is now, then whether that is measured: somebody may draw at any moment.
    taken = [(each, each.source, each.analysis, each.annotations) for each in sessions]
    if not sessions or not all(session.is_current for session in sessions):
        raise OutputError("there is no current measurement to save", remedy="measure first")
    names = _unique_names(sessions)
    _check_not_of_others(folder, names)
    results = ResultsFolder(folder)
    try:
        for (session, source, analysis, annotations), name in zip(taken, names, strict=True):
            assert analysis is not None
            results.add(name, name, sha256_of(session.path), source, analysis)
            if annotations.strokes:
                drawn = json.dumps(to_geojson(annotations), indent=1, ensure_ascii=False)
                write_text(folder / "annotations" / f"{name}.geojson", drawn + "\n")
        results.finish()
    except BaseException:
        results.abandon()
        raise
    for session, _, analysis, _ in taken:
        if session.analysis is analysis:
            session.saved_to = folder
    return folder


def _unique_names(sessions: Sequence[Session]) -> list[str]:
    names: list[str] = []
    for session in sessions:
        name, number = session.info.name, 2
        while name.casefold() in (each.casefold() for each in names):
            name, number = f"{session.info.name}-{number}", number + 1
        names.append(name)
    return names


def _check_not_of_others(folder: Path, names: Sequence[str]) -> None:
    """A results folder is replaced as a whole: what another image left there would be lost."""
    try:
        content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        there = [str(each["image"]) for each in content["images"]]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not there, or not ours: ResultsFolder says so
    others = [name for name in there if name not in names]
    if others:
        what = f"holds the results of {others[0]}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")
        raise OutputError(what, path=folder, remedy="choose another folder")
