"""The mask on screen: what was measured, kept equal to what would be measured now while strokes come and go.

A stroke that adds, erases or rejects changes the mask near itself only. Those pixels are decided anew by the functions
that every measurement uses; which regions are large or dark enough is looked up as far around as it depends on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import Annotations, Stroke, StrokeKind
from calcannot.model.classes import MINERAL
from calcannot.morphometry.band_runs import joined_boxes
from calcannot.morphometry.box_runs import runs_of_classes
from calcannot.morphometry.region_builder import RegionBuilder, measured_band
from calcannot.pipeline.kept import kept_components
from calcannot.pipeline.local_contrast import above_surroundings
from calcannot.segment.window import WindowClassifier
from napari_calcannot.boxes import Box, box_of, merged_boxes
from napari_calcannot.mask_tiles import MaskTiles
from napari_calcannot.question import is_same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageSource
    from calcannot.model.regions import LabelledRuns

Mask = npt.NDArray[np.bool_]
_EVERYWHERE = (StrokeKind.REGION, StrokeKind.EXCLUDE)  # they bound the statistics: all may change
_LOCAL = (StrokeKind.ADD, StrokeKind.ERASE, StrokeKind.REJECT)
_PAD_PX = 64
_LARGEST_WINDOW_PX = 64_000_000


class LiveMask:
    """Mask of one image.

    Parameters
    ----------
    source
        The image that was measured.
    analysis
        The measurement to start from.
    """

    def __init__(self, source: ImageSource, analysis: Analysis) -> None:
        self._source = above_surroundings(source, analysis.recipe, analysis.annotations)
        self._info = analysis.info if self._source is source else self._source.info
        self._resolved = analysis.resolved
        self._classifier: WindowClassifier | None = None
        self._bounds: dict[str, tuple[Stroke, tuple[float, float, float, float]]] = {}
        self._painted: list[tuple[Box, npt.NDArray[np.uint8]]] = []
        self.annotations = analysis.annotations
        self.tiles = MaskTiles(analysis.runs)
        self.area_px = analysis.totals.calcified_area_px
        """Pixels of the mask: the calcified area that would be measured."""

    @property
    def runs(self) -> LabelledRuns:
        """Of the measurement."""
        return self.tiles.runs

    def follow(self, annotations: Annotations) -> list[Box] | None:
        """Change the mask to these strokes.

        Returns
        -------
        list of Box or None
            Where it changed; None where only a measurement can tell, and the mask is then as it was.
        """
        changed = _changed(self.annotations, annotations)
        if any(stroke.kind in _EVERYWHERE for stroke in changed):
            return None
        height, width = self._info.height_px, self._info.width_px
        boxes = [box for s in changed if s.kind in _LOCAL and (box := box_of(s, height, width)) is not None]
        touched = [self._decide(box, annotations) for box in merged_boxes(boxes)]
        if any(box is None for box in touched):
            return None
        self.annotations = annotations
        return [box for box in touched if box is not None]

    def paint(self, box: Box, touched: Mask, *, adds: bool) -> None:
        """Show paint while the brush is down, for ``unpaint`` to take away; no number changes."""
        before = self.tiles.codes(*box[:2], *box.shape)
        self._painted.append((box, before))
        self.tiles.put(*box[:2], (before > 0) | touched if adds else (before > 0) & ~touched)

    def unpaint(self) -> list[Box]:
        """Take away what was painted; where it was."""
        boxes = [box for box, _ in self._painted]
        for box, before in reversed(self._painted):
            self.tiles.put_codes(*box[:2], before)
        self._painted.clear()
        return merged_boxes(boxes)

    def warm_up(self) -> None:
        """Compile the rule now, and not at the first stroke."""
        self._classify(Box(0, 0, 1, 1), self.annotations)

    def _decide(self, box: Box, annotations: Annotations) -> Box | None:
        """Decide a box and all regions that reach into it; the box that was looked at."""
        height, width = self._info.height_px, self._info.width_px
        pad = _PAD_PX
        while True:
            window = box.padded(pad, height, width)
            if window.shape[0] * window.shape[1] > _LARGEST_WINDOW_PX:
                return None
            classes, levels = self._classify(window, annotations)
            shown = self.tiles.mask(*window[:2], *window.shape)
            decided = self._decided(window, box, classes, levels, shown)
            if decided is not None:
                self.area_px += int(decided.sum()) - int(shown.sum())
                self.tiles.put(window.row, window.col, decided)
                return window
            pad *= 4

    def _decided(
        self, window: Box, box: Box, classes: npt.NDArray[np.uint8], levels: npt.NDArray[np.int32], shown: Mask
    ) -> Mask | None:
        """The mask of a window, or None where a region that counts reaches out of it and is not yet known."""
        rows, cols = window.shape
        builder = RegionBuilder(rows, cols)
        builder.add(measured_band(joined_boxes([runs_of_classes(classes, levels, 0)], rows), 0, 0, rows, rows, cols))
        components = builder.components(MINERAL)
        assert self._classifier is not None
        keep = kept_components(components, self._resolved, self._classifier.scale)
        count = keep.size
        number = builder.runs_of(components, np.ones(count, np.bool_)).labels(0, 0, rows, cols)
        near = box.padded(1, self._info.height_px, self._info.width_px)
        around = np.s_[near.row - window.row : near.last_row - window.row, near.col - window.col : near.last_col
                       - window.col]  # fmt: skip
        concerned = np.zeros(count + 1, np.bool_)
        concerned[np.unique(number[around])] = True
        concerned[0] = False
        keeps = np.concatenate([[False], keep])
        for edge in self._open_edges(window):
            across, was = number[edge], shown[edge]
            asked = concerned[across]
            # What reaches out is known where it is kept by what is seen of it, and is on show already.
            if (asked & ~(keeps[across] & was)).any():
                return None
        decided = shown.copy()
        decided[around] &= number[around] > 0
        mine = concerned[number]
        decided[mine] = keeps[number[mine]]
        return decided

    def _open_edges(self, window: Box) -> list[tuple[int | slice, int | slice]]:
        """Rows and columns of a window beyond which the image goes on."""
        every = slice(None)
        edges: list[tuple[int | slice, int | slice]] = []
        if window.row > 0:
            edges.append((0, every))
        if window.col > 0:
            edges.append((every, 0))
        if window.last_row < self._info.height_px:
            edges.append((-1, every))
        if window.last_col < self._info.width_px:
            edges.append((every, -1))
        return edges

    def _classify(self, window: Box, annotations: Annotations) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        if self._classifier is None:
            self._classifier = WindowClassifier(self._info, self._resolved, annotations, few_pixels=True)
        bounding = annotations.of(*_EVERYWHERE)
        painted = annotations.of(*_LOCAL)
        self._classifier.annotations = Annotations((*bounding, *self._near(painted, window)))
        return self._classifier.classify(self._source, window.row, window.col, *window.shape)

    def _near(self, strokes: Sequence[Stroke], window: Box) -> tuple[Stroke, ...]:
        """Strokes that reach into a window, in order."""
        for stroke in strokes:
            if stroke.id not in self._bounds or self._bounds[stroke.id][0] is not stroke:
                self._bounds[stroke.id] = (stroke, stroke.bounds())
        return tuple(
            stroke for stroke in strokes
            if (b := self._bounds[stroke.id][1])[0] < window.last_col and b[2] > window.col
            and b[1] < window.last_row and b[3] > window.row
        )  # fmt: skip


def _changed(before: Annotations, after: Annotations) -> list[Stroke]:
    """Strokes that are in one of them only, or in another place among those that paint."""
    old, new = ({stroke.id: stroke for stroke in each.strokes} for each in (before, after))
    stay = {name for name, stroke in old.items() if name in new and is_same(stroke, new[name])}
    changed = [s for each in (before, after) for s in each.strokes if s.id not in stay]
    orders = ([s for s in each.strokes if s.id in stay] for each in (before, after))
    return changed + [s for s, t in zip(*orders, strict=True) if s.id != t.id]
