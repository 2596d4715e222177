"""Units of a record: UCUM codes, checked and converted by pint, which is only loaded for what is not in the table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from calcannot.errors import CaseError

# What each kind of quantity is called, by the UCUM code that stands for it, and the codes that need no library.
_KINDS: dict[str, tuple[str, frozenset[str]]] = {
    "cm": ("a length", frozenset({"nm", "um", "mm", "cm", "m"})),
    "mm": ("a length", frozenset({"nm", "um", "mm", "cm", "m"})),
    "um": ("a length", frozenset({"nm", "um", "mm", "cm", "m"})),
    "a": ("a time", frozenset({"a", "mo", "wk", "d", "h", "min", "s"})),
    "min": ("a time", frozenset({"a", "mo", "wk", "d", "h", "min", "s"})),
    "mg/dL": ("a mass per volume", frozenset({"mg/dL", "g/dL", "g/L", "mg/L", "ug/L", "ng/mL", "pg/mL", "ug/dL"})),
    "mmol/L": ("an amount of substance per volume", frozenset({"mmol/L", "umol/L", "nmol/L", "pmol/L"})),
    "U/L": ("an enzyme activity per volume", frozenset({"U/L"})),
    "mL/min/{1.73_m2}": ("a clearance", frozenset({"mL/min/{1.73_m2}", "mL/min"})),
    "mg2/dL2": ("a product of two concentrations", frozenset({"mg2/dL2"})),
    "mmol2/L2": ("a product of two concentrations", frozenset({"mmol2/L2"})),
    "kV": ("a voltage", frozenset({"kV", "V"})),
    "mA.s": ("a charge", frozenset({"mA.s"})),
    "1": ("a plain number", frozenset({"1", "%", "{ratio}", "{counts}"})),
}  # fmt: skip
_UCUM = re.compile(r"[A-Za-zµμ%\[\]{}._0-9/*'-]{1,40}")
_POWER = re.compile(r"(?<=[A-Za-zµ])(-?[1-9])(?![0-9])")
# UCUM codes that pint has another name for.
_NAMES = {
    "mo": "month", "wk": "week", "[iU]": "international_unit", "[IU]": "international_unit", "Cel": "degC",
    "%": "percent", "mm[Hg]": "mmHg",
}  # fmt: skip


def is_unit_of(unit: str, kind: str, also: str | None = None) -> bool:
    """Whether a unit measures the same kind of quantity as ``kind`` (or ``also``)."""
    kinds = [each for each in (kind, also) if each is not None]
    if any(unit in _KINDS[each][1] for each in kinds):
        return True
    given = _parsed(unit)
    return given is not None and any(given.is_compatible_with(_parsed(each)) for each in kinds)


def unit_names(kind: str, also: str | None = None) -> tuple[str, ...]:
    """What the kinds of quantity are called in a sentence."""
    return tuple(f"{_KINDS[each][0]} (such as {each})" for each in (kind, also) if each is not None)


def converted(value: float, unit: str, to: str, *, molar_mass: float | None = None) -> float:
    """Express a value in another unit.

    Parameters
    ----------
    molar_mass
        Grams per mole of the analyte: mass and amount of substance convert into each other only with it.

    Raises
    ------
    CaseError
        If the units are of different kinds, or no unit at all.
    """
    if unit == to:
        return value
    given, wanted = _parsed(unit), _parsed(to)
    if given is None or wanted is None:
        raise CaseError(f"{unit if given is None else to!r} is not a unit", remedy="write it as a UCUM code: mg/dL")
    quantity = given * value
    if quantity.is_compatible_with(wanted):
        return float(quantity.to(wanted.units).magnitude / wanted.magnitude)
    if molar_mass is not None:
        per_mole = _registry().Quantity(molar_mass, "g/mol")
        for power in (1, 2):
            for exchanged in (quantity / per_mole**power, quantity * per_mole**power):
                if exchanged.is_compatible_with(wanted):
                    return float(exchanged.to(wanted.units).magnitude / wanted.magnitude)
    what = f"{unit} cannot be converted to {to}"
    raise CaseError(what, remedy="give a unit of the same kind")


def split_quantity(text: str) -> tuple[float, str] | None:
    """Number and unit of a text such as ``5 cm`` or ``2.3 mmol/L``; None where it is not of that form."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([^\s\d].*?)\s*", text)
    if match is None or _parsed(match[2]) is None:
        return None
    return float(match[1]), match[2]


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(cache_folder=None)
    registry.define("international_unit = [biological_activity] = IU")
    return registry


@cache
def _parsed(unit: str) -> Any:
    """The unit as a quantity of pint; None where it is none."""
    if not _UCUM.fullmatch(unit) or "**" in unit:
        return None
    text = re.sub(r"\{[^{}]*\}", "1", unit) if unit.startswith("{") else re.sub(r"/?\{[^{}]*\}", "", unit)
    text = re.sub(r"10\*([1-9])(?![0-9])", r"1e\1", text).replace(".", "*")
    text = "*".join(
        "/".join(_NAMES.get(part, _POWER.sub(r"**\1", part)) for part in factor.split("/"))
        for factor in text.split("*")
    )
    if re.search(r"\*\*.*\*\*.*\*\*", text) or len(re.findall(r"\d", text)) > 6:
        return None
    try:
        return _registry().Quantity(1, "dimensionless") if text == "1" else _registry().parse_expression(text) * 1
    except Exception:
        # pint raises a dozen kinds of errors for what is no unit.
        return None
