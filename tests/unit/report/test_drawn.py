"""Corrections by hand are told: how many of each kind, with names and reasons, by whom."""

from __future__ import annotations

import numpy as np

from calcannot import Annotations
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.report.drawn import drawn_rows

RING = (np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]),)


def told(*strokes: Stroke) -> dict[str, tuple[str, str]]:
    return {row.label: (row.value, row.note) for row in drawn_rows(Annotations(strokes))}


def test_each_kind_is_counted_with_its_names_or_reasons():
    assert told(
        Stroke("1", StrokeKind.EXCLUDE, RING, reason="ink", author="B", time="2026-02-03T10:00:00Z"),
        Stroke("2", StrokeKind.EXCLUDE, RING, reason="ink", author="A", time="2026-01-02T10:00:00Z"),
        Stroke("3", StrokeKind.EXCLUDE, RING, reason="fold", author="A", time="2026-01-02T11:00:00Z"),
        Stroke("4", StrokeKind.REGION, RING, name="left hip", author="A", time="2026-01-02T12:00:00Z"),
        Stroke("5", StrokeKind.ADD, RING, author="A", time="2026-01-02T12:00:00Z"),
    ) == {
        "Regions of interest": ("1", "left hip"),
        "Left out": ("3", "ink (2), fold"),
        "Mineral added by hand": ("1", ""),
        "By": ("A, B", "2026-01-02 to 2026-02-03"),
    }


def test_no_stroke_and_no_author_are_said():
    assert told() == {"Strokes": ("none", "everything is as the rule decided")}
    assert told(Stroke("1", StrokeKind.ERASE, RING))["By"] == ("not on record", "")
