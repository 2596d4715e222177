"""What is exported: measured images of folders of results and of cases, each with its patient and its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import ImageReadError, ResultsError
from calcannot.export.subject import Subject
from calcannot.io.hashing import sha256_of
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.results_reader import read_newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcannot.store.result_item import ResultItem


@dataclass(frozen=True, slots=True)
class ExportSource:
    """One measured image.

    Attributes
    ----------
    item
        What was measured.
    case
        Pseudonym of the patient, or the identifier of the case; for a folder of results its name.
    licence
        Of the case; empty where none is stated.
    place
        Folder of the case, or None: where its images are looked for first.
    """

    item: ResultItem
    case: str
    licence: str = ""
    place: CaseFolder | None = None

    def subject(self) -> Subject:
        """Read mask and table."""
        item = self.item
        return Subject(
            name=item.name,
            sha256=item.sha256,
            case=self.case,
            runs=item.runs,
            columns=item.columns,
            calibration=item.calibration,
            recipe=item.recipe.name,
            fingerprint=item.resolved.fingerprint,
            modality=item.recipe.kind,
            licence=self.licence,
        )

    def image_path(self, images: Path | None) -> Path:
        """Where the measured file lies: in the case, or below ``images`` under its name; known by its hash.

        Raises
        ------
        ImageReadError
            If it is not found, or another file stands there.
        """
        if self.place is not None:
            for entry in self.place.images:
                if entry.sha256 == self.item.sha256:
                    return self._same(self.place.image_path(entry.id))
        if images is None:
            what = "the results do not say where the image lies, and tiles are cut from it"
            raise ImageReadError(what, path=self.item.name, remedy="name its folder with --images")
        direct = images / self.item.name
        found = direct if direct.exists() else next(iter(sorted(images.rglob(Path(self.item.name).name))), None)
        if found is None:
            raise ImageReadError("is not in the folder of images", path=self.item.name, remedy="check --images")
        return self._same(found)

    def _same(self, path: Path) -> Path:
        if sha256_of(path) != self.item.sha256:
            what = "is not the file that was measured: its content has another hash"
            raise ImageReadError(what, path=path, remedy="measure it again, or put the old file back")
        return path


def find_sources(paths: Iterable[str | Path], only: Sequence[str] = (), licence: str = "") -> list[ExportSource]:
    """Measured images of cases (the newest run of each image) and of folders of results.

    Parameters
    ----------
    only
        Names of the images to take; all unless given.
    licence
        Of the images; that of the case unless given.

    Raises
    ------
    ResultsError
        If a folder holds no results, or no image has a name that was asked for.
    """
    found: list[ExportSource] = []
    for path in map(Path, paths):
        case = CaseFolder.open(path) if is_case(path) else None
        name = _patient(case) if case else path.resolve().name
        stated = licence or (case.record.licence if case else None) or ""
        for results in read_newest(path):
            found += [ExportSource(item, name, stated, case) for item in results.items]
    missing = [name for name in only if name not in {each.item.name for each in found}]
    if missing:
        there = ", ".join(each.item.name for each in found[:8]) or "none"
        raise ResultsError(f"there is no measured image {missing[0]}", remedy=f"the images are: {there}")
    chosen = [each for each in found if not only or each.item.name in only]
    if not chosen:
        raise ResultsError("no image was measured, so there is nothing to export", remedy="see run.json for the reason")
    return chosen


def _patient(case: CaseFolder) -> str:
    # Two cases of one patient are one person to a model that is trained on them.
    return case.record.subject.pseudonym or case.record.id
