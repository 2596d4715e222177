"""Something that could tell whose image or case it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How surely."""

    IDENTIFIES = "identifies"
    MAY = "may identify"


@dataclass(frozen=True, slots=True)
class Identifier:
    """Where it stands and what it is, never what it says.

    Attributes
    ----------
    group
        person, number, staff, place, device, date, free text, unique number, private, pixels, file name, combination.
    what
        Name of the attribute or field, or a sentence.
    """

    group: str
    what: str
    weight: Weight
