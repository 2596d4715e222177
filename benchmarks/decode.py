"""How much reading a slide costs beyond decoding its JPEG tiles.

Reads every tile of level 0 in three ways, in turn, and prints the median wall time of each and its ratio to the first:

    codec    the file's bytes through imagecodecs.jpeg8_decode, and nothing else
    tiles    source.read, one tile at a time
    blocks   source.read, blocks of 4 x 4 tiles

The codec decodes into a buffer of each thread that does not start on a multiple of 32 bytes, which is the fastest that
it can be used; `--plain` lets it make its own output, as most programs do.

    python benchmarks/decode.py SLIDE... [--threads 2] [--rounds 5] [--plain]
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import imagecodecs
import tifffile

from calcannot.io import open_image
from calcannot.io.byte_file import ByteFile
from calcannot.io.pixels import off_alignment

if TYPE_CHECKING:
    from collections.abc import Callable

RGB = 2


def codec_alone(path: Path, *, plain: bool) -> tuple[Callable[[int], None], int]:
    """Function that decodes one row of tiles, and the number of rows."""
    with tifffile.TiffFile(path) as tif:
        page = tif.pages.first
        across = -(-page.imagewidth // page.tilewidth)
        places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        shape = page.tilelength, page.tilewidth, page.samplesperpixel
        tables, stored = page.jpegtables, RGB if page.photometric == RGB and not page.is_jfif else None
    file = ByteFile(path)
    own = threading.local()

    def decode(row: int) -> None:
        if not hasattr(own, "out"):
            own.out = None if plain else off_alignment(shape)
        for offset, count in places[row * across : (row + 1) * across]:
            coded = file.read_at(offset, count)
            imagecodecs.jpeg8_decode(coded, tables=tables, colorspace=stored, outcolorspace=RGB, out=own.out)

    return decode, len(places) // across


def through_source(path: Path, tiles: int) -> tuple[Callable[[int], None], int]:
    """Function that reads one row of blocks of ``tiles`` by ``tiles``, and the number of rows."""
    source = open_image(path)
    info = source.info
    rows, cols = info.tile_height_px * tiles, info.tile_width_px * tiles

    def read(index: int) -> None:
        top = index * rows
        height = min(rows, info.height_px - top)
        for left in range(0, info.width_px, cols):
            source.read(top, left, height, min(cols, info.width_px - left))

    return read, -(-info.height_px // rows)


def wall_time(work: Callable[[int], None], rows: int, threads: int) -> float:
    """Seconds for all rows."""
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        for _ in pool.map(work, range(rows)):
            pass
        return time.perf_counter() - start


def main() -> None:
    """Print a line a slide and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slides", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    for path in arguments.slides:
        ways = {
            "codec": codec_alone(path, plain=arguments.plain),
            "tiles": through_source(path, 1),
            "blocks": through_source(path, 4),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, (work, rows) in ways.items():
                times[name].append(wall_time(work, rows, arguments.threads))
        medians = {name: statistics.median(each) for name, each in times.items()}
        for name, seconds in medians.items():
            print(f"{path.name}  {name:7} {seconds:7.3f} s  ratio {seconds / medians['codec']:.3f}")


if __name__ == "__main__":
    main()
