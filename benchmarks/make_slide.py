"""Write the synthetic slide of the benchmarks: 40,000 x 30,000 px, JPEG Q85, 256 px tiles, about 200,000 regions.

A third of it is tissue with mineral grains, the rest is glass with camera noise, as on a real slide.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageDraw
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

TILE = 256
PATCH = 4096
UM_PER_PX = 0.25
GLASS = (243, 241, 244)
TISSUE = (236, 190, 205)
NUCLEUS = (205, 92, 140)
MINERAL = (30, 28, 31)


def tissue_patch(rng: np.random.Generator, grains: int) -> np.ndarray:
    """A square of tissue with nuclei and grains of 2 to 14 px radius; (PATCH, PATCH, 3) uint8."""
    image = Image.new("RGB", (PATCH, PATCH), TISSUE)
    draw = ImageDraw.Draw(image)
    for colour, count, low, high in ((NUCLEUS, 9000, 5, 10), (MINERAL, grains, 2, 14)):
        for x, y, r in zip(
            rng.integers(0, PATCH, count), rng.integers(0, PATCH, count), rng.uniform(low, high, count), strict=True
        ):
            draw.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), fill=colour)
    pixels = ndimage.gaussian_filter(np.asarray(image, dtype=np.float32), (1, 1, 0))
    texture = ndimage.gaussian_filter(rng.normal(0, 60, (PATCH, PATCH)).astype(np.float32), 3)
    pixels += texture[..., None] + rng.normal(0, 2, pixels.shape).astype(np.float32)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def write_slide(path: Path, width: int, height: int, grains: int = 8600, seed: int = 1) -> None:
    """Write the slide; ``grains`` a patch of 4096 x 4096 px, before overlaps."""
    rng = np.random.default_rng(seed)
    tissue = tissue_patch(rng, grains)
    noise = rng.normal(0, 2, (PATCH, PATCH, 3))
    glass = np.clip(np.array(GLASS) + noise, 0, 255).astype(np.uint8)
    cells: dict[tuple[int, int], bytes] = {}
    across, down = -(-width // TILE), -(-height // TILE)
    per_patch = PATCH // TILE

    # A band of tissue through the middle third of the slide, at a slant.
    def is_tissue(row: int, col: int) -> bool:
        return across * 0.2 + row * 0.3 < col < across * 0.2 + row * 0.3 + across * 0.345

    def tiles() -> Iterator[bytes]:
        for row in range(down):
            for col in range(across):
                kind = is_tissue(row, col)
                key = (kind, row % per_patch, col % per_patch)
                if key not in cells:
                    patch = tissue if kind else glass
                    r, c = key[1] * TILE, key[2] * TILE
                    tile = np.ascontiguousarray(patch[r : r + TILE, c : c + TILE])
                    cells[key] = imagecodecs.jpeg8_encode(tile, level=85, subsampling="420")
                yield cells[key]

    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(
            tiles(), shape=(height, width, 3), dtype=np.uint8, tile=(TILE, TILE), photometric="ycbcr",
            compression="jpeg", subsampling=(2, 2), resolution=(1e4 / UM_PER_PX, 1e4 / UM_PER_PX),
            resolutionunit="CENTIMETER",
            description=f"Aperio synthetic\n{width}x{height} |AppMag = 40|MPP = {UM_PER_PX}",
            metadata=None,
        )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--width", type=int, default=40_000)
    parser.add_argument("--height", type=int, default=30_000)
    parser.add_argument("--grains", type=int, default=8600)
    arguments = parser.parse_args()
    write_slide(arguments.path, arguments.width, arguments.height, arguments.grains)
