"""Slides of scanners whose files nothing else here reads (MIRAX, Leica, Ventana, Hamamatsu VMS), through OpenSlide.

It is several times slower than decoding tiles, so it is asked only where tiles overlap or lie in several files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.companions import companions_of
from calcannot.io.extras import import_extra
from calcannot.io.pixels import on_white
from calcannot.io.quiet import reading
from calcannot.io.scale import Scale, checked
from calcannot.io.source import Source, polarity_of
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

# Where a vendor does not say how large tiles are.
_TILE = 256
_DAMAGED = "copy the file again, with the files beside it, from where it was scanned"


class OpenSlideSource(Source):
    """A slide that OpenSlide reads.

    Level 0 is exact. OpenSlide takes the corner of a box in whole level-0 pixels, so a box of a smaller level may lie
    up to half of such a pixel off.

    Parameters
    ----------
    path, info
        As in `Source`.
    slide
        The ``openslide.OpenSlide``; closed with the source.
    """

    def __init__(self, path: Path, info: ImageInfo, slide: Any) -> None:
        super().__init__(path, info, (path, *companions_of(path)))
        self._slide = slide
        self._closed = False

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        if self._closed:
            what = "the image was closed"
            raise ImageReadError(what, path=self._path, remedy="open it again")
        factor = self._slide.level_downsamples[level]
        corner = round(col * factor), round(row * factor)
        with reading(self._path, f"the pixels at row {row}, column {col} of level {level} cannot be decoded", _DAMAGED):
            rgba = np.asarray(self._slide.read_region(corner, level, (width, height)))
        if (rgba[..., 3] == 255).all():
            return rgba[..., :3]
        return on_white(rgba[..., :3], rgba[..., 3], largest=255, associated=False)

    def close(self) -> None:
        """Release the file. May be called twice."""
        if not self._closed:
            self._closed = True
            self._slide.close()


def open_with_openslide(path: Path) -> Source:
    """Open a slide with OpenSlide.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If it is damaged, or not known to OpenSlide.
    MissingExtraError
        If OpenSlide is not installed.
    """
    openslide = import_extra("openslide", "openslide", path, "this scanner's format")
    with reading(path, "the slide cannot be read", _DAMAGED):
        try:
            slide = openslide.OpenSlide(path)
        except openslide.OpenSlideUnsupportedFormatError as error:
            what = "OpenSlide does not know this format"
            raise UnsupportedImageError(what, path=path, remedy="convert it to OME-TIFF") from error
        properties = slide.properties
        width, height = slide.dimensions
        vendor = properties.get("openslide.vendor", "")
        scale = _scale(properties)
        info = ImageInfo(
            name=path.name,
            format=f"OpenSlide {vendor}".strip(),
            modality=Modality.HISTOLOGY,
            height_px=height,
            width_px=width,
            channels=3,
            dtype="uint8",
            value_range=(0.0, 255.0),
            levels=tuple(
                Level(rows, cols, (height / rows + width / cols) / 2) for cols, rows in slide.level_dimensions
            ),
            tile_height_px=min(height, int(properties.get("openslide.level[0].tile-height", _TILE))),
            tile_width_px=min(width, int(properties.get("openslide.level[0].tile-width", _TILE))),
            calibration=scale.calibration,
            polarity=polarity_of(3, Modality.HISTOLOGY),
            warnings=scale.warnings,
            metadata={"vendor": vendor, "pictures_not_read": sorted(slide.associated_images)},
        )
        return OpenSlideSource(path, info, slide)


def _scale(properties: Any) -> Scale:
    sizes = [properties.get(f"openslide.mpp-{axis}") for axis in "yx"]
    if None in sizes:
        return Scale()
    note = "pixel size in the scanner's own metadata (openslide.mpp-y and openslide.mpp-x)"
    return checked(float(sizes[0]), float(sizes[1]), CalibrationSource.TIFF, note)
