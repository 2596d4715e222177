"""A leaf of a case record: a value that says how it is known, and ``not_reported`` is not ``normal``."""

from __future__ import annotations

import re
from datetime import date as calendar_date
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from calcannot.model.units import is_unit_of, unit_names

LONGEST_TEXT = 10_000
ShortText = Annotated[str, Field(max_length=200)]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T[\d:.]+\+00:00$")]
"""UTC in ISO 8601; nothing else, for it is not looked through for what names a person."""
LongText = Annotated[str, Field(max_length=LONGEST_TEXT)]
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class Status(StrEnum):
    """How a value is known, or why there is none."""

    MEASURED = "measured"
    REPORTED = "reported"
    NOT_REPORTED = "not_reported"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"

    @property
    def has_value(self) -> bool:
        """Whether a leaf of this status carries a value."""
        return self in (Status.MEASURED, Status.REPORTED)


class Open(BaseModel):
    """Immutable; a field that this version does not know is kept and written back."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _named_by_text(cls, content: Any) -> Any:
        if isinstance(content, dict) and not all(isinstance(key, str) for key in content):
            raise PydanticCustomError("key", "a field has no name")
        return content


class Code(Open):
    """A code of a terminology, for example SCT 52612000 Lumbar region."""

    system: ShortText
    code: ShortText
    display: ShortText = ""


def _real_date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise PydanticCustomError("date", "is not a date: write 2015, 2015-05 or 2015-05-30")
    parts = [int(part) for part in text.split("-")]
    try:
        calendar_date(*[*parts, 1, 1][:3])
    except ValueError:
        raise PydanticCustomError("date", "is not a day of the calendar") from None
    return text


class Leaf(Open):
    """One fact.

    Attributes
    ----------
    value
        Number, text or yes/no; None exactly where the status says that there is none. A text in the place of a number
        is a finding such as ``normal``.
    unit
        UCUM code, for example ``cm``, ``mg/dL``, ``a`` (year).
    source, date
        Where it was read, and of which day (ISO 8601; a year or a month alone will do).
    codes
        The same in terminologies. ``value`` stays as it was worded.
    """

    value: bool | int | float | LongText | None = None
    unit: Annotated[str, Field(max_length=40)] | None = None
    status: Status
    source: LongText | None = None
    date: Annotated[str, AfterValidator(_real_date)] | None = None
    note: LongText | None = None
    codes: tuple[Code, ...] = ()

    @field_validator("value", mode="before")
    @classmethod
    def _no_huge_number(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**15:
            raise PydanticCustomError("number", "is a number that no measurement has")
        return value

    @model_validator(mode="after")
    def _value_as_status_says(self) -> Self:
        if self.status.has_value and self.value is None:
            raise PydanticCustomError("status", "the status is {status} and there is no value", {"status": self.status})
        if not self.status.has_value and self.value is not None:
            raise PydanticCustomError("status", "the status is {status} and yet has a value", {"status": self.status})
        return self

    @property
    def number(self) -> float | None:
        """The value where it is a number."""
        return float(self.value) if isinstance(self.value, int | float) and not isinstance(self.value, bool) else None


class Part(Open):
    """A group of leaves; each is checked for what its field says it is."""

    @model_validator(mode="after")
    def _leaves_fit(self) -> Self:
        for name, field in type(self).model_fields.items():
            leaf = getattr(self, name)
            if isinstance(leaf, Leaf) and isinstance(field.json_schema_extra, dict):
                _check(name, leaf, field.json_schema_extra)
        return self


def _check(name: str, leaf: Leaf, kind: dict[str, Any]) -> None:
    if leaf.value is None:
        return
    if "unit" in kind:
        if leaf.number is None:
            return  # a finding in words
        if leaf.unit is None:
            what = "has no unit: give one, for example {unit}"
            raise PydanticCustomError("unit", what, {"field": name, "unit": kind["unit"]})
        if not is_unit_of(leaf.unit, kind["unit"], kind.get("also")):
            what = "{given} is not {wanted}"
            wanted = " or ".join(unit_names(kind["unit"], kind.get("also")))
            raise PydanticCustomError("unit", what, {"field": name, "given": repr(leaf.unit), "wanted": wanted})
        low, high = kind.get("range", (None, None))
        if low is not None and not low <= leaf.number <= high:
            what = "{given} is not between {low} and {high}"
            raise PydanticCustomError(
                "range", what, {"field": name, "given": f"{leaf.value:g}", "low": low, "high": high}
            )
    elif "choices" in kind and leaf.value not in kind["choices"]:
        what = "{given} is not one of {choices}"
        context = {"field": name, "given": repr(leaf.value)[:60], "choices": ", ".join(kind["choices"])}
        raise PydanticCustomError("choice", what, context)


def text(description: str, **more: Any) -> Any:
    """A field in words, as they were found."""
    return Field(default=None, description=description, json_schema_extra={"kind": "text", **more})


def one_of(description: str, *choices: str, **more: Any) -> Any:
    """A field with one of a few values."""
    extra: dict[str, Any] = {"kind": "choice", "choices": list(choices), **more}
    return Field(default=None, description=description, json_schema_extra=extra)


def quantity(description: str, unit: str, **more: Any) -> Any:
    """A number of a kind of quantity; ``unit`` is a UCUM code of that kind, ``also`` one of another kind allowed."""
    return Field(default=None, description=description, json_schema_extra={"kind": "number", "unit": unit, **more})
