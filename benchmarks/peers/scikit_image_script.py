"""Regions with area, perimeter and Feret diameter by scikit-image, block by block: those at block borders are split."""

from __future__ import annotations

import time
from typing import Any

from common import arguments, over_blocks, pixels, report
from skimage.measure import label, regionprops_table

PROPERTIES = ("area", "bbox", "centroid", "perimeter_crofton", "feret_diameter_max")


def measured(path: str, block: tuple[int, int, int, int], threshold: int, least_area: int) -> tuple[int, list[Any]]:
    mask = pixels(path, block).max(axis=2) <= threshold
    if not mask.any():
        return mask.size, []
    table = regionprops_table(label(mask, connectivity=2), properties=PROPERTIES)
    rows = zip(table["area"], table["perimeter_crofton"], table["feret_diameter_max"], strict=True)
    return mask.size, [row for row in rows if row[0] >= least_area]


if __name__ == "__main__":
    given = arguments()
    start = time.perf_counter()
    found = over_blocks(measured, given.slide, given.processes, given.threshold, given.least_area)
    report(start, sum(size for size, _ in found), [row for _, rows in found for row in rows])
