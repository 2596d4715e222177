"""Records as tables: the data dictionary for REDCap, and rows of REDCap or of a plain CSV read back."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from calcannot.errors import CaseError
from calcannot.model.case import Case
from calcannot.model.case_parts import Lesion
from calcannot.model.leaf import Leaf, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LARGEST_BYTES = 64 << 20
_HEADINGS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
    "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
_BESIDE = ("unit", "status", "source", "date", "note")
_PLAIN = ("record_id", "lesion_id", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_event_name", "title")
# Words in a column's name that say that it names a person. Kept only when asked for by name.
_IDENTIFYING = re.compile(
    r"(?i)(^|_|\b)(name|surname|forename|firstname|lastname|initials|mrn|hospital_?n(o|umber)|patient_?id|ssn|nhs|insurance"
    r"|dob|birth|birth_?date|address|street|postcode|zip|phone|mobile|fax|e_?mail|photo|physician|doctor|accession)"
    r"(_|\b|$|no|number|id)"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A column: its name, the place in the record that it fills, and what that place is."""

    name: str
    part: str
    field: str
    description: str
    kind: Mapping[str, Any]

    @property
    def unit(self) -> str | None:
        """Unit of a bare number in this column."""
        return self.kind.get("usual") or self.kind.get("unit")


def variables() -> Iterator[Variable]:
    """Every column, in the order of the record."""
    parts: list[tuple[str, type[Part]]] = [
        (name, info.annotation)
        for name, info in Case.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, Part)
    ]
    parts.insert(1, ("lesion", Lesion))
    for part, model in parts:
        for name, info in model.model_fields.items():
            if Leaf in get_args(info.annotation):
                extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
                yield Variable(f"{part}_{name}", part, name, info.description or "", extra)


def dictionary_text() -> str:
    """The data dictionary as REDCap takes it: one row a variable."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADINGS)
    row = dict.fromkeys(_HEADINGS, "")
    first = {"Variable / Field Name": "record_id", "Form Name": "subject", "Field Type": "text"}
    writer.writerow([*{**row, **first, "Field Label": "Pseudonym of the case"}.values()])
    for each in variables():
        choices = each.kind.get("choices", [])
        notes = [f"in {each.unit}" if each.unit and each.unit != "1" else "", _code(each)]
        notes.append("or not_reported, not_done, unknown" if not choices else "")
        filled = {
            "Variable / Field Name": each.name,
            "Form Name": each.part,
            "Field Type": "dropdown" if choices else "text",
            "Field Label": each.description,
            "Choices, Calculations, OR Slider Labels": " | ".join(
                f"{choice}, {choice.replace('_', ' ')}"
                for choice in ([*choices, "not_reported", "not_done", "unknown"] if choices else [])
            ),
            "Field Note": "; ".join(note for note in notes if note),
        }
        writer.writerow([*{**row, **filled}.values()])
    return out.getvalue()


def _code(variable: Variable) -> str:
    return f"LOINC {variable.kind['loinc']}" if "loinc" in variable.kind else ""


@dataclass
class TableRecord:
    """What a table tells of one case, in the form that ``with_facts`` takes."""

    id: str
    facts: dict[str, Any] = field(default_factory=dict)


def read_table(path: Path, *, keep: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()) -> list[TableRecord]:
    """Read records of a CSV file, one or more rows each.

    A column is a variable of the data dictionary, one of its companions (``_unit``, ``_status``, ``_source``,
    ``_date``, ``_note``), or unknown; an unknown one is kept under ``other``. A row with values of a lesion is one
    lesion, named by ``lesion_id``, by REDCap's ``redcap_repeat_instance`` or by its number.

    Parameters
    ----------
    keep, leave_out
        Columns whose names say that they name a person: to be kept all the same, or left out.

    Raises
    ------
    CaseError
        If it is no such table, or a column names a person and nobody said what to do with it.
    """
    rows = _rows(path)
    known = {each.name: each for each in variables()}
    for name in rows[0] if rows else ():
        if name not in known and names_a_person(name) and name not in (*keep, *leave_out):
            what = f"the column {name} seems to name a person"
            raise CaseError(
                what, path=path, remedy=f"leave it out with --leave-out {name}, or ask for it with --keep {name}"
            )
    records: dict[str, TableRecord] = {}
    for number, row in enumerate(rows, start=2):
        name = row.get("record_id") or row.get("id") or ""
        if not name and len(rows) > 1:
            raise CaseError(f"line {number} has no record_id", path=path)
        _take_row(records.setdefault(name, TableRecord(name)), row, known, leave_out)
    return list(records.values())


def names_a_person(field: str) -> bool:
    """Whether the name of a field or column says that it holds who somebody is."""
    return field not in _PLAIN and _IDENTIFYING.search(field) is not None


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CaseError("is larger than 64 MiB", path=path)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CaseError(f"cannot be read ({error.strerror or 'no such file'})", path=path) from None
    except UnicodeDecodeError:
        remedy = 'save it as "CSV UTF-8"'
        raise CaseError("is not text in UTF-8", path=path, remedy=remedy) from None
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if any(line)]
    except csv.Error as error:
        raise CaseError(f"is not CSV ({error})", path=path) from None
    if len(lines) < 2:
        raise CaseError("has no row of values", path=path)
    names = [each.strip() for each in lines[0]]
    if len(set(names)) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise CaseError(f"has the column {twice!r} twice", path=path)
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            what = f"line {number} has {len(line)} fields, and the heading {len(names)}"
            raise CaseError(what, path=path)
    return [{name: value.strip() for name, value in zip(names, line, strict=True)} for line in lines[1:]]


def _take_row(
    record: TableRecord, row: dict[str, str], known: Mapping[str, Variable], leave_out: tuple[str, ...]
) -> None:
    lesion: dict[str, Any] = {}
    for name, value in row.items():
        if not value or name in leave_out or name in ("record_id", "id"):
            continue
        variable = known.get(name)
        if variable is not None:
            target = lesion if variable.part == "lesion" else record.facts.setdefault(variable.part, {})
            target[variable.field] = _leaf_of(variable, value, row)
        elif name == "title":
            record.facts["title"] = value
        elif name not in _PLAIN and not _is_companion(name, known):
            record.facts.setdefault("other", {})[name] = value
    if lesion:
        lesions = record.facts.setdefault("lesions", [])
        number = row.get("redcap_repeat_instance") or str(len(lesions) + 1)
        lesions.append({"id": row.get("lesion_id") or f"lesion-{number}", **lesion})


def _leaf_of(variable: Variable, value: str, row: Mapping[str, str]) -> Any:
    beside = {key: row[f"{variable.name}_{key}"] for key in _BESIDE if row.get(f"{variable.name}_{key}")}
    if variable.kind.get("kind") == "number":
        try:
            number = float(value)
        except ValueError:
            return {"value": value, **beside} if beside else value
        return {"value": number, "unit": variable.unit, **beside}
    return {"value": value, **beside} if beside else value


def _is_companion(name: str, known: Mapping[str, Variable]) -> bool:
    head, _, tail = name.rpartition("_")
    return tail in _BESIDE and head in known
