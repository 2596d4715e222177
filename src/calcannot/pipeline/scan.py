"""Walk over an image in bands of boxes, several threads at a time, results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from calcannot.morphometry.box_runs import LARGEST_WIDTH

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, rows done and rows in all. Raising from it stops the measurement."""

_LARGEST_TILE: Final = 4096  # a "tile" higher than this is an image that was decoded whole
_ROWS_OF_WHOLE: Final = 1024
_WITH_HALO: Final = (512, 1024)  # boxes whose surroundings are read too: large, so that little is read twice
_STRIP: Final = 16  # boxes handed to a thread at once: a hand-over costs as much as decoding a small tile


@dataclass(frozen=True, slots=True)
class Box:
    """Part of an image in level-0 pixels."""

    row: int
    col: int
    height: int
    width: int


Strip = list[Box]


def default_workers() -> int:
    """Threads to use: the processors this process may run on."""
    count = getattr(os, "process_cpu_count", os.cpu_count)()
    return max(1, min(count or 1, 16))


def bands(info: ImageInfo, *, halo: bool) -> Iterator[list[Strip]]:
    """Full-width bands from top to bottom; each is strips of boxes from left to right.

    A box is one tile of the file, so that none is decoded twice; where surroundings are read too (``halo``) it is
    several.
    """
    rows, cols = info.tile_height_px, info.tile_width_px
    if halo:
        rows, cols = (_multiple(tile, least) for tile, least in zip((rows, cols), _WITH_HALO, strict=True))
    rows = rows if rows <= _LARGEST_TILE else _ROWS_OF_WHOLE
    cols = min(cols, LARGEST_WIDTH)
    for row in range(0, info.height_px, rows):
        height = min(rows, info.height_px - row)
        boxes = [Box(row, col, height, min(cols, info.width_px - col)) for col in range(0, info.width_px, cols)]
        yield [boxes[i : i + _STRIP] for i in range(0, len(boxes), _STRIP)]


def map_in_order(
    work: Callable[[Strip], T], strips: Iterable[Strip], workers: int
) -> Generator[tuple[Strip, T], None, None]:
    """Results of ``work`` in the order of the strips; a few strips ahead and no more, so memory stays small."""
    with ThreadPoolExecutor(workers, thread_name_prefix="calcannot") as pool:
        waiting: deque[tuple[Strip, Future[T]]] = deque()
        try:
            for strip in strips:
                waiting.append((strip, pool.submit(work, strip)))
                if len(waiting) > 2 * workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _multiple(tile: int, least: int) -> int:
    return tile * max(1, -(-least // tile))
