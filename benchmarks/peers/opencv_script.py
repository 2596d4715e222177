"""Regions with area, perimeter and Feret diameter by OpenCV, block by block: regions at block borders are split."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
from common import arguments, over_blocks, pixels, report

cv2.setNumThreads(1)  # the processes share the processors


def measured(path: str, block: tuple[int, int, int, int], threshold: int, least_area: int) -> tuple[int, list[Any]]:
    red, green, blue = cv2.split(np.ascontiguousarray(pixels(path, block)))
    _, mask = cv2.threshold(cv2.max(cv2.max(red, green), blue), threshold, 1, cv2.THRESH_BINARY_INV)
    rows = []
    if cv2.countNonZero(mask):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            area = stats[labels[contour[0, 0, 1], contour[0, 0, 0]], cv2.CC_STAT_AREA]
            if area >= least_area:
                hull = cv2.convexHull(contour)[:, 0].astype(np.float32)
                apart = hull[:, np.newaxis] - hull
                feret = float(np.sqrt((apart * apart).sum(-1).max()))
                rows.append((int(area), cv2.arcLength(contour, True), feret))
    return mask.size, rows


if __name__ == "__main__":
    given = arguments()
    start = time.perf_counter()
    found = over_blocks(measured, given.slide, given.processes, given.threshold, given.least_area)
    report(start, sum(size for size, _ in found), [row for _, rows in found for row in rows])
