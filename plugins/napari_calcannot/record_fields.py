"""The record of a case as pages of fields to fill in, without a window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from calcannot.errors import CaseError
from calcannot.model.case import Case, case_from_dict, to_plain
from calcannot.model.case_parts import Lesion
from calcannot.model.leaf import Leaf, Part, Status
from calcannot.model.units import split_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

Place = tuple[str, ...]
"""Where a fact stands: ``("labs", "calcium")``, ``("lesions", "right", "length")``, ``("title",)``."""

OVERVIEW: Final = "case"
LESION: Final = "lesion "
_PLAIN = ("title", "citation", "licence", "note")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a page; ``kind`` is what the schema says of it, and without a kind it is plain text."""

    place: Place
    title: str
    kind: Mapping[str, Any]

    @property
    def is_plain(self) -> bool:
        """Whether it is a text without status, unit and source."""
        return not self.kind

    @property
    def units(self) -> list[str]:
        """Units to choose from, the usual one first; empty where it is no quantity. Others may be typed."""
        named = (self.kind.get("usual"), self.kind.get("unit"), self.kind.get("also"))
        return list(dict.fromkeys(each for each in named if each))

    @property
    def choices(self) -> list[str]:
        """Values to choose from; empty where it is free."""
        return list(self.kind.get("choices", ()))


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the line of a field: value as text, unit, status (empty where nothing is known of it)."""

    value: str = ""
    unit: str = ""
    status: str = ""


def pages(record: Case) -> list[str]:
    """Names of the pages: the case, each lesion, each group of facts."""
    groups = [name for name, _ in _groups()]
    return [OVERVIEW, groups[0], *(f"{LESION}{each.id}" for each in record.lesions), *groups[1:]]


def fields_of(page: str) -> list[Field]:
    """Fields of a page, in the order of the schema."""
    if page == OVERVIEW:
        return [Field((name,), name.capitalize(), {}) for name in _PLAIN]
    if page.startswith(LESION):
        return list(_of_part(Lesion, ("lesions", page.removeprefix(LESION))))
    return list(_of_part(dict(_groups())[page], (page,)))


def leaf_at(record: Case, place: Place) -> Leaf | str | None:
    """What the record holds there."""
    part: Any = record
    if place[0] == "lesions":
        part = next((each for each in record.lesions if each.id == place[1]), None)
    elif len(place) > 1:
        part = getattr(record, place[0])
    value: Leaf | str | None = getattr(part, place[-1], None)
    return value


def entry_of(found: Leaf | str | None) -> Entry:
    """As it is shown in a line."""
    if not isinstance(found, Leaf):
        return Entry(found or "")
    value = found.value
    text = "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    return Entry(text, found.unit or "", found.status.value)


def origin_text(found: Leaf | str | None) -> str:
    """Source, date and note of a fact, in one line."""
    if not isinstance(found, Leaf):
        return ""
    return ", ".join(each for each in (found.source, found.date, found.note) if each)


def fact_of(field: Field, entry: Entry, found: Leaf | str | None, *, source: str, date: str) -> Any:
    """The fact that a line says, as ``with_facts`` takes it; None where it says nothing.

    A number may be typed with its unit, and with a decimal comma.

    Parameters
    ----------
    found
        What the record holds there. As long as its value stays, so do its source, date, note and codes.
    source, date
        Of what is entered.
    """
    text = entry.value.strip()
    if field.is_plain:
        return text or None
    kept = to_plain(found) if isinstance(found, Leaf) and entry_of(found).value == text else {}
    fact: dict[str, Any] = {"source": None, "date": None, **kept}
    fact |= {name: given for name, given in (("source", source), ("date", date)) if given}
    status = Status(entry.status) if entry.status else None
    if status is not None and not status.has_value and not text:
        return {**fact, "value": None, "unit": None, "status": status.value}
    if not text:
        return None
    known = status if status is not None and status.has_value else Status.REPORTED
    return {**fact, "unit": None, **_quantity(field, text, entry.unit.strip()), "status": known.value}


def facts_at(place: Place, fact: Any) -> dict[str, Any]:
    """One fact in the form of the whole record."""
    if place[0] == "lesions":
        return {"lesions": [{"id": place[1], **dict.fromkeys(place[2:], fact)}]}
    for name in reversed(place):
        fact = {name: fact}
    return dict(fact)


def without(record: Case, place: Place) -> Case:
    """The record with nothing at a place; whatever else it holds stays.

    Raises
    ------
    CaseError
        If it is a lesion that has facts, or one that images refer to.
    """
    content = record.to_dict()
    if place[0] == "lesions" and len(place) == 2:
        lesion: dict[str, Any] = next((each for each in content.get("lesions", []) if each["id"] == place[1]), {})
        if set(lesion) - {"id"}:
            raise CaseError(f"the lesion {place[1]} has facts", remedy="take them away first")
        content["lesions"] = [each for each in content.get("lesions", []) if each["id"] != place[1]]
        return case_from_dict(content)
    holder: Any = content
    if place[0] == "lesions":
        holder = next((each for each in content.get("lesions", []) if each["id"] == place[1]), {})
    elif len(place) > 1:
        holder = content.get(place[0], {})
    holder.pop(place[-1], None)
    return case_from_dict(content)


def _quantity(field: Field, text: str, unit: str) -> dict[str, Any]:
    if not field.units:
        return {"value": text}
    number = _DECIMAL_COMMA.sub(".", text)
    try:
        return {"value": float(number), "unit": unit or field.units[0]}
    except ValueError:
        split = split_quantity(number)
    # What is no number is a finding in words, such as normal.
    return {"value": text} if split is None else {"value": split[0], "unit": split[1]}


def _groups() -> list[tuple[str, type[Part]]]:
    return [
        (name, info.annotation)
        for name, info in Case.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, Part)
    ]


def _of_part(part: type[BaseModel], place: Place) -> Iterator[Field]:
    for name, info in part.model_fields.items():
        if name == "id":
            continue
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        kind = dict(extra) if Leaf in get_args(info.annotation) else {}
        yield Field((*place, name), info.description or name, kind)
