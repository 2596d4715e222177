"""What a user gives to ``case set``: a file of facts, a row of a table, or one fact typed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcannot.errors import CaseError
from calcannot.store.record_import import Origin, facts_from_assignment, read_facts
from calcannot.store.record_table import read_table


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts, where they come from, and the file that they were in."""

    facts: dict[str, Any]
    origin: Origin
    path: Path | None


def facts_of(
    argument: str,
    origin: Origin,
    *,
    record: str,
    is_asked: bool = False,
    keep: tuple[str, ...] = (),
    leave_out: tuple[str, ...] = (),
) -> Facts:
    """Read one argument of ``case set``.

    Parameters
    ----------
    origin
        Source, date and status for what does not say its own; they win over those at the top of a file.
    record, is_asked
        Which record of a table, and whether somebody named it: a table of one record needs no name.

    Raises
    ------
    CaseError
        If it is neither a file nor a fact, or the file cannot be read as facts.
    """
    path = Path(argument)
    if "=" in argument and not path.exists():
        return Facts(facts_from_assignment(argument), origin, None)
    if path.suffix.lower() in (".csv", ".tsv"):
        return Facts(_row_of(path, record, is_asked, keep, leave_out), origin, path)
    facts, own = read_facts(path)
    source, date = origin.source or own.source, origin.date or own.date
    return Facts(facts, Origin(source, date, own.status if own.status != Origin().status else origin.status), path)


def _row_of(
    path: Path, record: str, is_asked: bool, keep: tuple[str, ...], leave_out: tuple[str, ...]
) -> dict[str, Any]:
    records = read_table(path, keep=keep, leave_out=leave_out)
    for each in records:
        if each.id == record:
            return each.facts
    if len(records) == 1 and not is_asked:
        return records[0].facts
    there = ", ".join(each.id for each in records[:5]) + (", ..." if len(records) > 5 else "")
    raise CaseError(f"has no record {record!r}", path=path, remedy=f"choose one with --record; there are {there}")
