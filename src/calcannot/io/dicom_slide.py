"""One level of a DICOM slide (VL Whole Slide Microscopy): tiles are frames, decoded when a box touches them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import dicom_facts as facts
from calcannot.io.dicom_calibration import of_slide
from calcannot.io.dicom_decode import decode
from calcannot.io.segment_cache import SegmentCache
from calcannot.io.source import Source, polarity_of
from calcannot.model.image import ImageInfo, Level

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from calcannot.io.dicom_file import DicomFile
    from calcannot.io.dicom_pixels import Rule

_NOT_TISSUE = {"LABEL", "OVERVIEW", "THUMBNAIL", "LOCALIZER", "MACRO"}
# A slide of 60 x 25 mm at 0.1 µm per pixel in tiles of 128 has nine million.
_MOST_TILES = 2**24


class SlideSource(Source):
    """A level of a slide.

    Parameters
    ----------
    path, info
        As in `Source`.
    file
        The open file; closed with the source.
    rule
        From frames to pixels.
    grid
        Frame number of every tile, shape (tile rows, tile columns); -1 where the slide has none.
    """

    def __init__(self, path: Path, info: ImageInfo, file: DicomFile, rule: Rule, grid: npt.NDArray[np.int64]) -> None:
        super().__init__(path, info)
        self._file = file
        self._rule = rule
        self._grid = grid
        self._cache = SegmentCache()
        self._tile = int(file.header.Rows), int(file.header.Columns)

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        rows, cols = self._tile
        shape = (height, width, 3) if self._info.channels == 3 else (height, width)
        # White where the slide has no tile: glass that was not scanned.
        pixels = np.full(shape, self._info.value_range[1], self._info.dtype)
        for down in range(row // rows, (row + height - 1) // rows + 1):
            for across in range(col // cols, (col + width - 1) // cols + 1):
                frame = int(self._grid[down, across])
                if frame < 0:
                    continue
                tile = self._decoded(frame, down, across)
                top, left = max(row, down * rows), max(col, across * cols)
                bottom, right = min(row + height, (down + 1) * rows), min(col + width, (across + 1) * cols)
                pixels[top - row : bottom - row, left - col : right - col] = tile[
                    top - down * rows : bottom - down * rows, left - across * cols : right - across * cols
                ]
        return pixels

    def _decoded(self, frame: int, down: int, across: int) -> npt.NDArray[Any]:
        place = f"the tile at row {down * self._tile[0]}, column {across * self._tile[1]}"
        return self._cache.get(frame, lambda: self._rule.convert(decode(self._file, frame, self._path, place)))

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._cache.clear()
        self._file.close()


def open_slide(file: DicomFile, rule: Rule, path: Path) -> Source:
    """Open a level of a slide.

    Raises
    ------
    ImageReadError
        If its tiles do not make up the picture.
    UnsupportedImageError
        If it is a picture of the label or of the whole glass, or has several focal planes or optical paths.
    """
    header = file.header
    kinds = {str(kind).upper() for kind in header.get("ImageType") or ()}
    if kinds & _NOT_TISSUE:
        what = f"this is the {', '.join(sorted(kinds & _NOT_TISSUE)).lower()} picture of a slide, not the tissue"
        raise UnsupportedImageError(what, path=path, remedy="give the file of the slide whose image type is VOLUME")
    _require_plane(header, path)
    height = int(facts.number(header, "TotalPixelMatrixRows") or 0)
    width = int(facts.number(header, "TotalPixelMatrixColumns") or 0)
    if min(height, width) <= 0:
        what = f"the header gives a slide of {height} x {width} px"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    grid = _grid(file, height, width, path)
    missing = int((grid < 0).sum())
    if missing and rule.channels == 1:
        what = f"{missing} of {grid.size} tiles are not in the file"
        raise ImageReadError(what, path=path, remedy="export the slide again, whole")
    measures = facts.first_item(header, "SharedFunctionalGroupsSequence")
    measures = facts.first_item(measures, "PixelMeasuresSequence") if measures is not None else None
    scale = of_slide(
        facts.numbers(measures, "PixelSpacing") if measures is not None else None,
        (facts.number(header, "ImagedVolumeHeight"), facts.number(header, "ImagedVolumeWidth")),
        (height, width),
    )
    modality = facts.modality_of(header, rule.channels)
    warnings = scale.warnings + facts.warnings_of(header, modality, rule, scale.calibration is not None)
    if missing:
        warnings += (f"{missing} tiles are not in the file and are read as white background",)
    info = ImageInfo(
        name=path.name,
        format="DICOM slide",
        modality=modality,
        height_px=height,
        width_px=width,
        channels=rule.channels,
        dtype=rule.dtype,
        value_range=rule.value_range,
        levels=(Level(height, width, 1.0),),
        tile_height_px=min(int(header.Rows), height),
        tile_width_px=min(int(header.Columns), width),
        calibration=scale.calibration,
        polarity=polarity_of(rule.channels, modality),
        warnings=warnings,
        metadata=facts.metadata_of(file, rule),
    )
    return SlideSource(path, info, file, rule, grid)


def _require_plane(header: Any, path: Path) -> None:
    for keyword, axis in (
        ("TotalPixelMatrixFocalPlanes", "focal planes (Z)"),
        ("NumberOfOpticalPaths", "channels (C)"),
    ):
        count = facts.number(header, keyword) or 1
        if count > 1:
            what = f"the slide is a stack of {count:g} {axis}, and one flat picture is measured at a time"
            raise UnsupportedImageError(what, path=path, remedy="export one of them")


def _grid(file: DicomFile, height: int, width: int, path: Path) -> npt.NDArray[np.int64]:
    """Frame number of every tile: row by row when TILED_FULL, else from the position of each frame."""
    header = file.header
    rows, cols = int(header.Rows), int(header.Columns)
    shape = math.ceil(height / rows), math.ceil(width / cols)
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if facts.text(header, "DimensionOrganizationType") == "TILED_FULL" or not groups:
        if file.frames != shape[0] * shape[1]:
            what = f"{shape[0] * shape[1]} tiles are expected and {file.frames} are there"
            raise ImageReadError(what, path=path, remedy="export the slide again, all tiles of a level in one file")
        return np.arange(file.frames).reshape(shape)
    if shape[0] * shape[1] > _MOST_TILES:
        what = f"the header gives a slide of {height} x {width} px in tiles of {rows} x {cols}, which cannot be true"
        raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
    grid = np.full(shape, -1, np.int64)
    for frame, group in enumerate(groups):
        place = facts.first_item(group, "PlanePositionSlideSequence")
        top = facts.number(place, "RowPositionInTotalImagePixelMatrix") if place is not None else None
        left = facts.number(place, "ColumnPositionInTotalImagePixelMatrix") if place is not None else None
        if top is None or left is None or (top - 1) % rows or (left - 1) % cols:
            what = f"frame {frame + 1} of the slide does not lie on the grid of tiles"
            raise UnsupportedImageError(what, path=path, remedy="export the slide as TILED_FULL")
        down, across = int(top - 1) // rows, int(left - 1) // cols
        if not (0 <= down < shape[0] and 0 <= across < shape[1]) or grid[down, across] >= 0:
            what = f"frame {frame + 1} of the slide lies outside it, or on another frame"
            raise ImageReadError(what, path=path, remedy="export the slide as TILED_FULL")
        grid[down, across] = frame
    return grid
