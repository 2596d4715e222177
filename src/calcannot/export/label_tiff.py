"""Regions as a label image: a tiled pyramidal OME-TIFF whose pixels are region numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcannot.export.subject import Progress, Subject
    from calcannot.model.regions import LabelledRuns

TILE: Final = 256
_SMALLEST_LEVEL: Final = 512
_LARGEST_16_BIT: Final = 65_535


def write_label_tiff(path: Path, subject: Subject, progress: Progress | None = None) -> None:
    """Write region numbers as 16 bits, or 32 from 65,536 regions; 0 is no mineral.

    Lower levels hold the largest number of 2 x 2 pixels, so that no region vanishes from an overview but under others.
    """
    import tifffile

    runs, scale = subject.runs, subject.calibration
    dtype = label_dtype(subject)
    metadata: dict[str, Any] = {"axes": "YX", "Name": "regions"}
    if scale is not None:
        metadata |= {
            "PhysicalSizeX": scale.um_per_px_col, "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": scale.um_per_px_row, "PhysicalSizeYUnit": "µm",
        }  # fmt: skip
    shapes = level_shapes(runs.height_px, runs.width_px)
    total = sum(-(-height // TILE) for height, _ in shapes)
    done = 0

    def tiles(level: int) -> Iterator[npt.NDArray[np.unsignedinteger[Any]]]:
        nonlocal done
        for band in label_bands(runs, 1 << level, TILE, dtype):
            done += 1
            if progress:  # before the tiles: after the last one nobody comes back for more
                progress(done, total)
            for col in range(0, band.shape[1], TILE):
                part = band[:, col : col + TILE]
                tile = np.zeros((TILE, TILE), dtype)
                tile[: part.shape[0], : part.shape[1]] = part
                yield tile

    options: dict[str, Any] = {
        "tile": (TILE, TILE), "compression": "zlib", "photometric": "minisblack", "dtype": dtype,
    }  # fmt: skip
    big = runs.height_px * runs.width_px * dtype.itemsize > 2**31
    with tifffile.TiffWriter(path, ome=True, bigtiff=big) as tiff:
        for level, shape in enumerate(shapes):
            extra: dict[str, Any] = (
                {"subifds": len(shapes) - 1, "metadata": metadata} if level == 0 else {"subfiletype": 1}
            )
            tiff.write(tiles(level), shape=shape, **options, **extra)


def label_dtype(subject: Subject) -> np.dtype[Any]:
    """Smallest unsigned type that holds every region number."""
    return np.dtype(np.uint16 if subject.region_count <= _LARGEST_16_BIT else np.uint32)


def level_shapes(height: int, width: int) -> list[tuple[int, int]]:
    """Height and width of each level: halved until it fits a small window."""
    shapes = [(height, width)]
    while max(shapes[-1]) > _SMALLEST_LEVEL:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return shapes


def label_bands(
    runs: LabelledRuns, factor: int, rows: int, dtype: np.dtype[Any]
) -> Iterator[npt.NDArray[np.unsignedinteger[Any]]]:
    """Full-width bands, reduced by ``factor``, from top to bottom; ``rows`` of them at a time, fewer at the end."""
    height, width = -(-runs.height_px // factor), -(-runs.width_px // factor)
    for row in range(0, height, rows):
        band = np.zeros((min(rows, height - row), width), np.uint32)
        _draw(runs.row_start, runs.start, runs.stop, runs.region, row * factor, factor, band)
        yield band.astype(dtype)


@compiled
def _draw(
    row_start: npt.NDArray[np.int64], start: npt.NDArray[np.int32], stop: npt.NDArray[np.int32],
    region: npt.NDArray[np.int32], row: int, factor: int, band: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    last = min(row + band.shape[0] * factor, row_start.size - 1)
    for r in range(row, last):
        line = band[(r - row) // factor]
        for run in range(row_start[r], row_start[r + 1]):
            number = np.uint32(region[run])
            for col in range(start[run] // factor, (stop[run] - 1) // factor + 1):
                line[col] = max(line[col], number)
