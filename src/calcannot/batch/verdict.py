"""What verification finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """What a difference is about."""

    IMAGE = "image"
    RECIPE = "recipe"
    THRESHOLD = "threshold"
    STROKES = "strokes"
    CALIBRATION = "pixel size"
    TABLE = "table"
    MASK = "mask"
    RECORD = "record"
    VERSION = "version"
    NOTHING = "nothing measured"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree: in which case, image and run, what about, and what it is."""

    case: str
    image: str
    run: str
    cause: Cause
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found.

    Attributes
    ----------
    cases, runs
        How many were looked at.
    differences
        Everything that does not agree; empty where all does.
    notes
        Sentences on what agrees and is worth knowing: an older version, for instance.
    """

    cases: int
    runs: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
