"""How a film was taken, from its DICOM header: numbers and coded words of a fixed list, nothing that names anybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from calcannot.io import sniff
from calcannot.io.open import head_of
from calcannot.io.quiet import reading

if TYPE_CHECKING:
    from pathlib import Path


class Fact(NamedTuple):
    """A value of the header, its UCUM unit and the keyword of its tag."""

    value: float | str
    unit: str | None
    keyword: str


# Field of the record: keyword, unit, and what turns the stored number into that unit.
_NUMBERS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "kvp": (("KVP", "kV", 1.0),),
    "exposure": (("ExposureInuAs", "mA.s", 1e-3), ("Exposure", "mA.s", 1.0)),
    "source_detector_distance": (("DistanceSourceToDetector", "mm", 1.0),),
    "source_object_distance": (("DistanceSourceToPatient", "mm", 1.0),),
    "magnification": (("EstimatedRadiographicMagnificationFactor", "1", 1.0),),
    "exposure_index": (("ExposureIndex", "1", 1.0),),
    "deviation_index": (("DeviationIndex", "1", 1.0),),
}
_WORDS: dict[str, tuple[str, ...]] = {
    "view": ("ViewPosition",),
    "body_part": ("BodyPartExamined",),
    "laterality": ("ImageLaterality", "Laterality"),
    "grid": ("Grid",),
    "intent": ("PresentationIntentType",),
    "photometric": ("PhotometricInterpretation",),
}
# A coded word (PS3.5 6.2, CS): anything else in its place may be a name that somebody typed there.
_CODED = re.compile(r"[A-Z0-9_ ]{1,16}")


def technique_of(path: Path) -> dict[str, Fact]:
    """Technique of a DICOM film by field of the record; empty for any other file.

    Only the tags of the list are read, so that no identifier is even in memory.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    """
    if path.is_dir() or not sniff.is_dicom(head_of(path)):
        return {}
    import pydicom

    keywords = [rule[0] for rules in _NUMBERS.values() for rule in rules]
    keywords += [keyword for words in _WORDS.values() for keyword in words]
    with reading(path, "the DICOM header cannot be read", "the file is damaged; copy or export it again", detail=False):
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[*keywords, "SOPClassUID"])
        return _facts(header)


def _facts(header: Any) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for field, rules in _NUMBERS.items():
        for keyword, unit, factor in rules:
            number = _number(header.get(keyword))
            if number is not None and field not in facts:
                facts[field] = Fact(number * factor if factor != 1 else number, unit, keyword)
    for field, words in _WORDS.items():
        for keyword in words:
            word = str(header.get(keyword) or "").strip()
            if _CODED.fullmatch(word) and field not in facts:
                facts[field] = Fact(word, None, keyword)
    uid = header.get("SOPClassUID")
    if uid is not None and uid.name != uid:
        facts["sop_class"] = Fact(str(uid.name), None, "SOPClassUID")
    return facts


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < abs(number) < 1e9 else None
