"""One figure of the benchmark, in a process of its own: a line of JSON.

python benchmarks/one.py pair SLIDE --recipe von-kossa --threads 2 --rounds 5
    Wall and processor time of the pure decode of all tiles, and of a measurement, in turn; after a small image.
    Pure decode: each thread reads the bytes of a tile and decodes them into a buffer of its own, the fastest that
    the codec can be used (benchmarks/decode.py). Measurement: open the file, analyse, table of regions in memory.
python benchmarks/one.py once SLIDE --recipe von-kossa --threads 2
    The first measurement of a process, and the most memory that the process held.
python benchmarks/one.py crop SLIDE --recipe von-kossa --side 10000 [--save FILE]
    A crop in memory; --save writes its brightest channel (.tif or .npy) for programs that read no slides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from decode import codec_alone, wall_time

from calcannot import ArraySource, analyse, load_recipe, region_columns
from calcannot.io import open_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcannot.model.image import ImageSource
    from calcannot.model.recipe import Recipe

MIB = 2**20


def cpu_s() -> float:
    """Processor time of this process."""
    times = os.times()
    return times.user + times.system


def peak_mib() -> float | None:
    """Most memory that this process held."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return float(psutil.Process().memory_info().peak_wset / MIB)
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and processor time."""
    wall, cpu = time.perf_counter(), cpu_s()
    work()
    return time.perf_counter() - wall, cpu_s() - cpu


def measured(source: ImageSource, recipe: Recipe, threads: int) -> dict[str, float]:
    """Measure an open image, with its table of regions."""
    analysis = analyse(source, recipe, workers=threads)
    columns = region_columns(analysis)
    totals, threshold = analysis.totals, analysis.resolved.threshold
    return {
        "regions": len(columns["region"]),
        "area_px": totals.calcified_area_px,
        "pixels": source.info.height_px * source.info.width_px,
        "threshold": -1.0 if threshold is None else float(threshold),
    }


def of_file(path: Path, recipe: Recipe, threads: int) -> dict[str, float]:
    """Open a slide and measure it."""
    with open_image(path) as source:
        return measured(source, recipe, threads)


def warm_up(recipe: Recipe) -> None:
    """Load what is loaded on first use: compiled kernels and libraries."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(240, 2, (600, 600, 3))
    pixels[100:400, 100:400] = rng.normal((230, 150, 170), 4, (300, 300, 3))
    pixels[200:300, 200:300] = 25
    pixels[220:240, 220:240] = 240
    measured(ArraySource(pixels.clip(0, 255).astype(np.uint8), name="warm"), recipe, 2)


def pair(path: Path, recipe: Recipe, threads: int, rounds: int) -> dict[str, Any]:
    """Decode and measure in turn."""
    warm_up(recipe)
    decode, rows = codec_alone(path, plain=False)
    found = of_file(path, recipe, threads)
    taken = []
    for _ in range(rounds):
        alone = timed(lambda: wall_time(decode, rows, threads))
        whole = timed(lambda: of_file(path, recipe, threads))
        taken.append((*alone, *whole))
    middle = [statistics.median(each) for each in zip(*taken, strict=True)]
    names = ("decode_wall_s", "decode_cpu_s", "wall_s", "cpu_s")
    return found | dict(zip(names, middle, strict=True)) | {
        "wall_ratio": statistics.median(row[2] / row[0] for row in taken),
        "cpu_ratio": statistics.median(row[3] / row[1] for row in taken),
    }  # fmt: skip


def crop(path: Path, recipe: Recipe, threads: int, side: int, save: Path | None) -> dict[str, Any]:
    """Measure a square from the middle, decoded beforehand."""
    with open_image(path) as source:
        info = source.info
        pixels = source.read((info.height_px - side) // 2, (info.width_px - side) // 2, side, side)
    if save is not None:
        value = pixels.max(axis=2)
        if save.suffix == ".npy":
            np.save(save, value)
        else:
            import tifffile

            tifffile.imwrite(save, value, photometric="minisblack")
    source = ArraySource(pixels, name="crop")
    found = measured(source, recipe, threads)
    wall, cpu = timed(lambda: measured(source, recipe, threads))
    return found | {"wall_s": wall, "cpu_s": cpu}


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pair", "once", "crop"))
    parser.add_argument("slide", type=Path)
    parser.add_argument("--recipe", default="von-kossa")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    recipe = load_recipe(given.recipe)
    if given.what == "pair":
        result = pair(given.slide, recipe, given.threads, given.rounds)
    elif given.what == "crop":
        result = crop(given.slide, recipe, given.threads, given.side, given.save)
    else:
        result = {}
        wall, cpu = timed(lambda: result.update(of_file(given.slide, recipe, given.threads)))
        result |= {"wall_s": wall, "cpu_s": cpu, "peak_mib": peak_mib()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
