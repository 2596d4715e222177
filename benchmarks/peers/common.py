"""What the scripts of peers share: blocks of a slide, several processes, and one line of JSON at the end.

Run in an environment of their own, without calcannot.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from typing import Any

BLOCK = 2048


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("slide")
    parser.add_argument("--threshold", type=int, required=True, help="mineral is at or below it")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--least-area", type=int, default=8)
    return parser.parse_args()


def blocks(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Column, row, width and height of blocks that cover an image."""
    return [
        (col, row, min(BLOCK, width - col), min(BLOCK, height - row))
        for row in range(0, height, BLOCK)
        for col in range(0, width, BLOCK)
    ]


_OPEN: dict[str, Any] = {}


def pixels(path: str, block: tuple[int, int, int, int]) -> Any:
    """RGB of a block through OpenSlide, opened once in each process; uint8 (height, width, 3)."""
    import numpy as np
    import openslide

    if path not in _OPEN:
        _OPEN[path] = openslide.OpenSlide(path)
    col, row, width, height = block
    return np.asarray(_OPEN[path].read_region((col, row), 0, (width, height)))[..., :3]


def over_blocks(work: Any, path: str, processes: int, *more: Any) -> list[Any]:
    """Results of ``work(path, block, *more)`` for all blocks of a slide, in several processes."""
    import openslide

    with openslide.OpenSlide(path) as slide:
        width, height = slide.dimensions
    tasks = [(path, block, *more) for block in blocks(width, height)]
    with multiprocessing.Pool(processes) as pool:
        return pool.starmap(work, tasks, chunksize=4)


def report(start: float, pixel_count: int, rows: list[Any]) -> None:
    """Print wall time, peak memory of the largest process, and what was found; rows are (area, perimeter, Feret)."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        json.dumps(
            {
                "wall_s": time.perf_counter() - start,
                "peak_mib": peak / 1024,
                "pixels": pixel_count,
                "regions": len(rows),
                "area_px": int(sum(row[0] for row in rows)),
            }
        )
    )
