"""Boxes of pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.annotation import Stroke


class Box(NamedTuple):
    """Half-open box in pixels."""

    row: int
    col: int
    last_row: int
    last_col: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.last_row - self.row, self.last_col - self.col

    def joined(self, other: Box) -> Box:
        """Smallest box that holds both."""
        low = (min(a, b) for a, b in zip(self[:2], other[:2], strict=True))
        high = (max(a, b) for a, b in zip(self[2:], other[2:], strict=True))
        return Box(*low, *high)

    def padded(self, by: int, height: int, width: int) -> Box:
        """Grown on all sides, within an image."""
        row, col = max(0, self.row - by), max(0, self.col - by)
        return Box(row, col, min(height, self.last_row + by), min(width, self.last_col + by))

    def holds(self, other: Box) -> bool:
        """Whether the other lies inside and touches no side."""
        inside = self.row < other.row and self.col < other.col
        return inside and other.last_row < self.last_row and other.last_col < self.last_col


def box_of(stroke: Stroke, height: int, width: int) -> Box | None:
    """Pixels that a stroke can touch, within the image; None where there are none."""
    x_min, y_min, x_max, y_max = stroke.bounds()
    box = Box(max(0, math.floor(y_min)), max(0, math.floor(x_min)), min(height, math.ceil(y_max)),
              min(width, math.ceil(x_max)))  # fmt: skip
    return box if box.last_row > box.row and box.last_col > box.col else None


def merged_boxes(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that meet as one."""
    merged: list[Box] = []
    for box in boxes:
        grown = box
        while True:
            meeting = [other for other in merged if _meet(grown, other)]
            if not meeting:
                break
            merged = [other for other in merged if other not in meeting]
            for other in meeting:
                grown = grown.joined(other)
        merged.append(grown)
    return merged


def _meet(a: Box, b: Box) -> bool:
    return a.row < b.last_row and b.row < a.last_row and a.col < b.last_col and b.col < a.last_col
