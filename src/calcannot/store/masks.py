"""The mask as a tiled pyramidal OME-TIFF, drawn from runs a band at a time."""

from __future__ import annotations

import hashlib
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.processors import default_workers
from calcannot.runs.raster import Runs, halved, row_of_tiles
from calcannot.store.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcannot.model.calibration import Calibration
    from calcannot.model.regions import LabelledRuns

TILE = 256
_SMALLEST_LEVEL = 512
_EFFORT = 4  # of 12: more takes half as long again for a fifth of the bytes
_MOST_THREADS = 8


def write_mask(path: Path, runs: LabelledRuns, calibration: Calibration | None, workers: int | None = None) -> None:
    """Write 0/1 pixels, with physical size where known.

    Lower levels hold the maximum of 2 x 2 pixels, so that small grains stay visible in an overview.
    """
    import tifffile

    threads = min(workers or default_workers(), _MOST_THREADS)
    levels = 1
    while max(runs.height_px, runs.width_px) >> (levels - 1) > _SMALLEST_LEVEL:
        levels += 1
    metadata: dict[str, object] = {"axes": "YX", "Name": "calcified", "UUID": _identity(runs, calibration)}
    if calibration is not None:
        metadata |= {
            "PhysicalSizeX": calibration.um_per_px_col, "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": calibration.um_per_px_row, "PhysicalSizeYUnit": "µm",
        }  # fmt: skip
    options: dict[str, Any] = {
        "tile": (TILE, TILE),
        "compression": "zlib",
        "photometric": "minisblack",
        "dtype": np.uint8,
    }
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, ome=True, bigtiff=_is_big(runs)) as tiff:
        drawn: Runs | LabelledRuns = runs
        for level in range(levels):
            if level:
                drawn = halved(drawn)
            shape = (drawn.height_px, drawn.width_px)
            extra: dict[str, Any] = {"subifds": levels - 1, "metadata": metadata} if level == 0 else {"subfiletype": 1}
            tiff.write(_tiles(drawn, threads), shape=shape, **options, **extra)


def _identity(runs: LabelledRuns, calibration: Calibration | None) -> str:
    """UUID of the mask: the same pixels and scale give the same bytes whenever they are written."""
    content = hashlib.sha256(f"{runs.height_px} {runs.width_px} {calibration}".encode())
    for array in (runs.row_start, runs.start, runs.stop):
        content.update(np.ascontiguousarray(array).tobytes())
    return str(uuid.UUID(bytes=content.digest()[:16], version=5))


def _is_big(runs: LabelledRuns) -> bool:
    return runs.height_px * runs.width_px > 2**31


def _tiles(runs: Runs | LabelledRuns, threads: int) -> Iterator[bytes]:
    """Compressed tiles of a level, row by row; rows are drawn in several threads, and an empty tile is packed once."""
    from imagecodecs import deflate_encode

    empty = bytes(deflate_encode(bytes(TILE * TILE), level=_EFFORT))

    def row_of(number: int) -> list[bytes]:
        tiles, place = row_of_tiles(runs, number * TILE, TILE)
        packed = [bytes(deflate_encode(tile.data, level=_EFFORT)) for tile in tiles]
        return [packed[each] if each >= 0 else empty for each in place]

    rows = -(-runs.height_px // TILE)
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque(pool.submit(row_of, number) for number in range(min(2 * threads, rows)))
        following = len(ahead)
        while ahead:
            yield from ahead.popleft().result()
            if following < rows:
                ahead.append(pool.submit(row_of, following))
                following += 1
