"""Values of a rule at every resolution, reduced by the maximum: a grain of one pixel can be seen in an overview.

A threshold then is a step in a colour map at any zoom. The maximum needs every pixel of the slide once. The lower
levels are filled box by box in a thread, from where somebody looks outwards; of those that are too large to be held,
what is in view is computed, and what the thread comes by is kept in a file. Until then averaged pixels stand in.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import CalcannotError
from napari_calcannot.levels import LazyLevel
from napari_calcannot.precedence import IN_VIEW
from napari_calcannot.tile_loader import TileLoader
from napari_calcannot.tile_mosaic import repeated
from napari_calcannot.value_tiles import IN_FILE, ValueTiles, halved_by_maximum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calcannot.model.annotation import Annotations
    from calcannot.model.image import ImageSource
    from napari_calcannot.image_pyramid import ImagePyramid
    from napari_calcannot.preview import PreviewRule
    from napari_calcannot.tile_cache import TileCache

Values = npt.NDArray[Any]

_KEPT_PX = 24_000_000  # largest level that is held whole
_SMALLEST_PX = 1024
_BOX_PX = 2048
_SMALL_BYTES = 4 << 20


class ValuePyramid:
    """Levels of a rule's values, 0 where nothing may be measured.

    Parameters
    ----------
    source, rule, annotations, image
        As of ``ValueTiles``.
    cache
        Shared by all open images.
    """

    def __init__(
        self, source: ImageSource, rule: PreviewRule, annotations: Annotations, image: ImagePyramid, cache: TileCache
    ) -> None:
        info = source.info
        self.rule = rule
        self._image = image
        self._tiles = ValueTiles(source, rule, annotations, image)
        self.shift, self.dtype = self._tiles.shift, self._tiles.dtype
        shapes = [(info.height_px, info.width_px)]
        while max(shapes[-1]) > _SMALLEST_PX:
            shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
        self._first_kept = next(i for i, (rows, cols) in enumerate(shapes) if rows * cols <= _KEPT_PX)
        if not image.is_large:
            self._first_kept = min(self._first_kept, 1)
        self._shapes = shapes
        self._kept: dict[int, Values] = {}
        self._loader = TileLoader(
            self._read, shapes[: max(1, self._first_kept)], self.dtype, image.loader.tile, cache, ("values", id(self)),
            nearing=self._nearing, after=IN_VIEW,
        )  # fmt: skip
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._filled = 0
        self._to_fill = self._boxes()

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

    def is_exact_in_view(self, level: int) -> bool:
        """Whether a level shows no averaged or coarser pixels in what was looked at last."""
        return not (self.is_filling if level in self._kept else self._loader.is_busy)

    def levels(self) -> list[LazyLevel | Values]:
        """Full resolution first. Asking for them starts the filling."""
        made: list[LazyLevel | Values] = []
        for level, shape in enumerate(self._shapes):
            if level < self._first_kept or level == 0:
                made.append(LazyLevel(self._now(level), shape, self.dtype, (self._loader.tile,) * 2,
                                      whole=self._whole(level)))  # fmt: skip
            else:
                made.append(self._kept[level] if level in self._kept else self._brought_back(level, shape))
        if self._kept:
            self._loader.mosaic.lowest = self._kept[max(1, self._first_kept)]
            if self._thread is None:
                self._fill_roughly()
                self._start_filling()
        return made

    def set_aside(self) -> bool:
        """Write the levels that are held into a file, until ``levels`` is asked again; False where they stay."""
        if self.is_filling or self._thread is None or sum(each.nbytes for each in self._kept.values()) < _SMALL_BYTES:
            return False
        for level, kept in self._kept.items():
            if not self._tiles.file.put(("level", level), kept, effort=0):
                return False
        self._loader.mosaic.lowest = None
        self._kept.clear()
        return True

    def in_view(self, row: int, col: int, height: int, width: int) -> Values:
        """Values of a box of the image as far as they are there."""
        return self._now(0)(row, col, height, width)

    def _brought_back(self, level: int, shape: tuple[int, int]) -> Values:
        aside = self._tiles.file.take(("level", level))
        self._kept[level] = np.zeros(shape, self.dtype) if aside is None else aside
        if aside is None and self._thread is not None:
            self._thread = None  # lost with its disk: filled once more
            self._to_fill = self._boxes()
        return self._kept[level]

    def retry(self) -> None:
        """Try again what failed, and go on filling the lower levels."""
        self._loader.retry()
        if self._thread is not None and not self._thread.is_alive() and self._to_fill:
            self._start_filling()

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._loader.close()
        self._kept.clear()
        self._tiles.file.close()

    def at(self, row: int, col: int, height: int, width: int) -> Values:
        """Values of a box of the image itself, bounded."""
        return self._tiles.at(row, col, height, width)

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

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> Values:
        *_, whole = self._nearing(row, col, height, width, level)
        return whole

    def _nearing(self, row: int, col: int, height: int, width: int, level: int) -> Iterator[Values]:
        """Values of a tile: of averaged pixels first, then piece by piece of the image's own."""
        if level == 0:
            yield self._tiles.of_tile(row, col, height, width)
            return
        box = (row, col, height, width)
        rough = self._tiles.averaged(box, self._shapes[level], level)
        tile = self._loader.mosaic.assembled(level, *box, {}, lambda _: None) if rough is None else rough
        yield tile
        rows, cols = self._shapes[0]
        bottom, right = min((row + height) << level, rows), min((col + width) << level, cols)
        for top, left, part in self._tiles.pieces(level, row << level, col << level, bottom, right):
            r, c = (top >> level) - row, (left >> level) - col
            tile[r : r + part.shape[0], c : c + part.shape[1]] = part
            yield tile
        if level == IN_FILE:
            self._tiles.file.put((row, col), tile)

    def _fill_roughly(self) -> None:
        """Values of the averaged overview, enlarged: what can be had at once."""
        overview = self.rule.values(self._image.overview())
        for level, kept in self._kept.items():
            rows = np.arange(kept.shape[0]) * overview.shape[0] // kept.shape[0]
            cols = np.arange(kept.shape[1]) * overview.shape[1] // kept.shape[1]
            kept[...] = self._tiles.reduced_bounded(repeated(overview, rows, cols), (0, 0, *kept.shape), level)

    def _start_filling(self) -> None:
        self._thread = threading.Thread(target=self._fill, name="calcannot preview", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        """Reduce the image by the maximum, a box at a time, the nearest to what is looked at first."""
        while self._to_fill and not self._stop.is_set():
            box = self._next_box()
            try:
                part = self._strip_by_strip(*box)
            except CalcannotError as error:
                self._loader.failure = error  # said by whoever shows the levels; they stay as they are
                return
            if part is None:
                return
            for level in range(1, max(self._kept) + 1):
                part = halved_by_maximum(part)
                r, c = box[0] >> level, box[1] >> level
                if level in self._kept:
                    self._kept[level][r : r + part.shape[0], c : c + part.shape[1]] = part
                elif level == IN_FILE:
                    self._tiles.keep(r, c, part)
            self._to_fill.remove(box)
            self._filled += 1

    def _boxes(self) -> list[tuple[int, int, int]]:
        (rows, cols), step = self._shapes[0], max(_BOX_PX, 1 << (len(self._shapes) - 1))
        return [(row, col, step) for row in range(0, rows, step) for col in range(0, cols, step)]

    def _next_box(self) -> tuple[int, int, int]:
        (rows, cols), (down, across) = self._shapes[0], self._image.loader.looked_at

        def distance(box: tuple[int, int, int]) -> float:
            row, col, step = box
            return float((row + step / 2 - down * rows) ** 2 + (col + step / 2 - across * cols) ** 2)

        return min(self._to_fill, key=distance)

    def _strip_by_strip(self, row: int, col: int, step: int) -> Values | None:
        """Values of a box, read in small parts so that what is in view need not wait; None when it is to stop."""
        height, width = min(step, self._shapes[0][0] - row), min(step, self._shapes[0][1] - col)
        values = np.empty((height, width), self.dtype)
        for top in range(0, height, self._loader.tile):
            IN_VIEW.make_way()
            if self._stop.is_set():
                return None
            strip = values[top : top + self._loader.tile]
            strip[...] = self.at(row + top, col, *strip.shape)
        return values
