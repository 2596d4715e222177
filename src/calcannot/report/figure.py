"""A view of an image with the outline of mineral and a scale bar, for a paper or a page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from calcannot.report.numbers import round_length
from calcannot.report.overlay import _font, draw_outline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from calcannot.model.regions import LabelledRuns

_BAR_SHARE: Final = 0.2  # of the width, at most
_MM_PER_INCH: Final = 25.4


def draw_figure(
    rgb: npt.NDArray[np.uint8],
    runs: LabelledRuns,
    *,
    row: int = 0,
    col: int = 0,
    um_per_px: float | None = None,
    enlarge: int = 1,
    outlines: bool = True,
) -> Image.Image:
    """Draw outlines and a scale bar on a view at full resolution.

    Parameters
    ----------
    rgb
        uint8 (height, width, 3): pixels of the image from (row, col) on.
    runs
        Mineral of the whole image.
    um_per_px
        Width of a pixel in µm; no scale bar where it is None.
    enlarge
        Whole factor; pixels stay visible as squares.

    Raises
    ------
    ValueError
        If the view does not lie inside the image of the runs.
    """
    height, width = rgb.shape[:2]
    if rgb.ndim != 3 or row < 0 or col < 0 or row + height > runs.height_px or col + width > runs.width_px:
        what = f"a view of {width} x {height} px at row {row}, column {col} is not inside the image"
        raise ValueError(what)
    picture = rgb.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    if outlines:
        mask = runs.mask(row, col, height, width).repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        draw_outline(picture, mask, max(1, round(max(picture.shape[:2]) / 700)))
    image = Image.fromarray(picture)
    if um_per_px is not None:
        _draw_bar(image, um_per_px / enlarge)
    return image


def figure_png(image: Image.Image, *, width_mm: float, dpi: int = 300) -> bytes:
    """A picture at its printed size: scaled to ``width_mm`` at ``dpi``, which the file states."""
    width = round(width_mm / _MM_PER_INCH * dpi)
    height = round(image.height * width / image.width)
    smaller = width < image.width
    resized = image.resize((width, height), Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    resized.save(buffer, format="PNG", dpi=(dpi, dpi))
    return buffer.getvalue()


def _draw_bar(image: Image.Image, um_per_px: float) -> None:
    draw = ImageDraw.Draw(image, "RGBA")
    width, height = image.size
    length_um, label = round_length(width * um_per_px * _BAR_SHARE)
    length = length_um / um_per_px
    margin, thick = max(6, width // 50), max(3, height // 120)
    font = _font(max(12, width // 40))
    left, right, bottom = margin, margin + length, height - margin
    text = draw.textbbox(((left + right) / 2, bottom - thick - 4), label, font=font, anchor="mb")
    pad = max(4, margin // 2)
    box = (min(left, text[0]) - pad, text[1] - pad, max(right, text[2]) + pad, bottom + pad)
    draw.rectangle(box, fill=(0, 0, 0, 170))
    draw.rectangle((left, bottom - thick, right, bottom), fill=(255, 255, 255))
    draw.text(((left + right) / 2, bottom - thick - 4), label, fill=(255, 255, 255), font=font, anchor="mb")
