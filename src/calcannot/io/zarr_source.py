"""OME-Zarr images, through the zarr library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io.extras import import_extra
from calcannot.io.limits import check_piece
from calcannot.io.pixels import require_finite
from calcannot.io.quiet import reading
from calcannot.io.source import DTYPES, Source, polarity_of, range_of
from calcannot.io.zarr_layout import Layout, is_zarr, layout_of
from calcannot.model.image import ImageInfo, Level, Modality

if TYPE_CHECKING:
    from pathlib import Path

_AXES = {"t": "time points (T)", "c": "channels (C)", "z": "focal planes (Z)"}
_DAMAGED = "the folder is damaged; copy or export it again"


class ZarrSource(Source):
    """An OME-Zarr image.

    Parameters
    ----------
    path, info
        As in `Source`.
    arrays
        One ``zarr.Array`` a level.
    axes
        Names of their axes.
    files
        Those that say where pixels are; chunks are written once and are not watched.
    """

    def __init__(
        self, path: Path, info: ImageInfo, arrays: tuple[Any, ...], axes: tuple[str, ...], files: list[Path]
    ) -> None:
        super().__init__(path, info, files=files)
        self._arrays = arrays
        self._axes = axes
        self._closed = False

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        if self._closed:
            what = "the image was closed"
            raise ImageReadError(what, path=self._path, remedy="open it again")
        where = {"y": slice(row, row + height), "x": slice(col, col + width)}
        whole = slice(None) if self._info.channels == 3 else 0
        key = tuple(where.get(axis, whole if axis == "c" else 0) for axis in self._axes)
        what = f"the pixels at row {row}, column {col} of level {level} cannot be decoded"
        with reading(self._path, what, _DAMAGED, detail=False, tile=True):  # zarr quotes folders
            pixels = np.asarray(self._arrays[level][key])
        left = [axis for axis, part in zip(self._axes, key, strict=True) if isinstance(part, slice)]
        pixels = pixels.transpose([left.index(axis) for axis in ("y", "x", "c") if axis in left])
        return require_finite(pixels.astype(self._info.dtype, copy=False), self._path)

    def close(self) -> None:
        """Let go of the arrays. May be called twice."""
        self._closed = True


def open_zarr(path: Path) -> Source:
    """Open an OME-Zarr folder, version 0.4 or 0.5 (older ones without their scale).

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If it is damaged, or sound and of a kind that is not measured.
    MissingExtraError
        If zarr is not installed.
    """
    layout = layout_of(path)
    zarr = import_extra("zarr", "zarr", path, "an OME-Zarr folder")
    for each in layout.paths:
        if not is_zarr(layout.root / each):
            what = f"level {each!r} of the OME-Zarr image is not in its folder"
            raise ImageReadError(what, path=path, remedy=_DAMAGED)
    with reading(path, "the OME-Zarr arrays cannot be read", _DAMAGED, detail=False):
        arrays = [zarr.open_array(layout.root / each, mode="r") for each in layout.paths]
        first = arrays[0]
        channels = _channels(layout, first, path)
        _check(layout, first, channels, path)
        levels = _levels(layout, arrays)
        sizes = [_size(layout, array) for array in levels]
        height, width = sizes[0]
        tile = tuple(first.chunks[layout.axes.index(axis)] for axis in "yx")
        dtype = np.dtype(first.dtype)
        modality = Modality.HISTOLOGY if channels == 3 else Modality.UNKNOWN
        info = ImageInfo(
            name=path.name,
            format=f"OME-Zarr {layout.version}".strip(),
            modality=modality,
            height_px=height,
            width_px=width,
            channels=channels,
            dtype=dtype.name,
            value_range=range_of(dtype),
            levels=tuple(Level(rows, cols, (height / rows + width / cols) / 2) for rows, cols in sizes),
            tile_height_px=min(tile[0], height),
            tile_width_px=min(tile[1], width),
            calibration=layout.scale.calibration,
            polarity=polarity_of(channels, modality),
            warnings=layout.scale.warnings + _warnings(layout, first, channels),
            metadata={"zarr_format": int(first.metadata.zarr_format), "axes": "".join(layout.axes)},
        )
        files = [file for file in (layout.root / "zarr.json", layout.root / ".zattrs") if file.is_file()]
        return ZarrSource(path, info, tuple(levels), layout.axes, files).take_range_from_pixels()


def _channels(layout: Layout, array: Any, path: Path) -> int:
    """3 for RGB and 1 for grey; raises for stacks and for channels that are no colours."""
    sizes = dict(zip(layout.axes, array.shape, strict=True))
    extra = {axis: size for axis, size in sizes.items() if axis not in "yx" and size != 1}
    if list(extra) == ["c"] and extra["c"] == 3 and layout.is_rgb is not False:
        return 3
    if not extra:
        return 1
    axes = " and ".join(f"{size} {_AXES.get(axis, f'planes along axis {axis}')}" for axis, size in extra.items())
    what = f"the image is a stack of {axes}, and one flat picture is measured at a time"
    raise UnsupportedImageError(what, path=path, remedy="save the plane to measure, or an RGB picture, on its own")


def _check(layout: Layout, array: Any, channels: int, path: Path) -> None:
    dtype = np.dtype(array.dtype).name
    if dtype not in DTYPES[channels]:
        what = f"{'colour' if channels == 3 else 'grey'} pixels of type {dtype} are not measured"
        raise UnsupportedImageError(what, path=path, remedy=f"convert to {', '.join(DTYPES[channels])}")
    rows, cols = (array.chunks[layout.axes.index(axis)] for axis in "yx")
    # What a chunk is stored in is not known before it is read: its size alone is judged.
    check_piece(path, (rows, cols), channels * np.dtype(dtype).itemsize, rows * cols)


def _levels(layout: Layout, arrays: list[Any]) -> list[Any]:
    """The first array and those after it that are the same picture smaller."""
    kept = [arrays[0]]
    for array in arrays[1:]:
        (rows, cols), (above_rows, above_cols) = _size(layout, array), _size(layout, kept[-1])
        if rows < above_rows and cols <= above_cols and array.dtype == arrays[0].dtype:
            kept.append(array)
    return kept


def _size(layout: Layout, array: Any) -> tuple[int, int]:
    return int(array.shape[layout.axes.index("y")]), int(array.shape[layout.axes.index("x")])


def _warnings(layout: Layout, array: Any, channels: int) -> tuple[str, ...]:
    found = []
    if channels == 3 and layout.is_rgb is None:
        found.append("nothing says what the three channels are: they are taken as red, green and blue")
    absent = int(array.nchunks) - int(array.nchunks_initialized)
    if absent > 0:
        value = array.fill_value
        found.append(f"{absent} chunks are not in the folder and are read as the fill value, {value}")
    return tuple(found)
