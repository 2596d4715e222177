"""The synthetic slide of ``make_slide`` with lower levels, as a scanner writes them: what a viewer opens."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import tifffile
from make_slide import GLASS, PATCH, TILE, UM_PER_PX, tissue_patch

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 14.0  # radius of a grain


def _halved(pixels: np.ndarray) -> np.ndarray:
    wide = pixels.astype(np.uint16)
    return ((wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]) // 4).astype(np.uint8)


def write_slide_with_levels(path: Path, width: int, height: int, grains: int, levels: int = 6, seed: int = 1) -> None:
    """Write the slide; each level has half the pixels of the one before on a side."""
    rng = np.random.default_rng(seed)
    glass = np.clip(GLASS + rng.normal(0, 2, (PATCH, PATCH, 3)), 0, 255).astype(np.uint8)
    patches = [[tissue_patch(np.random.default_rng(seed), grains, LARGEST), glass]]
    for _ in range(levels - 1):
        patches.append([_halved(patch) for patch in patches[-1]])
    across = -(-width // TILE)

    def is_tissue(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """By tiles of the finest level, as in ``make_slide``."""
        row, col = rows // TILE, cols // TILE
        return (across * 0.2 + row * 0.3 < col) & (col < across * 0.2 + row * 0.3 + across * 0.345)

    def tiles(level: int, rows: int, cols: int) -> Iterator[bytes]:
        factor = 1 << level
        tissue, glass = patches[level]
        side = PATCH // factor
        known: dict[tuple[int, int, bool], bytes] = {}
        for top in range(0, rows, TILE):
            for left in range(0, cols, TILE):
                r, c = np.arange(top, top + TILE), np.arange(left, left + TILE)
                inside = is_tissue(r[:, np.newaxis] * factor, c[np.newaxis] * factor)
                pure = bool(inside.all()) or not inside.any()
                key = (top % side, left % side, bool(inside.all()))
                if not pure or key not in known:
                    at = np.ix_(r % side, c % side)
                    tile = np.where(inside[..., np.newaxis], tissue[at], glass[at])
                    coded = imagecodecs.jpeg8_encode(np.ascontiguousarray(tile), level=85, subsampling="420")
                    if not pure:
                        yield coded
                        continue
                    known[key] = coded
                yield known[key]

    options = {"dtype": np.uint8, "tile": (TILE, TILE), "photometric": "ycbcr", "compression": "jpeg",
               "subsampling": (2, 2), "metadata": None}  # fmt: skip
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for level in range(levels):
            rows, cols = -(-height // (1 << level)), -(-width // (1 << level))
            first = (
                {} if level else {"description": f"Aperio synthetic\n{width}x{height} |AppMag = 40|MPP = {UM_PER_PX}"}
            )
            tiff.write(tiles(level, rows, cols), shape=(rows, cols, 3), **options, **first)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--width", type=int, default=40_000)
    parser.add_argument("--height", type=int, default=30_000)
    parser.add_argument("--grains", type=int, default=8600)
    arguments = parser.parse_args()
    write_slide_with_levels(arguments.path, arguments.width, arguments.height, arguments.grains)
