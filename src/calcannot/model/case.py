"""A case: what is known of the patient, and which images belong to it. What was drawn stands in files beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from unicodedata import normalize

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from calcannot.errors import CalibrationError, CaseError
from calcannot.model.calibration import Calibration, CalibrationPlane, CalibrationSource
from calcannot.model.case_migrations import SCHEMA_VERSION, upgraded
from calcannot.model.case_parts import (
    Classification,
    Consent,
    Findings,
    History,
    Identity,
    Labs,
    Lesion,
    Outcome,
    Radiograph,
    Specimen,
    Subject,
)
from calcannot.model.file_names import check_image_name, check_relative_path
from calcannot.model.leaf import Leaf, LongText, Open, ShortText, Status, Time

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SCHEMA_VERSION", "Case", "CaseCalibration", "CaseImage", "Leaf", "Status", "case_from_dict", "to_plain"]


class CaseCalibration(Open):
    """A pixel size that takes the place of the one in the file; fields as ``Calibration``."""

    um_per_px_row: Annotated[float, Field(gt=0)]
    um_per_px_col: Annotated[float, Field(gt=0)]
    source: CalibrationSource = CalibrationSource.USER
    plane: CalibrationPlane = CalibrationPlane.OBJECT
    note: LongText = ""

    @model_validator(mode="after")
    def _can_be_true(self) -> Self:
        try:
            self.to_calibration()
        except (CalibrationError, TypeError) as error:
            raise PydanticCustomError("calibration", "{what}", {"what": str(error)}) from None
        return self

    def to_calibration(self) -> Calibration:
        """Give the value that images are measured with."""
        known = {each.name for each in fields(Calibration)}
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Calibration(**values, **{k: v for k, v in (self.model_extra or {}).items() if k in known})

    @classmethod
    def of(cls, calibration: Calibration) -> Self:
        """Take over a calibration, whatever fields it has."""
        return cls(**{name: value for name, value in asdict(calibration).items() if value is not None})


class CaseImage(Open):
    """One image of a case.

    Attributes
    ----------
    id
        Its name within the case, and that of its files below ``annotations`` and ``runs``.
    path
        Where it lies, relative to the case folder, with forward slashes; ``../`` at its head only. The file is never
        copied and never changed.
    sha256
        Identity of its bytes when it was added.
    calibration
        Where given, it takes the place of the file's own.
    calibration_set_at
        When that was last set or taken back, UTC in ISO 8601; None where it is as it was when the image was added.
    lesions
        Which lesions are on it.
    """

    id: Annotated[str, Field(min_length=1, max_length=120)]
    role: Literal["radiograph", "histology", "photograph", "other"]
    path: Annotated[str, Field(min_length=1, max_length=1000)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    calibration: CaseCalibration | None = None
    calibration_set_at: Time | None = None
    lesions: tuple[Identity, ...] = ()
    projected_site: Leaf | None = None
    specimen: Specimen | None = None
    radiograph: Radiograph | None = None
    date: Leaf | None = None
    note: LongText | None = None

    @model_validator(mode="after")
    def _stays_where_it_may(self) -> Self:
        for field, fault in (("id", check_image_name(self.id)), ("path", check_relative_path(self.path))):
            if fault:
                raise PydanticCustomError("place", "{what}", {"field": field, "what": fault})
        return self


class Case(Open):
    """The record of a case; ``case.json`` holds it. Immutable: ``CaseFolder.update`` replaces it."""

    schema_version: Literal[2] = SCHEMA_VERSION
    revision: Annotated[int, Field(ge=0, le=10**9)] = 0
    id: Identity
    title: LongText = ""
    citation: LongText | None = None
    licence: LongText | None = None
    note: LongText | None = None
    subject: Subject = Subject()
    lesions: tuple[Lesion, ...] = ()
    history: History = History()
    labs: Labs = Labs()
    findings: Findings = Findings()
    classification: Classification = Classification()
    specimen: Specimen = Specimen()
    radiograph: Radiograph = Radiograph()
    outcome: Outcome = Outcome()
    consent: Consent = Consent()
    images: tuple[CaseImage, ...] = ()
    other: dict[ShortText, Leaf] = Field(default={}, description="Fields of a table that the record has no place for")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for field, names in (("lesions", [x.id for x in self.lesions]), ("images", [x.id for x in self.images])):
            # File systems that do not tell apart case, or spellings of an accent, would write two images to one file.
            told_apart = Counter(normalize("NFC", normalize("NFC", name).casefold()) for name in names)
            twice = [name for name, count in told_apart.items() if count > 1]
            if twice:
                raise PydanticCustomError("twice", "the id {name} is there twice", {"field": field, "name": twice[0]})
        known = {lesion.id for lesion in self.lesions}
        for number, image in enumerate(self.images):
            for lesion in image.lesions:
                if lesion not in known:
                    place = f"images.{number}.lesions"
                    what = "there is no lesion {lesion}"
                    raise PydanticCustomError("lesion", what, {"field": place, "lesion": lesion})
        return self

    def image(self, image_id: str) -> CaseImage:
        """Entry of an image; CaseError where there is none."""
        for each in self.images:
            if each.id == image_id:
                return each
        there = ", ".join(each.id for each in self.images) or "none"
        raise CaseError(f"the case has no image {image_id!r}", remedy=f"its images are: {there}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values in the order of the schema, then what this version does not know."""
        content: dict[str, Any] = to_plain(self)
        return content


def to_plain(value: Any) -> Any:
    """Models to dictionaries. A leaf keeps its five fields even where they are None; else what is empty goes."""
    if isinstance(value, Open):
        kept = ("value", "unit", "status", "source", "date") if isinstance(value, Leaf) else ()
        plain = {name: to_plain(getattr(value, name)) for name in type(value).model_fields}
        plain = {name: each for name, each in plain.items() if name in kept or each not in (None, "", {}, [])}
        return plain | {name: to_plain(each) for name, each in (value.model_extra or {}).items()}
    if isinstance(value, dict):
        return {name: to_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    return getattr(value, "value", value)


def case_from_dict(content: Any, *, path: Path | None = None) -> Case:
    """Validate plain values as a case, after bringing an older schema up to date.

    Raises
    ------
    CaseError
        Naming the field and what is wrong with it, or that the case is newer than this calcannot.
    """
    current = upgraded(content, path)
    try:
        return Case.model_validate(current)
    except ValidationError as error:
        raise CaseError(first_fault(error), path=path, remedy="see calcannot case schema") from None


def first_fault(error: ValidationError) -> str:
    """Field and fault in one phrase."""
    fault = error.errors(include_url=False)[0]
    place = [str(part) for part in fault["loc"]]
    field = fault.get("ctx", {}).get("field")
    where = ".".join([*place, *([str(field)] if field else [])]) or "case"
    given = ""
    if field is None and isinstance(fault["input"], str | int | float | None):
        given = f" (got {str(fault['input'])[:40]!r})"
    return f"field {where[:120]}: {fault['msg'].removeprefix('Value error, ')[:200]}{given}"
