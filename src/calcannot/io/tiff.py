"""TIFF, BigTIFF, OME-TIFF, Aperio SVS, Hamamatsu NDPI and Philips TIFF, through tifffile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calcannot.io import orientation
from calcannot.io.byte_file import ByteFile
from calcannot.io.openslide_source import open_with_openslide
from calcannot.io.pixels import ICC_WARNING, require_finite
from calcannot.io.quiet import fail, reading
from calcannot.io.scale import Scale
from calcannot.io.segment_cache import SegmentCache
from calcannot.io.source import Source, polarity_of
from calcannot.io.tiff_calibration import from_aperio, from_imagej, from_ome, from_philips, from_resolution
from calcannot.io.tiff_layout import Layout, choose, has_overlapping_tiles
from calcannot.io.tiff_pages import PageReader
from calcannot.io.tiff_rule import Rule, rule_of
from calcannot.io.tiff_whole import require_whole
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from calcannot.jpeg_colours import CodedTiles
    from calcannot.model.calibration import Calibration

_ORIENTATION, _ICC, _MAX_SAMPLE = 274, 34675, 281
_FORMATS = {
    "svs": "Aperio SVS",
    "ome": "OME-TIFF",
    "ndpi": "Hamamatsu NDPI",
    "philips": "Philips TIFF",
    "imagej": "ImageJ TIFF",
}


class TiffSource(Source):
    """A TIFF, decoded tile by tile or strip by strip.

    Parameters
    ----------
    path, info
        As in `Source`.
    file
        The open file; closed with the source.
    readers
        One a level.
    rule
        From samples to pixels.
    """

    def __init__(
        self, path: Path, info: ImageInfo, file: ByteFile, readers: tuple[PageReader, ...], rule: Rule
    ) -> None:
        super().__init__(path, info)
        self._file = file
        self._readers = readers
        self._rule = rule
        self._turn = info.metadata["orientation"]

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of a tile or strip, upright."""
        height, width = self._readers[0].segment
        return (width, height) if orientation.swaps_axes(self._turn) else (height, width)

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        size = self._info.levels[level]
        if self._turn != 1:
            box = orientation.stored_box((row, col, height, width), (size.height_px, size.width_px), self._turn)
            samples = orientation.upright(self._readers[level].read(*box), self._turn)
        else:
            samples = self._readers[level].read(row, col, height, width)
        try:
            pixels = self._rule.convert(samples)
        except Exception as error:  # an index beyond a palette, or too little memory
            fail(
                error,
                self._path,
                f"the pixels at row {row}, column {col} cannot be converted",
                "export it again",
                tile=True,
            )
        return require_finite(pixels, self._path)

    def _coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        return self._readers[0].coded_tiles(places) if self._turn == 1 else None

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._file.close()


def open_tiff(path: Path) -> Source:
    """Open a TIFF of any dialect that tifffile knows.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If it is damaged, or sound and of a kind that is not measured.
    """
    import tifffile

    damaged = "the file is damaged; copy or export it again"
    with reading(path, "the TIFF structure cannot be read", damaged), tifffile.TiffFile(path) as tif:
        if has_overlapping_tiles(tif):
            return open_with_openslide(path)
        # tifffile reads the structure and lets go; the pixels come from a file of our own.
        file = ByteFile(path)
        try:
            require_whole(tif, file, path)
            return _source(tif, file, path).take_range_from_pixels()
        except BaseException:
            file.close()
            raise


def _source(tif: Any, file: ByteFile, path: Path) -> TiffSource:
    layout = choose(tif, path)
    page = layout.pages[0]
    rule = rule_of(page, path, _significant_bits(page))
    cache = SegmentCache()
    readers = tuple(PageReader(item, path, file, cache, rule.blank) for item in layout.pages)
    turn = orientation.valid(_tag(page, _ORIENTATION))
    swap = -1 if orientation.swaps_axes(turn) else 1
    sizes = [(reader.height, reader.width)[::swap] for reader in readers]
    height, width = sizes[0]
    tile = readers[0].tile[::swap]
    modality = Modality.HISTOLOGY if rule.channels == 3 else Modality.UNKNOWN
    scale = _scale(tif, layout)
    info = ImageInfo(
        name=path.name,
        format=_FORMATS.get(layout.kind, "BigTIFF" if tif.is_bigtiff else "TIFF"),
        modality=modality,
        height_px=height,
        width_px=width,
        channels=rule.channels,
        dtype=rule.dtype,
        value_range=rule.value_range,
        levels=tuple(Level(rows, cols, (height / rows + width / cols) / 2) for rows, cols in sizes),
        tile_height_px=tile[0],
        tile_width_px=tile[1],
        calibration=_turned(scale.calibration, turn),
        polarity=polarity_of(rule.channels, modality),
        warnings=scale.warnings + rule.warnings + _warnings(page, readers[0]),
        metadata=_metadata(page, layout, turn),
    )
    return TiffSource(path, info, file, readers, rule)


def _scale(tif: Any, layout: Layout) -> Scale:
    """Ask the dialects in order of how much they mean it; the first that has a pixel size decides."""
    page = layout.pages[0]
    x, y, unit = (_tag(page, code) for code in (282, 283, 296))
    steps: list[Callable[[], Scale]] = []
    if tif.is_ome and tif.ome_metadata:
        steps.append(lambda: from_ome(tif.ome_metadata, layout.image))
    if tif.is_svs:
        steps.append(lambda: from_aperio(page.description))
    if tif.is_philips and tif.philips_metadata:
        steps.append(lambda: from_philips(tif.philips_metadata))
    if tif.is_imagej:
        steps.append(lambda: from_imagej(tif.imagej_metadata or {}, x, y))
    steps.append(lambda: from_resolution(x, y, unit))
    warnings: tuple[str, ...] = ()
    for step in steps:
        found = step()
        warnings += found.warnings
        if found.calibration is not None:
            return Scale(found.calibration, warnings)
    return Scale(None, warnings)


def _turned(calibration: Calibration | None, turn: int) -> Calibration | None:
    """Rows and columns of the upright picture: the header speaks of the stored one."""
    if calibration is None or not orientation.swaps_axes(turn):
        return calibration
    return replace(calibration, um_per_px_row=calibration.um_per_px_col, um_per_px_col=calibration.um_per_px_row)


def _significant_bits(page: Any) -> int | None:
    """Bits that MaxSampleValue leaves, when it is one less than a power of two."""
    largest = _tag(page, _MAX_SAMPLE)
    if not isinstance(largest, int) or largest < 1 or (largest & (largest + 1)):
        return None
    return largest.bit_length()


def _warnings(page: Any, reader: PageReader) -> tuple[str, ...]:
    found = []
    if reader.missing:
        found.append(f"{reader.missing} tiles were left out of the file and are read as white background")
    if _tag(page, _ICC):
        found.append(ICC_WARNING)
    return tuple(found)


def _metadata(page: Any, layout: Layout, turn: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "compression": getattr(page.compression, "name", str(page.compression)),
        "photometric": getattr(page.photometric, "name", str(page.photometric)),
        "bits_per_sample": page.bitspersample,
        "orientation": turn,
        "tiled": bool(page.is_tiled),
        "icc_profile": bool(_tag(page, _ICC)),
    }
    if layout.ignored:
        facts["pictures_not_read"] = list(layout.ignored)
    return facts


def _tag(page: Any, code: int) -> Any:
    return page.tags.valueof(code)
