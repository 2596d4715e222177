"""The edge of the largest region at full resolution: what the outline is, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.errors import CalcannotError
from calcannot.io import open_image, sha256_of
from calcannot.report.document import Picture
from calcannot.report.figure import draw_figure
from calcannot.report.overlay import as_rgb
from calcannot.report.page import picture_uri

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.store.result_item import ResultItem

_HEIGHT, _WIDTH = 200, 320  # px of the image
_ENLARGE: Final = 4


def detail_picture(item: ResultItem, image: Path | None) -> Picture | None:
    """Draw it where there is a region and the image is there, with the bytes that were measured."""
    if image is None or not item.totals.region_count:
        return None
    try:
        if sha256_of(image) != item.sha256:
            return None
        with open_image(image, calibration=item.calibration) as source:
            largest = int(np.argmax(item.columns["area_px"]))
            row, col = _place(item, largest)
            height, width = min(_HEIGHT, item.height_px), min(_WIDTH, item.width_px)
            pixels = source.read(row, col, height, width)
            rgb = as_rgb(pixels, source.info)
    except CalcannotError:
        return None  # the report tells what was measured, whether or not the image can still be read
    um_per_px = item.calibration.um_per_px_col if item.calibration else None
    drawn = draw_figure(rgb, item.runs, row=row, col=col, um_per_px=um_per_px, enlarge=_ENLARGE)
    number = largest + 1
    return Picture(
        picture_uri(drawn),
        alt=f"Detail of {item.name} at full resolution: the outline runs along the edge of region {number}.",
        caption=f"Detail at full resolution: the upper edge of the largest region, number {number}. Each pixel is "
        f"drawn {_ENLARGE} by {_ENLARGE}.",
    )


def _place(item: ResultItem, region: int) -> tuple[int, int]:
    """Upper left corner of a view around the first pixels of a region."""
    runs = item.runs
    first = int(np.argmax(runs.region == region + 1))
    row = int(np.searchsorted(runs.row_start, first, side="right")) - 1
    col = int(runs.start[first])
    row = int(np.clip(row - _HEIGHT // 3, 0, max(0, item.height_px - _HEIGHT)))
    return row, int(np.clip(col - _WIDTH // 2, 0, max(0, item.width_px - _WIDTH)))
