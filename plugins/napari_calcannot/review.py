"""Regions accepted and rejected by a person, and how far the review has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Stroke, StrokeKind
from napari_calcannot.mask_codes import ACCEPTED, MINERAL
from napari_calcannot.painting import Hand, pixel_ring
from napari_calcannot.region_index import RegionIndex

if TYPE_CHECKING:
    from calcannot.model.analysis import Analysis
    from calcannot.model.annotation import Annotations

OPEN, ACCEPT, REJECT = 0, 1, 2
_MARKS: Final = {StrokeKind.ACCEPT: ACCEPT, StrokeKind.REJECT: REJECT}


class Review:
    """Marks on the regions of one measurement.

    Parameters
    ----------
    analysis
        Its regions are reviewed.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.index = RegionIndex(analysis.runs)
        self.status = np.zeros(len(self.index), np.uint8)
        """Open, accepted or rejected, of each region; uint8 (regions,)."""
        self._gone = 0
        self._marks: dict[int, list[Stroke]] = {}
        self._annotations: Annotations | None = None

    @property
    def reviewed(self) -> int:
        """Regions that were accepted or rejected, those that are no longer counted for it among them."""
        return int(np.count_nonzero(self.status)) + self._gone

    @property
    def total(self) -> int:
        """Regions that were found, before any was rejected."""
        return len(self.index) + self._gone

    @property
    def codes(self) -> npt.NDArray[np.uint8]:
        """What each region is shown as."""
        return np.where(self.status == ACCEPT, ACCEPTED, MINERAL).astype(np.uint8)

    def follow(self, annotations: Annotations) -> bool:
        """Take in the marks among these strokes; whether any region's status changed."""
        if annotations is self._annotations:
            return False
        self._annotations = annotations
        marks = annotations.of(*_MARKS)
        places = np.array([_place(mark) for mark in marks], np.int64).reshape(-1, 2)
        regions = self.index.at(places[:, 0], places[:, 1])
        before = self.status.copy()
        self.status[:] = OPEN
        self._marks = {}
        for mark, region in zip(marks, regions.tolist(), strict=True):
            if region >= 0:
                self.status[region] = _MARKS[mark.kind]
                self._marks.setdefault(region, []).append(mark)
        self._gone = sum(mark.kind is StrokeKind.REJECT and region < 0
                         for mark, region in zip(marks, regions.tolist(), strict=True))  # fmt: skip
        return not np.array_equal(before, self.status)

    def mark(self, region: int, kind: StrokeKind, hand: Hand) -> tuple[list[Stroke], list[str]]:
        """Strokes to add, and ids of those to remove, so that a region, counted from 0, is marked.

        A region that is marked so already loses its mark.
        """
        old = self._marks.get(region, [])
        same = any(mark.kind is kind for mark in old)
        new = [] if same else [hand.stroke(kind, (pixel_ring(*self.index.pixel_of(region)),))]
        return new, [mark.id for mark in old]

    def next_open(self, after: int, order: npt.NDArray[np.intp], step: int = 1) -> int | None:
        """Place in ``order`` of the next region without a mark, going round once; None where all have one."""
        count = len(order)
        open_places = np.flatnonzero(self.status[order] == OPEN)
        if not count or not open_places.size:
            return None
        ahead = (open_places - after) * step
        ahead = np.where(ahead > 0, ahead, ahead + count)
        return int(open_places[np.argmin(ahead)])


def _place(mark: Stroke) -> tuple[int, int]:
    x_min, y_min, x_max, y_max = mark.bounds()
    return int((y_min + y_max) // 2), int((x_min + x_max) // 2)
