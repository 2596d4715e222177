"""Positive pixel count of HistomicsTK over the whole slide: pixels in three classes of intensity, no regions."""

from __future__ import annotations

import multiprocessing
import time

import large_image
from common import arguments, report
from histomicstk.segmentation import positive_pixel_count as ppc

# Black and white pixels are "positive" whatever their hue; of silver the hue is chance.
PARAMETERS = {
    "hue_value": 0.05, "hue_width": 1.0, "saturation_minimum": 0.0, "intensity_upper_limit": 0.65,
    "intensity_weak_threshold": 0.5, "intensity_strong_threshold": 0.2, "intensity_lower_limit": 0.0,
}  # fmt: skip


if __name__ == "__main__":
    given = arguments()
    multiprocessing.freeze_support()
    source = large_image.getTileSource(given.slide)
    start = time.perf_counter()
    import dask

    with dask.config.set(scheduler="threads", num_workers=given.processes):
        counted = ppc.count_slide(given.slide, ppc.Parameters(**PARAMETERS))
    total = counted[0]
    report(start, source.sizeX * source.sizeY, [(total.NumberTotalPixels,)])
