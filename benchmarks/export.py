"""Time and memory of exporting a gigapixel slide with 200,000 regions, a process a format.

    python benchmarks/export.py

The mask is rendered: blobs of smoothed noise with holes and islands, 40,000 x 30,000 px, 3.6 % mineral. Times are CPU
seconds of one process, reading the mask left out; memory is the peak of the process, the mask included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from calcannot import Calibration
from calcannot.batch.export import FORMATS
from calcannot.export.subject import Subject
from calcannot.model.calibration import CalibrationSource
from calcannot.runs.from_mask import RunBuilder

if TYPE_CHECKING:
    from calcannot.model.regions import LabelledRuns

HEIGHT, WIDTH, PATCH = 30_000, 40_000, 2_000
CHOSEN = ("geojson", "geojson.gz", "coco", "coco-polygons", "imagej", "ome-tiff", "ome-tiff-labels", "ome-zarr")


def rendered() -> LabelledRuns:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((PATCH, PATCH)).astype(np.float32)
    smooth = ndimage.gaussian_filter(noise, 10) * 10 + ndimage.gaussian_filter(noise, 3.4) * 0.8
    patch = smooth > np.quantile(smooth, 1 - 0.036)
    builder = RunBuilder(WIDTH)
    for row in range(0, HEIGHT, PATCH):
        tiles = [np.rot90(patch, (row // PATCH + n) % 4) for n in range(WIDTH // PATCH)]
        builder.add(np.concatenate(tiles, axis=1))
    return builder.finish()


def subject(runs: LabelledRuns) -> Subject:
    """With as many columns as ``regions.csv`` has."""
    area = np.bincount(runs.region, weights=runs.stop - runs.start)[1:].astype(np.int64)
    rng = np.random.default_rng(1)
    columns = {"region": np.arange(1, area.size + 1), "area_px": area}
    columns |= {f"length_{n}_um": np.round(rng.random(area.size) * 100, 8) for n in range(24)}
    scale = Calibration(0.25, 0.25, CalibrationSource.USER)
    return Subject("slide.svs", "0" * 64, "case", runs, columns, scale, "von-kossa", "f" * 64, "histology")


def one(name: str, folder: Path) -> None:
    runs = rendered()
    made = subject(runs)
    path = folder / f"slide{FORMATS[name].ending}"
    chosen = FORMATS[name]
    started, cpu = time.perf_counter(), time.process_time()
    if chosen.joint is not None:
        chosen.joint(path, [made], None)
    else:
        assert chosen.one is not None
        chosen.one(path, made, None)
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    size = sum(each.stat().st_size for each in files) / 1e6
    print(f"{name:16} {made.region_count:8} regions {used:7.1f} s CPU {wall:7.1f} s {peak:6.2f} GiB {size:8.1f} MB")


def main() -> None:
    if len(sys.argv) > 2:
        one(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or CHOSEN:
            place = Path(folder) / name
            place.mkdir()
            subprocess.run([sys.executable, __file__, name, str(place)], check=True)


if __name__ == "__main__":
    main()
