"""The record of a case as rows. A fact that nobody reported is shown as such and never left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from calcannot.report.document import ClinicalSize, Group, Row
from calcannot.report.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TITLES: Final = {
    "subject": "Patient",
    "history": "History",
    "labs": "Laboratory",
    "findings": "Findings",
    "classification": "Classification",
    "specimen": "Specimen and stain",
    "radiograph": "Radiograph",
    "outcome": "Outcome",
    "consent": "Consent",
    "other": "Other",
}
_NAMES: Final = {
    "fgf23": "FGF23",
    "egfr": "eGFR",
    "kvp": "Tube voltage",
    "von_kossa": "Von Kossa",
    "vitamin_d_25_oh": "25-OH vitamin D",
    "vitamin_d_1_25_oh": "1,25-(OH)₂ vitamin D",
    "sop_class": "DICOM kind of image",
}
_UNITS: Final = {"a": "years", "um": "µm", "mm2": "mm²", "mg2/dL2": "mg²/dL²", "mA.s": "mAs", "1": ""}
_ABSENT: Final = {"not_reported": "not reported", "not_done": "not done", "unknown": "unknown"}


def record_groups(record: Mapping[str, Any]) -> tuple[Group, ...]:
    """Groups of the record, as ``Case.to_dict`` gives it, in the order of the schema; lesions one a group."""
    common = common_source(record)
    groups = []
    for key, title in _TITLES.items():
        if key == "labs":
            groups += [
                Group(f"Lesion {lesion.get('id', number)}", _rows(lesion, common))
                for number, lesion in enumerate(record.get("lesions", ()), 1)
            ]
        rows = _rows(record.get(key) or {}, common)
        if rows:
            groups.append(Group(title, rows))
    return tuple(groups)


def common_source(record: Mapping[str, Any]) -> str:
    """The source that most facts share, so that it need not stand at each; empty where there is none."""
    sources = Counter(leaf["source"] for leaf in _leaves(record) if leaf.get("source"))
    return sources.most_common(1)[0][0] if sources else ""


def clinical_sizes(lesions: Sequence[Mapping[str, Any]]) -> tuple[ClinicalSize, ...]:
    """Sizes of lesions as the record has them."""
    found = []
    for number, lesion in enumerate(lesions, 1):
        length, width = (lesion.get(name) for name in ("length", "width"))
        size = " × ".join(leaf_text(leaf) for leaf in (length, width) if leaf) or "not recorded"
        method = lesion.get("size_method")
        how = leaf_text(method) if method else "not recorded"
        site = ", ".join(leaf_text(lesion[name]) for name in ("side", "site") if _has_value(lesion.get(name)))
        found.append(ClinicalSize(str(lesion.get("id", number)), site or "not reported", size, how))
    return tuple(found)


def leaf_text(leaf: Mapping[str, Any]) -> str:
    """A fact in words, or why there is none."""
    if not _has_value(leaf):
        return _ABSENT.get(str(leaf.get("status")), "no value")
    value, unit = leaf["value"], leaf.get("unit") or ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        number = f"{value:g}" if abs(value) < 1e6 else significant(float(value))
        return f"{number} {_UNITS.get(unit, unit)}".strip()
    return str(value)


def _has_value(leaf: Mapping[str, Any] | None) -> bool:
    return leaf is not None and leaf.get("value") is not None


def _rows(part: Mapping[str, Any], common: str) -> tuple[Row, ...]:
    rows = []
    for key, leaf in part.items():
        if not (isinstance(leaf, dict) and "status" in leaf):
            continue
        notes = [leaf.get("note"), leaf.get("source") if leaf.get("source") != common else None]
        codes = [f"{code.get('system')} {code.get('code')}" for code in leaf.get("codes", ())]
        note = "; ".join(str(each) for each in (*notes, *codes) if each)
        label = _NAMES.get(key, key.replace("_", " ").capitalize())
        rows.append(Row(label, leaf_text(leaf), note, absent=not _has_value(leaf)))
    return tuple(rows)


def _leaves(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if "status" in value and "value" in value:
            yield value
        else:
            for each in value.values():
                yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
