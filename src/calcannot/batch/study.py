"""A study: the cases and the folders of results below a folder, each with its newest runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import CaseError, ResultsError
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.results_reader import read_newest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcannot.model.case import Case
    from calcannot.store.result_item import ResultItem

_RUN = "run.json"
_DEEPEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """An image of a case or of a folder of results: what was measured, or why it was not.

    Attributes
    ----------
    image_id
        Name in the case; in a folder of results the name in its tables.
    item
        Its newest run, or None.
    run
        Name of the run's folder; empty in a folder of results.
    error
        Why it could not be measured; empty where it was, or was not tried.
    """

    image_id: str
    item: ResultItem | None
    run: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A case, or a folder of results that belongs to none (``case`` is then None)."""

    name: str
    case: CaseFolder | None
    images: tuple[Measured, ...]

    @property
    def record(self) -> Case | None:
        """The record, where it is a case."""
        return self.case.record if self.case else None


def members_of(study: str | Path) -> list[Member]:
    """Everything that belongs to a study, sorted by path. A case is not searched for more.

    Raises
    ------
    ResultsError
        If there is neither a case nor a folder of results, or what is in one is damaged.
    CaseError
        If a record cannot be read: a study is never told with a case left out in silence. Or if two cases have one id:
        one would be counted twice.
    """
    study = Path(study)
    found = [_member(folder, study) for folder in _folders(study, _DEEPEST)]
    if not found:
        what = "holds neither a case nor results"
        raise ResultsError(what, path=study, remedy="give a folder of cases, or one that calcannot measure wrote")
    _check_ids([each.case for each in found if each.case])
    return found


def _check_ids(cases: Sequence[CaseFolder]) -> None:
    seen: dict[str, CaseFolder] = {}
    for case in cases:
        twin = seen.setdefault(case.record.id, case)
        if twin is not case:
            what = f"has the id {case.record.id}, and so has {twin.path.name}"
            raise CaseError(what, path=case.path, remedy="leave the copy out, or give one of them an id of its own")


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    if is_case(folder) or (folder / _RUN).is_file():
        yield folder
    elif folder.is_dir() and depth:
        for inside in sorted(folder.iterdir()):
            if inside.is_dir() and not inside.name.startswith("."):
                yield from _folders(inside, depth - 1)


def _member(folder: Path, study: Path) -> Member:
    if not is_case(folder):
        (results,) = read_newest(folder)
        measured = [Measured(item.name, item) for item in results.items]
        failed = [Measured(name, None, error=error) for name, error in results.failed.items()]
        name = folder.relative_to(study).as_posix() if folder != study else ""
        return Member(name, None, (*measured, *failed))
    case = CaseFolder.open(folder)
    newest = {run.folder.parent.name: run for run in (read_newest(folder) if _has_run(folder) else ())}
    images = []
    for entry in case.images:
        run = newest.get(entry.id)
        item = run.items[0] if run and run.items else None
        error = next(iter(run.failed.values()), "") if run and item is None else ""
        images.append(Measured(entry.id, item, run.folder.name if run else "", error))
    return Member(case.record.id, case, tuple(images))


def _has_run(folder: Path) -> bool:
    return any((folder / "runs").glob(f"*/*/{_RUN}"))
