"""Hold the runs of a case against what its images, recipe and strokes give today."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot._version import __version__
from calcannot.batch.case_run import STROKES
from calcannot.batch.compare_run import differences
from calcannot.errors import CalcannotError, CaseError
from calcannot.io import open_image, sha256_of
from calcannot.pipeline.analyse import analyse
from calcannot.store.annotation_file import read_annotation_file
from calcannot.store.case_folder import RECORD, CaseFolder, is_case
from calcannot.store.results_reader import read_results
from calcannot.store.stroke_state import StrokeState, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcannot.io.source import Source
    from calcannot.model.annotation import Annotations
    from calcannot.model.case import CaseImage
    from calcannot.store.result_item import ResultItem


class Cause(StrEnum):
    """What a difference is about."""

    IMAGE = "image"
    RECIPE = "recipe"
    THRESHOLD = "threshold"
    STROKES = "strokes"
    CALIBRATION = "pixel size"
    TABLE = "table"
    MASK = "mask"
    RECORD = "record"
    VERSION = "version"
    NOTHING = "nothing measured"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree: in which case, image and run, what about, and what it is."""

    case: str
    image: str
    run: str
    cause: Cause
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found.

    Attributes
    ----------
    cases, runs
        How many were looked at.
    differences
        Everything that does not agree; empty where all does.
    notes
        Sentences on what agrees and is worth knowing: an older version, for instance.
    """

    cases: int
    runs: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


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
                read = read_results(place)
                results.append((str(read.record.get("finished", "")), place.name, read))
            except CalcannotError as error:
                self.runs += 1
                yield Difference(self.name, entry.id, place.name, Cause.RECORD, str(error))
        results.sort(key=lambda each: each[:2])
        for _, run, read in results if self.every_run else results[-1:]:
            for item in read.items:
                self.runs += 1
                try:
                    for cause, what in self._item(case, entry, item):
                        yield Difference(self.name, entry.id, run, cause, what)
                except CalcannotError as error:
                    yield Difference(self.name, entry.id, run, Cause.RECORD, str(error))

    def _item(self, case: CaseFolder, entry: CaseImage, item: ResultItem) -> Iterator[tuple[Cause, str]]:
        changed = _image_difference(case, entry, item)
        if changed:
            yield Cause.IMAGE, f"{changed}; not measured again"
            return
        fingerprint = item.recipe.fingerprint()
        is_sound = fingerprint == item.resolved.fingerprint
        if not is_sound:
            ran = item.resolved.fingerprint
            yield Cause.RECIPE, f"the recipe in run.json is not the one that ran: {fingerprint[:12]}, not {ran[:12]}"
        recorded, now = _strokes_then(item, case, entry.id), case.strokes(entry.id).read().state
        for what in _stroke_differences(recorded, now):
            yield Cause.STROKES, what
        source, what = _open(case, entry, item)
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
        moved = _number_differences(asdict(item.resolved), asdict(fresh.resolved))
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


def _image_difference(case: CaseFolder, entry: CaseImage, item: ResultItem) -> str:
    try:
        path = case.image_path(entry.id)
        now = sha256_of(path)
    except CalcannotError as error:
        return str(error).rstrip(".")
    if now != item.sha256:
        return f"the image has changed since it was measured: SHA-256 {now[:12]}, not {item.sha256[:12]}"
    if now != entry.sha256:
        return f"the image is not the one that was added: SHA-256 {now[:12]}, not {entry.sha256[:12]}"
    return ""


def _strokes_then(item: ResultItem, case: CaseFolder, image_id: str) -> StrokeState:
    path = item.folder / STROKES
    return read_annotation_file(path).state if path.exists() else case.strokes(image_id).read().state


def _stroke_differences(then: StrokeState, now: StrokeState) -> Iterator[str]:
    for name in now.order:
        if name not in then.strokes:
            yield f"the {now.strokes[name].kind.value} {_called(now, name)} was drawn since"
        elif not same(then.strokes[name], now.strokes[name]):
            yield f"the {now.strokes[name].kind.value} {_called(now, name)} was changed since"
    for name in then.order:
        if name not in now.strokes:
            yield f"the {then.strokes[name].kind.value} {_called(then, name)} was removed since"
    kept = [name for name in then.order if name in now.strokes]
    if kept != [name for name in now.order if name in then.strokes]:
        yield "the strokes lie in another order: a later one wins over an earlier one"


def _called(state: StrokeState, name: str) -> str:
    return state.strokes[name].name or name


def _open(case: CaseFolder, entry: CaseImage, item: ResultItem) -> tuple[Source, str]:
    """The image with the pixel size of the run, and how today's differs from it (empty where it does not)."""
    path = case.image_path(entry.id)
    given = entry.calibration.to_calibration() if entry.calibration else None
    source = open_image(path, calibration=given)
    if source.info.calibration == item.calibration:
        return source, ""
    what = f"the pixel size is {_size(source)} today, and was {_text(item.calibration)}"
    source.close()
    # The file's own, where that is what the run had; else what the run says that it was given.
    source = open_image(path)
    if source.info.calibration != item.calibration and item.calibration is not None:
        source = source.with_calibration(item.calibration)
    return source, what


def _size(source: Source) -> str:
    return _text(source.info.calibration)


def _text(size: Any) -> str:
    if size is None:
        return "not known"
    return f"{size.um_per_px_row:.10g} x {size.um_per_px_col:.10g} µm ({size.source.value})"


def _number_differences(then: dict[str, Any], now: dict[str, Any], place: str = "") -> list[str]:
    """Numbers of a resolved recipe that are not what they were, by their place in ``run.json``."""
    found: list[str] = []
    for key in {**then, **now}:
        if place == "" and key in ("warnings", "recipe", "fingerprint"):
            continue
        a, b = then.get(key), now.get(key)
        name = f"{place}{key}"
        if isinstance(a, dict) and isinstance(b, dict):
            found += _number_differences(a, b, f"{name}.")
        elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
            pairs = ({str(k): x for k, x in enumerate(a)}, {str(k): x for k, x in enumerate(b)})
            found += _number_differences(*pairs, f"{name}.")
        elif a != b:
            found.append(f"{name} is {_short(a)} in run.json, and comes out as {_short(b)}")
    return found


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)[:60]
