"""Values of a rule at every resolution, reduced by the maximum: a grain of one pixel can be seen in an overview.

A threshold then is a step in a colour map at any zoom. The maximum over a whole slide needs every pixel of it once: the
lower levels are filled box by box in a thread, and hold the file's own averaged pixels until then.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalcannotError
from calcannot.model.annotation import Annotations, StrokeKind
from calcannot.segment.allowed import allowed_in
from napari_calcannot.levels import LazyLevel
from napari_calcannot.tile_loader import TileLoader

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.model.image import ImageSource
    from napari_calcannot.image_pyramid import ImagePyramid
    from napari_calcannot.preview import PreviewRule
    from napari_calcannot.tile_cache import TileCache

Values = npt.NDArray[Any]

_KEPT_PX = 24_000_000  # largest level that is held whole
_SMALLEST_PX = 1024
_BOX_PX = 2048


class ValuePyramid:
    """Levels of a rule's values, 0 where nothing may be measured.

    Parameters
    ----------
    source, rule
        Whose values.
    annotations
        Regions of interest and exclusions bound what is shown; corrections do not.
    image
        The image's own levels: its tiles are used where they are decoded already.
    cache
        Shared by all open images.
    """

    def __init__(
        self, source: ImageSource, rule: PreviewRule, annotations: Annotations, image: ImagePyramid, cache: TileCache
    ) -> None:
        info = source.info
        self.rule = rule
        self._source, self._image = source, image
        self._bounds = Annotations(annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE))
        self.shift = 1 if self._bounds.strokes else 0
        """Added to all values where there are bounds, so that 0 outside them is below every cut."""
        self.dtype = rule.dtype if not self.shift else np.dtype(np.uint16 if rule.dtype == np.uint8 else np.int32)
        shapes = [(info.height_px, info.width_px)]
        while max(shapes[-1]) > _SMALLEST_PX:
            shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
        self._first_kept = next(i for i, (rows, cols) in enumerate(shapes) if rows * cols <= _KEPT_PX)
        if not image.is_large:
            self._first_kept = min(self._first_kept, 1)
        self._shapes = shapes
        self._kept: dict[int, Values] = {}
        self._loader = TileLoader(
            self._read, shapes[: max(1, self._first_kept)], self.dtype, image.loader.tile, cache, ("values", id(self))
        )
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._filled = 0
        self._is_full = False

    @property
    def loader(self) -> TileLoader:
        """Of the levels that are not held whole."""
        return self._loader

    @property
    def filled_boxes(self) -> int:
        """Grows while the lower levels are being filled."""
        return self._filled

    @property
    def is_filling(self) -> bool:
        """Whether lower levels still hold averaged pixels in places."""
        return self._thread is not None and self._thread.is_alive()

    def levels(self) -> list[LazyLevel | Values]:
        """Full resolution first. Asking for them starts the filling."""
        made: list[LazyLevel | Values] = []
        for level, shape in enumerate(self._shapes):
            if level < self._first_kept or level == 0:
                made.append(LazyLevel(self._now(level), shape, self.dtype, (self._loader.tile,) * 2,
                                      whole=self._whole(level)))  # fmt: skip
            else:
                made.append(self._kept.setdefault(level, np.zeros(shape, self.dtype)))
        if self._kept and self._thread is None:
            self._fill_roughly()
            self._start_filling()
        return made

    def retry(self) -> None:
        """Try again what failed, and go on filling the lower levels from the start."""
        self._loader.retry()
        if self._thread is not None and not self._thread.is_alive() and not self._is_full:
            self._start_filling()

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._loader.close()
        self._kept.clear()

    def at(self, row: int, col: int, height: int, width: int) -> Values:
        """Values of a box of the image itself, bounded."""
        return self._bounded(self.rule.values(self._source.read(row, col, height, width)), row, col)

    def _now(self, level: int) -> Callable[[int, int, int, int], Values]:
        def now(row: int, col: int, height: int, width: int) -> Values:
            if self._image.waits:
                return self._loader.read_or_note(self._exact, row, col, height, width, level)
            return self._loader.box(level, row, col, height, width)

        return now

    def _exact(self, row: int, col: int, height: int, width: int, level: int) -> Values:
        return self._loader.exact(level, row, col, height, width)

    def _whole(self, level: int) -> Callable[[], Values]:
        rows, cols = self._shapes[level]
        return lambda: self._loader.exact(level, 0, 0, rows, cols)

    def _bounded(self, values: Values, row: int, col: int) -> Values:
        if not self._bounds.strokes:
            return values
        shifted = values.astype(self.dtype) + self.dtype.type(self.shift)
        shifted[~allowed_in(self._bounds, row, col, *values.shape)] = 0
        return shifted

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> Values:
        if level == 0:
            pixels = self._image.loader.exact(0, row, col, height, width)
            return self._bounded(self.rule.values(pixels), row, col)
        # Straight from the file: sixteen tiles of the image for one of these would push out what is in view.
        rows, cols = self._shapes[0]
        top, left = row << level, col << level
        part = self.at(top, left, min(height << level, rows - top), min(width << level, cols - left))
        for _ in range(level):
            part = halved_by_maximum(part)
        return part

    def _fill_roughly(self) -> None:
        """Values of the averaged overview, enlarged: what can be had at once."""
        overview = self.rule.values(self._image.overview())
        for level, kept in self._kept.items():
            rows = np.arange(kept.shape[0]) * overview.shape[0] // kept.shape[0]
            cols = np.arange(kept.shape[1]) * overview.shape[1] // kept.shape[1]
            rough = overview[rows][:, cols]
            kept[...] = rough
            if self.shift:
                kept[...] = rough.astype(self.dtype) + self.dtype.type(self.shift)
                kept[~_allowed_thinned(self._bounds, kept.shape, 1 << level)] = 0

    def _start_filling(self) -> None:
        self._thread = threading.Thread(target=self._fill, name="calcannot preview", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        """Reduce the image by the maximum, a box at a time."""
        first = min(self._kept)
        rows, cols = self._shapes[0]
        step = max(_BOX_PX, 1 << max(self._kept))
        for row in range(0, rows, step):
            for col in range(0, cols, step):
                if self._stop.is_set():
                    return
                try:
                    part = self.at(row, col, min(step, rows - row), min(step, cols - col))
                except CalcannotError as error:
                    self._loader.failure = error  # said by whoever shows the levels; they stay as they are
                    return
                for level in range(1, max(self._kept) + 1):
                    part = halved_by_maximum(part)
                    if level >= first and level in self._kept:
                        r, c = row >> level, col >> level
                        self._kept[level][r : r + part.shape[0], c : c + part.shape[1]] = part
                self._filled += 1
        self._is_full = True


def halved_by_maximum(values: Values) -> Values:
    """Largest of 2 x 2, of what there is of them at the lower and right edge."""
    rows, cols = values.shape
    padded = np.pad(values, ((0, rows % 2), (0, cols % 2)), mode="edge") if rows % 2 or cols % 2 else values
    tall = np.maximum(padded[::2], padded[1::2])
    return np.asarray(np.maximum(tall[:, ::2], tall[:, 1::2]))


def _allowed_thinned(bounds: Annotations, shape: tuple[int, ...], step: int) -> npt.NDArray[np.bool_]:
    """Whether the place of each pixel of a level is allowed, by shapes reduced to the level."""
    from dataclasses import replace

    reduced = Annotations(tuple(replace(s, rings=tuple(ring / step for ring in s.rings)) for s in bounds.strokes))
    return allowed_in(reduced, 0, 0, shape[0], shape[1])
