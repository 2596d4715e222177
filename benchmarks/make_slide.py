"""Write the synthetic slide of the benchmarks: 40,000 x 30,000 px, JPEG Q85, 256 px tiles, about 200,000 regions.

A third of it is tissue with mineral grains, the rest is glass with camera noise, as on a real slide; lower levels are a
quarter and a sixteenth of its size, in the order of an Aperio SVS.

    python benchmarks/make_slide.py SLIDE.svs [--width 40000] [--height 30000] [--grains 11400] [--largest 12]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageDraw
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

TILE = 256
PATCH = 4096
PER_PATCH = PATCH // TILE
UM_PER_PX = 0.25
GLASS = (243, 241, 244)
TISSUE = (236, 190, 205)
NUCLEUS = (205, 92, 140)
MINERAL = (30, 28, 31)
TISSUE_SHARE = 0.33
SMALLEST = 2.0  # radius of a grain


def tissue_patch(rng: np.random.Generator, grains: int, largest: float) -> np.ndarray:
    """A square of tissue with nuclei and grains of 2 to ``largest`` px radius; (PATCH, PATCH, 3) uint8."""
    image = Image.new("RGB", (PATCH, PATCH), TISSUE)
    draw = ImageDraw.Draw(image)
    for colour, count, low, high in ((NUCLEUS, 9000, 5, 10), (MINERAL, grains, SMALLEST, largest)):
        for x, y, r in zip(
            rng.integers(0, PATCH, count), rng.integers(0, PATCH, count), rng.uniform(low, high, count), strict=True
        ):
            draw.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), fill=colour)
    pixels = ndimage.gaussian_filter(np.asarray(image, dtype=np.float32), (1, 1, 0))
    texture = ndimage.gaussian_filter(rng.normal(0, 60, (PATCH, PATCH)).astype(np.float32), 3)
    pixels += texture[..., None] + rng.normal(0, 2, pixels.shape).astype(np.float32)
    return np.clip(pixels, 0, 255).astype(np.uint8)


class Slide:
    """Tiles of the slide, each encoded once: tissue and glass repeat every 4096 px."""

    def __init__(self, width: int, height: int, grains: int, largest: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.width, self.height = width, height
        self.across, self.down = -(-width // TILE), -(-height // TILE)
        tissue = tissue_patch(rng, grains, largest)
        glass = np.clip(np.array(GLASS) + rng.normal(0, 2, (PATCH, PATCH, 3)), 0, 255).astype(np.uint8)
        self._patches = (glass, tissue)
        self._cells: dict[Any, bytes] = {}

    def is_tissue(self, row: int, col: int) -> bool:
        """A slanted band through the middle."""
        middle = self.across * (0.35 + 0.3 * row / self.down)
        return abs(col - middle) < self.across * TISSUE_SHARE / 2

    def tiles(self, reduce: int) -> Iterator[bytes]:
        """Encoded tiles of a level."""
        for row in range(-(-self.down // reduce)):
            for col in range(-(-self.across // reduce)):
                parts = [
                    (self.is_tissue(r, c), r % PER_PATCH, c % PER_PATCH)
                    for r in range(row * reduce, (row + 1) * reduce)
                    for c in range(col * reduce, (col + 1) * reduce)
                ]
                key = tuple(parts)
                if key not in self._cells:
                    tile = np.empty((TILE, TILE, 3), np.uint8)
                    side = TILE // reduce
                    for number, part in enumerate(parts):
                        top, left = number // reduce * side, number % reduce * side
                        tile[top : top + side, left : left + side] = self._reduced(*part, reduce)
                    self._cells[key] = imagecodecs.jpeg8_encode(tile, level=85, subsampling="420")
                yield self._cells[key]

    def _reduced(self, tissue: bool, row: int, col: int, reduce: int) -> np.ndarray:
        cell = self._patches[tissue][row * TILE : (row + 1) * TILE, col * TILE : (col + 1) * TILE]
        side = TILE // reduce
        return cell.reshape(side, reduce, side, reduce, 3).mean(axis=(1, 3)).astype(np.uint8) if reduce > 1 else cell


def write_slide(
    path: Path, width: int = 40_000, height: int = 30_000, grains: int = 11_400, largest: float = 12.0, seed: int = 1
) -> None:
    """Write the slide; ``grains`` a patch of 4096 x 4096 px, before overlaps."""
    slide = Slide(width, height, grains, largest, seed)
    of_tiles: dict[str, Any] = {
        "dtype": np.uint8, "tile": (TILE, TILE), "photometric": "ycbcr", "compression": "jpeg",
        "subsampling": (2, 2), "metadata": None,
    }  # fmt: skip
    description = f"Aperio synthetic\n{width}x{height} |AppMag = 40|MPP = {UM_PER_PX}"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(
            slide.tiles(1), shape=(height, width, 3), resolution=(1e4 / UM_PER_PX, 1e4 / UM_PER_PX),
            resolutionunit="CENTIMETER", description=description, **of_tiles,
        )  # fmt: skip
        thumbnail = np.full((768, 1024, 3), GLASS, np.uint8)
        tiff.write(thumbnail, photometric="rgb", description="Aperio synthetic\nthumbnail", metadata=None)
        for reduce in (4, 16):
            tiff.write(slide.tiles(reduce), shape=(-(-height // reduce), -(-width // reduce), 3), **of_tiles)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--width", type=int, default=40_000)
    parser.add_argument("--height", type=int, default=30_000)
    parser.add_argument("--grains", type=int, default=11_400)
    parser.add_argument("--largest", type=float, default=12.0)
    arguments = parser.parse_args()
    write_slide(arguments.path, arguments.width, arguments.height, arguments.grains, arguments.largest)
