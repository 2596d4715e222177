"""The picture that shows what was counted: an outline around the mineral, a scale bar, the area in a corner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.model.annotation import StrokeKind
from calcannot.processors import default_workers
from calcannot.report.numbers import area_text, plane_text, round_length, share_text

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image, ImageDraw, ImageFont

    from calcannot.model.analysis import Analysis
    from calcannot.model.image import ImageInfo, ImageSource

# Yellow on black is the strongest contrast there is for every kind of colour vision, and no stain is yellow next to
# black mineral; the dark rim keeps it apart from white glass.
OUTLINE_RGB = (255, 214, 0)
RIM_RGB = (20, 20, 20)
REGION_RGB = (86, 180, 233)
EXCLUDE_RGB = (204, 121, 167)

_LONGEST_SIDE_PX = 2400
_SHORTEST_SIDE_PX = 1200
_BAND_PX = 512  # rows of the full image read at once
_MOST_THREADS = 2  # each has a band in memory


def draw_overlay(source: ImageSource, analysis: Analysis, workers: int | None = None) -> Image.Image:
    """Draw the mineral's outline on the image.

    A large image is reduced by a whole factor (mean of the image, maximum of the mask), a small one enlarged.
    """
    from PIL import Image, ImageDraw

    info = analysis.info
    reduce = max(1, -(-max(info.height_px, info.width_px) // _LONGEST_SIDE_PX))
    enlarge = 1 if reduce > 1 else max(1, _SHORTEST_SIDE_PX // max(info.height_px, info.width_px, 1))
    picture = _picture(source, info, reduce, min(workers or default_workers(), _MOST_THREADS))
    mask = analysis.runs.reduced(0, info.height_px, reduce).astype(np.bool_)
    if enlarge > 1:
        picture = picture.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        mask = mask.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    line = max(2, round(max(picture.shape[:2]) / 800))
    draw_outline(picture, mask, line)
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    scale = enlarge / reduce
    _draw_strokes(draw, analysis, scale, line)
    _draw_scale_bar(draw, image.size, info, scale)
    _draw_label(draw, image.size, analysis)
    return image


def write_overlay(path: Path, source: ImageSource, analysis: Analysis, workers: int | None = None) -> None:
    """Save ``draw_overlay`` as PNG."""
    draw_overlay(source, analysis, workers).save(path, format="PNG", optimize=False, compress_level=6)


def _picture(source: ImageSource, info: ImageInfo, reduce: int, threads: int) -> npt.NDArray[np.uint8]:
    """The image as 8-bit colour, reduced by a whole factor; (ceil(height / reduce), ceil(width / reduce), 3)."""
    if reduce == 1:
        pixels = source.read(0, 0, info.height_px, info.width_px)
        return _to_bytes(pixels, _grey_range(pixels, info))
    level = max(i for i, each in enumerate(info.levels) if each.downsample <= reduce * 1.001)
    size, shape = info.levels[level], (-(-info.height_px // reduce), -(-info.width_px // reduce))
    # Bands of whole picture rows, so that a slide never stands in memory at full size.
    picture_rows = max(1, round(_BAND_PX / size.downsample) // reduce)
    edges = [round(row * reduce / size.downsample) for row in range(0, shape[0], picture_rows)] + [size.height_px]

    def band(top: int, bottom: int, rows: int) -> npt.NDArray[np.generic]:
        return _box_mean(source.read(top, 0, bottom - top, size.width_px, level), (rows, shape[1]))

    heights = [min(picture_rows, shape[0] - row) for row in range(0, shape[0], picture_rows)]
    with ThreadPoolExecutor(threads) as pool:
        pixels = np.concatenate(list(pool.map(band, edges[:-1], edges[1:], heights)))
    return _to_bytes(pixels, _grey_range(pixels, info))


def as_rgb(pixels: npt.NDArray[Any], info: ImageInfo) -> npt.NDArray[np.uint8]:
    """Pixels of a view as 8-bit colour; grey is stretched from its darkest to its brightest."""
    return _to_bytes(pixels, _grey_range(pixels, info))


def _box_mean(pixels: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[Any]:
    """Mean over boxes; the result has the pixels' dtype."""
    from PIL import Image

    def resized(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(Image.fromarray(plane).resize(shape[::-1], Image.Resampling.BOX))

    if pixels.dtype == np.uint8:
        return resized(pixels)
    planes = pixels.astype(np.float32)
    if planes.ndim == 2:
        return resized(planes)
    return np.stack([resized(np.ascontiguousarray(planes[..., c])) for c in range(3)], axis=-1)


def _grey_range(pixels: npt.NDArray[Any], info: ImageInfo) -> tuple[float, float]:
    """Values drawn black and white."""
    if info.channels == 3:
        return info.value_range
    low, high = np.percentile(pixels, (0.5, 99.8))
    return float(low), float(high)


def _to_bytes(pixels: npt.NDArray[Any], black_to_white: tuple[float, float]) -> npt.NDArray[np.uint8]:
    low, high = black_to_white
    if pixels.dtype == np.uint8 and pixels.ndim == 3:
        return np.array(pixels)
    stretched = np.clip((pixels.astype(np.float32) - low) / max(high - low, 1e-12), 0, 1) * 255
    grey = np.rint(stretched).astype(np.uint8)
    return grey if grey.ndim == 3 else np.repeat(grey[..., np.newaxis], 3, axis=-1)


def draw_outline(picture: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], line: int) -> None:
    """Draw around the mask, in place: ``line`` px of the outline's colour, and half as many of the rim's around it."""
    from scipy import ndimage

    if not mask.any():
        return
    # Steps along rows and columns from each pixel to the mask.
    away = ndimage.distance_transform_cdt(~mask, "taxicab")
    picture[(away > 0) & (away <= line)] = OUTLINE_RGB
    picture[(away > line) & (away <= line + max(1, line // 2))] = RIM_RGB


def _draw_strokes(draw: ImageDraw.ImageDraw, analysis: Analysis, scale: float, line: int) -> None:
    drawn = analysis.annotations.of(StrokeKind.REGION, StrokeKind.EXCLUDE)
    found = analysis.info.excluded
    for stroke in (*found, *drawn):
        colour = REGION_RGB if stroke.kind is StrokeKind.REGION else EXCLUDE_RGB
        for ring in stroke.rings:
            points = [(float(x) * scale, float(y) * scale) for x, y in ring]
            draw.line([*points, points[0]], fill=colour, width=line, joint="curve")
        font = _font(12 * line)
        # A scale has a hundred ticks, whose names would hide the picture.
        is_small = stroke in found and float(np.ptp(stroke.rings[0], axis=0).max()) * scale < 2 * font.size
        if (stroke.name or stroke.reason) and not is_small:
            x, y = min((float(x) * scale, float(y) * scale) for x, y in stroke.rings[0])
            draw.text((x, y), f" {stroke.name or stroke.reason}", fill=colour, font=font, anchor="lb")


def _draw_scale_bar(draw: ImageDraw.ImageDraw, size: tuple[int, int], info: ImageInfo, scale: float) -> None:
    width, height = size
    margin, thick = max(8, width // 60), max(4, height // 150)
    font = _font(max(13, width // 55))
    if info.calibration is None:
        _boxed_text(draw, (margin, height - margin), "no pixel size", font, "lb")
        return
    um_per_px = info.calibration.um_per_px_col / scale
    length_um, label = round_length(width * um_per_px / 5)
    label += plane_text(info.calibration)
    length = length_um / um_per_px
    left, bottom = margin, height - margin
    text_height, text_width = font.getbbox(label)[3], font.getlength(label)
    draw.rectangle(
        (
            left - margin // 2,
            bottom - thick - text_height - margin // 2,
            left + max(length, text_width) + margin // 2,
            bottom + margin // 2,
        ),
        fill=(0, 0, 0, 170),
    )
    draw.rectangle((left, bottom - thick, left + length, bottom), fill=(255, 255, 255))
    draw.text(
        (left + max(length, text_width) / 2, bottom - thick - 2), label, fill=(255, 255, 255), font=font, anchor="mb"
    )


def _draw_label(draw: ImageDraw.ImageDraw, size: tuple[int, int], analysis: Analysis) -> None:
    totals = analysis.totals
    margin = max(8, size[0] // 60)
    if totals.region_count:
        text = (
            f"calcified {area_text(totals.calcified_area_mm2, totals.calcified_area_px)}"
            f"{plane_text(analysis.info.calibration)}, "
            f"{share_text(totals.calcified_fraction, analysis.resolved.reference)}, "
            f"{totals.region_count} region{'s' if totals.region_count != 1 else ''}"
        )
    else:
        text = "no mineral found"
    _boxed_text(draw, (margin, margin), text, _font(max(13, size[0] // 55)), "lt")


def _boxed_text(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, font: ImageFont.FreeTypeFont, anchor: str
) -> None:
    left, top, right, bottom = draw.textbbox(place, text, font=font, anchor=anchor)
    pad = max(4, (bottom - top) // 3)
    draw.rectangle((left - pad, top - pad, right + pad, bottom + pad), fill=(0, 0, 0, 170))
    draw.text(place, text, fill=(255, 255, 255), font=font, anchor=anchor)


def _font(size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    # Pillow's own font has neither µ nor ², and a font of the system would be another on another machine.
    with resources.as_file(resources.files("calcannot.report") / "fonts" / "DejaVuSans-Latin1.ttf") as path:
        return ImageFont.truetype(path, size)
