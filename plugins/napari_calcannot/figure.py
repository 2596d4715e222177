"""What is in view as a figure for a paper: outlines and scale bar, 300 dots to the inch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from calcannot.report.figure import draw_figure, figure_png
from calcannot.report.overlay import as_rgb
from calcannot.runs.from_mask import runs_of_mask
from calcannot.store.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from napari_calcannot.boxes import Box
    from napari_calcannot.session import Session

WIDTH_MM: Final = 170.0
"""Two columns of a journal."""

_LARGEST_PX = 4096
_SMALLEST_PX = 1000


def write_figure(session: Session, box: Box, path: Path, *, outlines: bool = True) -> None:
    """Write a box of the image as PNG.

    Parameters
    ----------
    box
        In pixels of the image; a large one is taken from a lower level.
    outlines
        Whether mineral is outlined, as far as it is measured.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    info, loader = session.info, session.pixels.loader
    level = 0
    while max(box.shape) / (info.height_px / loader.shapes[level][0]) > _LARGEST_PX and level + 1 < len(loader.shapes):
        level += 1
    rows, cols = loader.shapes[level][:2]
    by_row, by_col = info.height_px / rows, info.width_px / cols
    top, left = int(box.row / by_row), int(box.col / by_col)
    height = max(1, min(rows - top, round(box.shape[0] / by_row)))
    width = max(1, min(cols - left, round(box.shape[1] / by_col)))
    pixels = loader.exact(level, top, left, height, width)
    mask = np.zeros((height, width), np.bool_)
    if outlines and session.mask is not None and session.shows_mask:
        factor = 1 << max(0, round(np.log2(max(1.0, by_row))))
        mask = session.mask.tiles.reduced(
            int(box.row / factor), int(box.col / factor), -(-box.shape[0] // factor), -(-box.shape[1] // factor), factor
        ) > 0  # fmt: skip
        # Levels of a file need not be halved exactly: each pixel of the picture takes that of the mask under it.
        at = [np.minimum(np.arange(n) * m // n, m - 1) for n, m in zip((height, width), mask.shape, strict=True)]
        mask = mask[at[0]][:, at[1]]
    um_per_px = None if info.calibration is None else info.calibration.um_per_px_col * by_col
    enlarge = max(1, _SMALLEST_PX // max(1, width))
    rgb, runs = as_rgb(pixels, info), runs_of_mask(mask)
    picture = draw_figure(rgb, runs, um_per_px=um_per_px, enlarge=enlarge, outlines=outlines)
    with replacing(path) as temporary:
        temporary.write_bytes(figure_png(picture, width_mm=WIDTH_MM))
