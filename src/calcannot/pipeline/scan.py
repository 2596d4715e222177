"""Walk over an image in bands of boxes, several threads at a time, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from calcannot.morphometry.box_runs import LARGEST_WIDTH

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo

S = TypeVar("S")
T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, rows done and rows in all. Raising from it stops the measurement."""

_LARGEST_TILE: Final = 4096  # a "tile" higher than this is an image that was decoded whole
_ROWS_OF_WHOLE: Final = 1024
_WITH_HALO: Final = (512, 1024)  # boxes whose surroundings are read too: large, so that little is read twice
_STRIP_PX: Final = 1 << 21  # handed to a thread at once: a hand-over costs as much as decoding a small tile


class Box(NamedTuple):
    """Part of an image in level-0 pixels."""

    row: int
    col: int
    height: int
    width: int


Strip = list[Box]


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
    at_once = max(1, _STRIP_PX // (rows * cols))
    across = [(col, min(cols, info.width_px - col)) for col in range(0, info.width_px, cols)]
    for row in range(0, info.height_px, rows):
        height = min(rows, info.height_px - row)
        boxes = [Box(row, col, height, width) for col, width in across]
        yield [boxes[i : i + at_once] for i in range(0, len(boxes), at_once)]


def map_in_order(work: Callable[[S], T], parts: Iterable[S], workers: int) -> Generator[tuple[S, T], None, None]:
    """Results of ``work`` in the order of the parts; a few parts ahead and no more, so memory stays small."""
    with ThreadPoolExecutor(workers, thread_name_prefix="calcannot") as pool:
        waiting: deque[tuple[S, Future[T]]] = deque()
        try:
            for part in parts:
                waiting.append((part, pool.submit(work, part)))
                if len(waiting) > 2 * workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def map_bands(
    work: Callable[[Strip], T], join: Callable[[list[Strip], list[T]], S], of: Iterable[list[Strip]], workers: int
) -> Generator[tuple[list[Strip], S], None, None]:
    """Bands in order: ``work`` on each strip of a band, then ``join`` on the band; both in the threads."""
    with ThreadPoolExecutor(workers, thread_name_prefix="calcannot") as pool:
        waiting: deque[tuple[list[Strip], list[Future[T]]]] = deque()
        joined: deque[tuple[list[Strip], Future[S]]] = deque()

        def join_first() -> None:
            band, strips = waiting.popleft()
            joined.append((band, pool.submit(join, band, [strip.result() for strip in strips])))

        try:
            for band in of:
                waiting.append((band, [pool.submit(work, strip) for strip in band]))
                while len(waiting) > 1 and sum(len(strips) for _, strips in waiting) - len(waiting[0][1]) > 2 * workers:
                    join_first()
                while len(joined) > workers:
                    done, future = joined.popleft()
                    yield done, future.result()
            while waiting:
                join_first()
            while joined:
                done, future = joined.popleft()
                yield done, future.result()
        finally:
            for _, strips in waiting:
                for strip in strips:
                    strip.cancel()
            for _, future in joined:
                future.cancel()


def _multiple(tile: int, least: int) -> int:
    return tile * max(1, -(-least // tile))
