"""Walk over an image in bands of tiles, several threads at a time, results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, rows done and rows in all. Raising from it stops the measurement."""

_LEAST_ROWS = 512
_LEAST_COLS = 1024


@dataclass(frozen=True, slots=True)
class Box:
    """Part of an image in level-0 pixels."""

    row: int
    col: int
    height: int
    width: int


def default_workers() -> int:
    """Threads to use: the processors this process may run on."""
    count = getattr(os, "process_cpu_count", os.cpu_count)()
    return max(1, min(count or 1, 16))


def bands(info: ImageInfo, *, least_rows: int = _LEAST_ROWS, least_cols: int = _LEAST_COLS) -> Iterator[list[Box]]:
    """Boxes from top to bottom, each list one full-width band, made of whole tiles so that none is decoded twice."""
    rows = _multiple(info.tile_height_px, least_rows)
    cols = _multiple(info.tile_width_px, least_cols)
    for row in range(0, info.height_px, rows):
        height = min(rows, info.height_px - row)
        yield [
            Box(row, col, height, min(cols, info.width_px - col)) for col in range(0, info.width_px, cols)
        ]  # fmt: skip


def map_in_order(work: Callable[[Box], T], boxes: Iterator[Box], workers: int) -> Iterator[tuple[Box, T]]:
    """Results of ``work`` in the order of the boxes; a few boxes ahead and no more, so memory stays small."""
    with ThreadPoolExecutor(workers, thread_name_prefix="calcannot") as pool:
        waiting: deque[tuple[Box, Future[T]]] = deque()
        try:
            for box in boxes:
                waiting.append((box, pool.submit(work, box)))
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
