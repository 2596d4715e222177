"""What a person drew on an image, as rows: a correction by hand is part of the number and must be seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from calcannot.model.annotation import StrokeKind
from calcannot.report.document import Row

if TYPE_CHECKING:
    from calcannot.model.annotation import Annotations

_LABELS: Final = {
    StrokeKind.REGION: "Regions of interest",
    StrokeKind.EXCLUDE: "Left out",
    StrokeKind.ADD: "Mineral added by hand",
    StrokeKind.ERASE: "Mineral erased by hand",
    StrokeKind.ACCEPT: "Regions accepted",
    StrokeKind.REJECT: "Regions rejected",
}


def drawn_rows(annotations: Annotations) -> tuple[Row, ...]:
    """Numbers of strokes by kind, with names and reasons, and who drew them when."""
    rows = []
    for kind, label in _LABELS.items():
        strokes = annotations.of(kind)
        if strokes:
            said = Counter(stroke.reason if kind is StrokeKind.EXCLUDE else stroke.name for stroke in strokes)
            names = ", ".join(f"{each} ({count})" if count > 1 else each for each, count in said.items() if each)
            rows.append(Row(label, str(len(strokes)), names))
    if not rows:
        return (Row("Strokes", "none", "everything is as the rule decided"),)
    authors = sorted({stroke.author for stroke in annotations.strokes if stroke.author})
    days = sorted({stroke.time[:10] for stroke in annotations.strokes if stroke.time})
    when = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
    rows.append(Row("By", ", ".join(authors) or "not on record", when, absent=not authors))
    return tuple(rows)
