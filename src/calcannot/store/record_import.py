"""Facts from a file into the record: TOML or JSON in the record's own form, with short forms for leaves."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from calcannot.errors import CaseError
from calcannot.model.case import Case, case_from_dict
from calcannot.model.case_parts import OLDEST_AGE
from calcannot.model.leaf import Leaf, Part, Status
from calcannot.model.units import converted, split_quantity
from calcannot.store.json_file import load_json, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

_LARGEST_BYTES = 16 << 20
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+")
_FIXED = ("schema_version", "revision", "id", "images", "checksum")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where facts come from, for leaves that do not say it themselves."""

    source: str | None = None
    date: str | None = None
    status: Status = Status.REPORTED


def read_facts(path: Path) -> tuple[dict[str, Any], Origin]:
    """Facts of a TOML or JSON file, and the ``source``, ``date`` and ``status`` at its top, which hold for all of them.

    Raises
    ------
    CaseError
        If the file cannot be read, or is no such file: line and column are named.
    """
    if path.suffix.lower() == ".toml":
        try:
            if path.stat().st_size > _LARGEST_BYTES:
                raise CaseError("is larger than 16 MiB", path=path)
            content: Any = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            raise CaseError(f"cannot be read ({error.strerror or 'no such file'})", path=path) from None
        except (ValueError, RecursionError) as error:
            raise CaseError(f"is not TOML: {str(error)[:120]}", path=path) from None
    else:
        content = load_json(path, CaseError, largest_bytes=_LARGEST_BYTES)
    if not isinstance(content, dict):
        raise CaseError("is not a record: an object is expected", path=path)
    head = {key: content.pop(key) for key in ("source", "date", "status") if isinstance(content.get(key), str | date)}
    try:
        status = Status(head.get("status", Status.REPORTED))
    except ValueError:
        raise CaseError(f"field status: {head['status']!r} is not one of {', '.join(Status)}", path=path) from None
    when = head.get("date")
    return content, Origin(head.get("source"), str(when) if when is not None else None, status)


def facts_from_assignment(text: str) -> dict[str, Any]:
    """Facts of ``subject.age=58 a`` as a user types it.

    Raises
    ------
    CaseError
        If it is not of that form.
    """
    name, equals, value = text.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        raise CaseError(f"{text[:60]!r} is neither a file nor FIELD=VALUE", remedy='write it as "subject.age=58 a"')
    fact: Any = value.strip()
    if fact.startswith("{"):
        fact = parse_json(fact, Path(name), CaseError)
    if parts[0] == "lesions" and len(parts) == 3:
        return {"lesions": [{"id": parts[1], parts[2]: fact}]}
    for part in reversed(parts):
        fact = {part: fact}
    return dict(fact)


def with_facts(case: Case, facts: Mapping[str, Any], origin: Origin, *, path: Path | None = None) -> Case:
    """The record with facts put in; what they do not speak of stays, and what the schema does not know is kept.

    Raises
    ------
    CaseError
        If a fact does not fit its field, or is about what only the program writes: the field is named.
    """
    content = case.to_dict()
    for name, value in facts.items():
        if name in _FIXED:
            what = f"field {name} is written by calcannot"
            raise CaseError(what, path=path, remedy="leave it out; images are added with calcannot case add")
        kind = _part_of(Case.model_fields.get(name))
        if name == "lesions":
            content[name] = _with_lesions(content.get(name, []), value, origin, path)
        elif kind is not None and isinstance(value, dict):
            content[name] = _with_leaves(content.get(name, {}), value, kind, origin)
        elif name == "other" and isinstance(value, dict):
            content[name] = {**content.get(name, {}), **{k: _leaf(v, {}, origin) for k, v in value.items()}}
        else:
            content[name] = _text(value)
    return case_from_dict(content, path=path)


def _with_lesions(there: list[Any], given: Any, origin: Origin, path: Path | None) -> list[Any]:
    from calcannot.model.case_parts import Lesion

    if not isinstance(given, list) or not all(isinstance(each, dict) and "id" in each for each in given):
        raise CaseError("field lesions: a list of tables, each with an id, is expected", path=path)
    result = {str(each["id"]): each for each in there}
    for each in given:
        name = str(each["id"])
        result[name] = _with_leaves(result.get(name, {"id": name}), each, Lesion, origin)
    return list(result.values())


def _with_leaves(there: dict[str, Any], given: dict[str, Any], kind: type[Part], origin: Origin) -> dict[str, Any]:
    result = dict(there)
    for name, value in given.items():
        field = kind.model_fields.get(name)
        if field is not None and Leaf in get_args(field.annotation):
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            result[name] = _leaf(value, extra, origin)
            _check_comma(name, result[name], extra)
            if name == "age":
                result[name] = _top_coded(result[name])
        else:
            result[name] = _text(value)
    return result


def _check_comma(name: str, leaf: dict[str, Any], kind: Mapping[str, Any]) -> None:
    """``9,2`` would be taken for a finding in words; it may be 9.2 or, elsewhere, 92."""
    text = leaf.get("value")
    if kind.get("kind") == "number" and isinstance(text, str) and _DECIMAL_COMMA.match(text):
        raise CaseError(f"field {name}: {text[:40]!r} is no number", remedy="write it with a point: 9.2")


def _leaf(value: Any, kind: Mapping[str, Any], origin: Origin) -> Any:
    """A leaf, whole or as a short form: a number with its unit, a text, yes or no, or a status without value."""
    head = {"value": None, "unit": None, "status": origin.status.value, "source": origin.source, "date": origin.date}
    if isinstance(value, dict):
        leaf = {**head, **{key: _text(each) for key, each in value.items()}}
        if "status" not in value and leaf["value"] is None:
            leaf["status"] = Status.NOT_REPORTED.value
        return leaf
    if isinstance(value, str) and value in {each.value for each in Status if not each.has_value}:
        return {**head, "status": value}
    if isinstance(value, bool) and kind.get("kind") != "text":
        value = "yes" if value else "no"
    if kind.get("kind") == "number" and isinstance(value, str):
        number = _number_of(value)
        if number is not None:
            return {**head, "value": number[0], "unit": number[1]}
    if kind.get("unit") == "1" and isinstance(value, int | float):
        return {**head, "value": value, "unit": "1"}
    return {**head, "value": _text(value)}


def _number_of(text: str) -> tuple[float, str | None] | None:
    try:
        return float(text), None
    except ValueError:
        return split_quantity(text)


def _top_coded(leaf: dict[str, Any]) -> dict[str, Any]:
    """Ages of 90 and more are one: so few are that old that the age would name them (HIPAA 164.514)."""
    value, unit = leaf.get("value"), leaf.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(unit, str):
        return leaf
    try:
        years = converted(float(value), unit, "a")
    except CaseError:
        return leaf  # said by the model, with the field's name
    if years <= OLDEST_AGE:
        return leaf
    return {**leaf, "value": OLDEST_AGE, "unit": "a", "note": f"{OLDEST_AGE} or older"}


def _part_of(field: FieldInfo | None) -> type[Part] | None:
    kind = field.annotation if field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, Part) else None


def _text(value: Any) -> Any:
    """Dates of TOML as text; everything else as it is."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _text(each) for key, each in value.items()}
    return [_text(each) for each in value] if isinstance(value, list) else value
