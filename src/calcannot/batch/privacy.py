"""What in a case could tell whose it is. It is listed; nothing is removed, and nothing is called anonymous."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from calcannot.errors import CalcannotError
from calcannot.io.identifiers import identifiers_in
from calcannot.model.identifier import Identifier, Weight
from calcannot.store.case_folder import PLACES
from calcannot.store.record_table import names_a_person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.case import Case, CaseImage
    from calcannot.model.leaf import Leaf
    from calcannot.store.case_folder import CaseFolder

_FULL_DATE = re.compile(r"\b(?:19|20)\d{2}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./](?:19|20)\d{2}\b")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
_LONG_NUMBER = re.compile(r"(?<![\d.])\d{6,}(?![\d.])")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that could identify, and where in the case it is."""

    place: str
    identifier: Identifier


def check_privacy(case: CaseFolder) -> list[Finding]:
    """List what could identify: in the record, in file names, in the headers of images, in strokes and history.

    Raises
    ------
    CalcannotError
        If strokes or history are damaged. An image that cannot be read is a finding.
    """
    found = [*_in_record(case.record), *_together(case.record), *_in_images(case), *_by_hand(case)]
    if (case.path / PLACES).is_file():
        what = "holds folders of this computer; leave it behind when the case is passed on"
        found.append(_finding(PLACES, "place", what))
    if case.path.resolve().name.casefold() != case.record.id.casefold():
        found.append(_finding("case folder", "file name", "has another name than the case", Weight.MAY))
    return found


def _finding(place: str, group: str, what: str, weight: Weight = Weight.IDENTIFIES) -> Finding:
    return Finding(place, Identifier(group, what, weight))


def _in_record(case: Case) -> Iterator[Finding]:
    dates: list[str] = []
    for name, value in _texts(case.to_dict()):
        field = name.rpartition(".")[2]
        if names_a_person(field) and value not in ("", None):
            yield _finding("case.json", "person", f"the field {name} seems to name a person")
        if not isinstance(value, str) or field in ("sha256", "checksum", "path", "calibration_set_at"):
            continue
        if _ADDRESS.search(value):
            yield _finding("case.json", "person", f"{name} holds an e-mail address")
        elif _FULL_DATE.search(value):
            dates.append(name)
        elif _LONG_NUMBER.search(value):
            yield _finding("case.json", "number", f"{name} holds a long number", Weight.MAY)
    if dates:
        what = f"{len(dates)} field(s) hold a date to the day, {dates[0]} first; a year will often do"
        yield _finding("case.json", "date", what, Weight.MAY)


def _together(case: Case) -> Iterator[Finding]:
    """Facts that are harmless alone: in a rare disease a few of them name one person."""
    diagnosis = case.classification.type or case.classification.subtype
    dates = {value[:4] for name, value in _texts(case.to_dict()) if name.endswith(".date") and isinstance(value, str)}
    parts = {
        "age": _said(case.subject.age),
        "sex": _said(case.subject.sex),
        "ethnicity": _said(case.subject.ethnicity),
        "sites": any(_said(lesion.site) for lesion in case.lesions),
        "year": bool(dates),
        "diagnosis": _said(diagnosis) or bool(case.title),
        "citation": bool(case.citation),
    }
    there = [name for name, is_there in parts.items() if is_there]
    if parts["citation"]:
        yield _finding("case.json", "combination", "the citation leads to the published case")
    if parts["diagnosis"] and len(there) >= 4:
        what = f"{', '.join(there)} together may name one person: the disease is rare"
        yield _finding("case.json", "combination", what, Weight.MAY)


def _in_images(case: CaseFolder) -> Iterator[Finding]:
    for image in case.images:
        yield from _in_name(image)
        try:
            for each in identifiers_in(case.image_path(image.id)):
                yield Finding(f"image {image.id}", each)
        except CalcannotError as error:
            yield _finding(f"image {image.id}", "unread", f"could not be looked at: {error}", Weight.MAY)


def _in_name(image: CaseImage) -> Iterator[Finding]:
    name = PurePosixPath(image.path)
    if re.search(r"[^\W\d_]{3,}", name.stem.replace(image.role, "")) or _LONG_NUMBER.search(name.stem):
        yield _finding(f"image {image.id}", "file name", "its file name has words or numbers", Weight.MAY)
    if len(name.parts) > 1 and name.parts.count("..") > 1:
        yield _finding(f"image {image.id}", "place", "its path names folders outside of the study", Weight.MAY)
    if image.id == name.name and re.search(r"[^\W\d_]{3,}", name.stem.replace(image.role, "")):
        yield _finding(f"image {image.id}", "file name", "its id is its file name, and goes into tables", Weight.MAY)


def _by_hand(case: CaseFolder) -> Iterator[Finding]:
    authors = {event.author for event in case.history() if event.author}
    named = False
    for image in case.images:
        strokes = case.annotations(image.id).strokes
        authors |= {stroke.author for stroke in strokes if stroke.author}
        named = named or any(stroke.name for stroke in strokes)
    if authors:
        what = f"{len(authors)} author(s) are named, as they wished to be, with the time of what they did"
        yield _finding("strokes and history", "staff", what, Weight.MAY)
    if named:
        yield _finding("strokes", "free text", "regions have names that somebody typed", Weight.MAY)


def _said(leaf: Leaf | None) -> bool:
    return leaf is not None and leaf.value is not None


def _texts(content: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _texts(value, f"{place}.{key}" if place else str(key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _texts(value, f"{place}.{number}")
    else:
        yield place, content
