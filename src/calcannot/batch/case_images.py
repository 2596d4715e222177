"""Add an image to a case: its place, its hash, its role, and the technique that its header tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcannot.errors import CaseError
from calcannot.io import open_image, sha256_of
from calcannot.io.dicom_technique import technique_of
from calcannot.model.calibration import Calibration, parse_pixel_size
from calcannot.model.case import Case, CaseCalibration, CaseImage, to_plain
from calcannot.model.file_names import file_name_of
from calcannot.model.image import Modality
from calcannot.store.history import now

if TYPE_CHECKING:
    from calcannot.store.case_folder import CaseFolder

_SIZE_SET = "set the pixel size of {}"
ROLES = ("radiograph", "histology", "photograph", "other")


def add_image(
    folder: CaseFolder,
    image: str | Path,
    *,
    role: str | None = None,
    id: str | None = None,
    pixel_size: str | Calibration | None = None,
    author: str = "",
    replace: bool = False,
) -> CaseImage:
    """Add an image to a case. The file is neither copied nor changed.

    Parameters
    ----------
    role
        One of radiograph, histology, photograph, other; from the header unless given.
    id
        Name within the case; ``<role>-<number>`` unless given, for a file's own name may tell whose it is.
    pixel_size
        Takes the place of what the file says.
    replace
        The image of this id has moved, or is a new file: its place and hash are written anew.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If the file is no image that can be measured.
    CaseError
        If the case has the image already, or the id is none.
    """
    file = Path(image)
    calibration = parse_pixel_size(pixel_size) if isinstance(pixel_size, str) else pixel_size
    with open_image(file) as source:
        modality = source.info.modality
    chosen = role or {Modality.RADIOGRAPH: "radiograph", Modality.HISTOLOGY: "histology"}.get(modality)
    if chosen not in ROLES:
        what = "the image does not say what it is" if chosen is None else f"{chosen!r} is not a role"
        raise CaseError(what, path=file, remedy=f"give --role: {', '.join(ROLES)}")
    sha256 = sha256_of(file)
    relative = folder.relative_path_to(file)
    technique = _technique(file) if chosen == "radiograph" else {}
    wanted = file_name_of(id) if id is not None else None
    named = ""

    def change(case: Case) -> Case:
        nonlocal named
        named = wanted or _next_id(case, str(chosen))
        old = next((each for each in case.images if each.id == named), None)
        _check_new(case, old, sha256, named, file, replace=replace)
        entry: dict[str, Any] = to_plain(old) if old else {}
        entry |= {"id": named, "role": chosen, "path": relative or file_name_of(file.name), "sha256": sha256}
        if calibration is not None:
            entry["calibration"] = to_plain(CaseCalibration.of(calibration))
            if old is not None:
                entry["calibration_set_at"] = now()
        if technique:
            entry["radiograph"] = technique
        images = [each for each in case.images if each.id != named]
        place = next((k for k, each in enumerate(case.images) if each.id == named), len(images))
        images.insert(place, CaseImage.model_validate(entry))
        return case.model_copy(update={"images": tuple(images)})

    case = folder.update(change, author=author, what=f"{'replaced' if replace else 'added'} the image")
    if relative is None:
        folder.remember_place(named, file)
    return case.image(named)


def set_pixel_size(
    folder: CaseFolder, image_id: str, pixel_size: str | Calibration | None, *, author: str = ""
) -> None:
    """Give an image a pixel size in place of its file's, or with None return to the file's; errors as ``update``."""
    size = parse_pixel_size(pixel_size) if isinstance(pixel_size, str) else pixel_size
    given = {"calibration": None if size is None else CaseCalibration.of(size), "calibration_set_at": now()}
    folder.record.image(image_id)

    def change(case: Case) -> Case:
        images = tuple(each.model_copy(update=given) if each.id == image_id else each for each in case.images)
        return case.model_copy(update={"images": images})

    folder.update(change, author=author, what=_SIZE_SET.format(image_id))


def pixel_size_set_at(folder: CaseFolder, image_id: str) -> str:
    """When the pixel size of an image was last set or taken back, UTC in ISO 8601; empty for never.

    Errors as ``history``, where a record made before ``calibration_set_at`` leaves that to its words.
    """
    kept = folder.record.image(image_id).calibration_set_at
    if kept is not None:
        return kept
    said = _SIZE_SET.format(image_id)
    return max((event.time for event in folder.history() if event.what == said), default="")


def _check_new(case: Case, old: CaseImage | None, sha256: str, name: str, file: Path, *, replace: bool) -> None:
    if old is not None and not replace:
        raise CaseError(f"the case has an image {name} already", path=file, remedy="choose another --id, or --replace")
    if old is None and replace:
        raise CaseError(f"the case has no image {name} to replace", path=file, remedy="leave out --replace")
    twin = next((each for each in case.images if each.sha256 == sha256 and each.id != name), None)
    if twin is not None:
        raise CaseError(f"the case has this image already, as {twin.id}", path=file, remedy="use that one")


def _next_id(case: Case, role: str) -> str:
    taken = {each.id.casefold() for each in case.images}
    number = 1
    while f"{role}-{number}" in taken:
        number += 1
    return f"{role}-{number}"


def _technique(file: Path) -> dict[str, Any]:
    return {
        field: {
            "value": fact.value, "unit": fact.unit, "status": "measured" if fact.unit else "reported",
            "source": f"DICOM {fact.keyword}", "date": None,
        }
        for field, fact in technique_of(file).items()
    }  # fmt: skip
