"""Which boxes of an image strokes part or leave out: told from outlines, before a pixel is read."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from calcannot.pipeline.scan import bands
from calcannot.segment.allowed import AllowedArea, Corrections, with_exclusions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageInfo
    from calcannot.pipeline.scan import Box


class DrawnBoxes:
    """The boxes of ``bands`` without surroundings, by what strokes do to them.

    Attributes
    ----------
    outside
        Places (row, col) of boxes of which nothing is measured.
    drawn_on
        Places of boxes whose pixels are not all decided by the rule.
    """

    def __init__(self, info: ImageInfo, annotations: Annotations) -> None:
        drawn = with_exclusions(info, annotations)
        self._area, corrections = AllowedArea(drawn), Corrections(drawn)
        self.outside, self.drawn_on = set[tuple[int, int]](), set[tuple[int, int]]()
        for box in chain.from_iterable(chain.from_iterable(bands(info, halo=False) if drawn.strokes else ())):
            place = box.row, box.col, box.height, box.width
            covered = self._area.covers(*place)
            if covered is False:
                self.outside.add(place[:2])
            elif covered is None or corrections.touch(*place):
                self.drawn_on.add(place[:2])

    def mask(self, box: Box) -> npt.NDArray[np.bool_] | None:
        """Pixels of a box that are measured; None where all are."""
        if (box.row, box.col) not in self.drawn_on:
            return None
        return self._area.mask(box.row, box.col, box.height, box.width)
