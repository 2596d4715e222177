"""Hold the runs of a case against what its images, recipe and strokes give today."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot._version import __version__
from calcannot.batch.compare_inputs import (
    image_difference,
    number_differences,
    open_as_then,
    stroke_differences,
    strokes_then,
)
from calcannot.batch.compare_run import differences
from calcannot.batch.verdict import Cause, Difference, Verdict
from calcannot.errors import CalcannotError, CaseError
from calcannot.pipeline.analyse import analyse
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.case_record import RECORD
from calcannot.store.results_reader import read_results, when_made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcannot.io.source import Source
    from calcannot.model.annotation import Annotations
    from calcannot.model.case import CaseImage
    from calcannot.store.result_item import ResultItem


def find_cases(arguments: Sequence[str | Path]) -> list[Path]:
    """Case folders among the arguments and below them, sorted within each.

    Raises
    ------
    CaseError
        If an argument is no case and holds none.
    """
    found: list[Path] = []
    for argument in map(Path, arguments):
        here = [argument] if is_case(argument) else []
        if not here and argument.is_dir():
            here = sorted(each.parent for each in argument.rglob(RECORD))
        if not here:
            remedy = "give a case folder, or a folder of cases"
            raise CaseError("is not a case and holds none", path=argument, remedy=remedy)
        found += here
    return list(dict.fromkeys(found))


def verify(cases: Sequence[str | Path], *, every_run: bool = False, workers: int | None = None) -> Verdict:
    """Measure again and compare: images by hash, tables to the last digit, masks to the pixel. Nothing is written.

    Parameters
    ----------
    cases
        Case folders, or folders of cases.
    every_run
        Earlier runs of an image too, not the newest alone.

    Raises
    ------
    CaseError
        If there is no case.
    """
    found: list[Difference] = []
    notes: list[str] = []
    runs = 0
    folders = find_cases(cases)
    for folder in folders:
        check = _Check(folder, every_run, workers)
        found += check.differences()
        notes += check.notes
        runs += check.runs
    return Verdict(len(folders), runs, tuple(found), tuple(notes))


class _Check:
    def __init__(self, folder: Path, every_run: bool, workers: int | None) -> None:
        self.folder = folder
        self.name = folder.name
        self.every_run = every_run
        self.workers = workers
        self.notes: list[str] = []
        self.runs = 0

    def differences(self) -> Iterator[Difference]:
        try:
            case = CaseFolder.open(self.folder)
            self.name = case.record.id
            for entry in case.images:
                yield from self._image(case, entry)
            if not self.runs:
                yield Difference(self.name, "", "", Cause.NOTHING, "the case has no run to verify")
        except CalcannotError as error:
            yield Difference(self.name, "", "", Cause.RECORD, str(error))

    def _image(self, case: CaseFolder, entry: CaseImage) -> Iterator[Difference]:
        folder = case.run_folder(entry.id)
        places = sorted(each for each in folder.glob("*") if (each / "run.json").is_file() and each.name[0] != ".")
        results = []
        for place in places:
            try:
                results.append(read_results(place))
            except CalcannotError as error:
                self.runs += 1
                yield Difference(self.name, entry.id, place.name, Cause.RECORD, str(error))
        results.sort(key=when_made)
        for read in results if self.every_run else results[-1:]:
            run = read.folder.name
            for item in read.items:
                self.runs += 1
                try:
                    for cause, what in self._item(case, entry, item):
                        yield Difference(self.name, entry.id, run, cause, what)
                except CalcannotError as error:
                    yield Difference(self.name, entry.id, run, Cause.RECORD, str(error))

    def _item(self, case: CaseFolder, entry: CaseImage, item: ResultItem) -> Iterator[tuple[Cause, str]]:
        changed = image_difference(case, entry, item)
        if changed:
            yield Cause.IMAGE, f"{changed}; not measured again"
            return
        fingerprint = item.recipe.fingerprint()
        is_sound = fingerprint == item.resolved.fingerprint
        if not is_sound:
            ran = item.resolved.fingerprint
            yield Cause.RECIPE, f"the recipe in run.json is not the one that ran: {fingerprint[:12]}, not {ran[:12]}"
        recorded, now = strokes_then(item, case, entry.id), case.strokes(entry.id).read().state
        for what in stroke_differences(recorded, now):
            yield Cause.STROKES, what
        source, what = open_as_then(case, entry, item)
        with source:
            if what:
                yield Cause.CALIBRATION, what
            yield from self._measured_again(source, item, recorded.annotations(), is_sound=is_sound)

    def _measured_again(
        self, source: Source, item: ResultItem, strokes: Annotations, *, is_sound: bool
    ) -> Iterator[tuple[Cause, str]]:
        label = f"{self.name} {item.name}"
        older = item.software != __version__
        if not is_sound:
            # Which recipe was meant is not known; the numbers it ran with are.
            again = analyse(source, item.recipe, strokes, workers=self.workers, recorded=item.resolved)
            yield from _named(differences(item, again, older=older, compare_warnings=False))
            return
        fresh = analyse(source, item.recipe, strokes, workers=self.workers)
        moved = number_differences(asdict(item.resolved), asdict(fresh.resolved))
        found = list(differences(item, fresh, older=older))
        if not moved:
            if older and found:
                yield Cause.VERSION, _other_result(item, "")
            yield from _named(found)
        elif not found:
            for what in moved:
                yield Cause.THRESHOLD, what
        else:
            again = analyse(source, item.recipe, strokes, workers=self.workers, recorded=item.resolved)
            still = list(differences(item, again, older=older, compare_warnings=False))
            if still and older:
                yield Cause.VERSION, _other_result(item, " with the numbers that it recorded")
                yield from _named(still)
            elif still:
                yield from ((Cause.THRESHOLD, what) for what in moved)
                yield from _named(found)
            elif older:
                changed = "; ".join(moved)
                self.notes.append(
                    f"{label}: calcannot {__version__} would choose other numbers ({changed}); with those recorded by "
                    f"{item.software} the result is the same. The changelog says why."
                )
            else:
                yield from ((Cause.THRESHOLD, what) for what in moved)
            return
        if older and not moved and not found:
            self.notes.append(f"{label}: measured by calcannot {item.software}, the same with {__version__}.")


def _other_result(item: ResultItem, how: str) -> str:
    what = f"measured by calcannot {item.software}; {__version__} gives another result{how}"
    return f"{what}. The changelog says why, or a result was changed"


def _named(found: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> Iterator[tuple[Cause, str]]:
    for cause, what in found:
        yield Cause(cause), what
