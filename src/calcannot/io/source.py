"""What every image source shares: the box check, the context manager, and the pixel type's limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from calcannot.errors import ImageReadError
from calcannot.io.bad_tiles import BadTiles
from calcannot.model.image import BAD_TILE, ImageInfo, Modality

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from calcannot.jpeg_colours import CodedTiles
    from calcannot.model.calibration import Calibration

DARKER = "darker absorbs more"
DENSER = "denser is brighter"
UNKNOWN = "unknown"

DTYPES = {1: ("uint8", "uint16", "int16", "int32", "float32"), 3: ("uint8", "uint16")}


# Types whose limits say nothing of the values a pixel can have.
_WITHOUT_RANGE = ("int32", "float32")


def polarity_of(channels: int, modality: Modality) -> str:
    """Which side of grey is dense; only a radiograph says so for grey pixels."""
    if channels == 3:
        return DARKER
    return DENSER if modality is Modality.RADIOGRAPH else UNKNOWN


def range_of(dtype: npt.DTypeLike, bits: int | None = None) -> tuple[float, float]:
    """Smallest and largest value of a pixel type, of ``bits`` significant bits when fewer; 0 to 1 for floats."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return 0.0, 1.0
    if bits is not None and bits < kind.itemsize * 8:
        return (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if kind.kind == "i" else (0.0, 2.0**bits - 1)
    limits = np.iinfo(kind)
    return float(limits.min), float(limits.max)


class Source:
    """Base of the sources: subclasses give ``_read`` and, where a file stays open, ``close``.

    Parameters
    ----------
    path
        File the pixels come from.
    info
        Facts about the image.
    files
        The files that hold the pixels; unless given, ``path`` is the one.
    """

    def __init__(self, path: Path, info: ImageInfo, files: Sequence[Path] | None = None) -> None:
        self._path = path
        self._info = info
        self._bad_tiles: BadTiles | None = None
        self._told = ""
        self._stamps = {file: _stamp(file) for file in ((path,) if files is None else files)}

    @property
    def path(self) -> Path:
        """File the pixels come from."""
        return self._path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold the pixels; none for an image in memory."""
        return tuple(self._stamps)

    @property
    def info(self) -> ImageInfo:
        """Facts about the image."""
        return self._info

    def read(self, row: int, col: int, height: int, width: int, level: int = 0) -> npt.NDArray[np.generic]:
        """Pixels of a box that lies inside the level.

        Returns
        -------
        ndarray
            Shape (height, width, 3) for colour or (height, width) for grey, C-contiguous, dtype ``info.dtype``.

        Raises
        ------
        ImageReadError
            If the bytes cannot be decoded.
        ValueError
            If the box is not inside the level.
        """
        self._check_box(row, col, height, width, level)
        if self._bad_tiles is not None:
            return np.ascontiguousarray(self._bad_tiles.read(self._info, row, col, height, width, level))
        return np.ascontiguousarray(self._read(row, col, height, width, level))

    def coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        """Tiles as they are stored, from which ``calcannot.jpeg_colours`` makes the pixels of ``read``.

        Parameters
        ----------
        places
            Row, column, height and width of boxes of level 0.

        Returns
        -------
        CodedTiles or None
            Valid until the thread asks for the next. None where all must be read: always but for JPEG with halved
            chroma, in files that store their pixels as they are shown.

        Raises
        ------
        OSError
            If the system cannot read the file.
        """
        return None if self._bad_tiles is not None else self._coded_tiles(places)

    def _coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        del places
        return None

    def _check_box(self, row: int, col: int, height: int, width: int, level: int) -> None:
        """Raise ValueError unless the box is not empty and lies inside the level."""
        name, levels = self._info.name, self._info.levels
        if not 0 <= level < len(levels):
            what = f"level {level} of {name} does not exist: it has {len(levels)}"
            raise ValueError(what)
        size = levels[level]
        inside = row >= 0 and col >= 0 and row + height <= size.height_px and col + width <= size.width_px
        if not (inside and height > 0 and width > 0):
            what = (
                f"the box of {height} x {width} px at row {row}, column {col} is not inside level {level} "
                f"of {name}, which is {size.height_px} x {size.width_px} px"
            )
            raise ValueError(what)

    def _read(self, row: int, col: int, height: int, width: int, level: int) -> npt.NDArray[np.generic]:
        """Pixels of a box that was checked."""
        raise NotImplementedError

    def with_calibration(self, calibration: Calibration) -> Self:
        """Put a pixel size in the place of the file's own, keep a record of both, and return itself."""
        found = self._info.calibration
        record: dict[str, Any] = {"calibration_in_file": None}
        warnings = self._info.warnings
        if found is not None:
            sizes = {"um_per_px_row": found.um_per_px_row, "um_per_px_col": found.um_per_px_col}
            record = {"calibration_in_file": {**sizes, "source": str(found.source), "note": found.note}}
            warnings += (
                f"the given pixel size ({_size(calibration)}) is used, not the one in the file "
                f"({_size(found)}, {found.source})",
            )
        evidence = calibration.evidence
        if evidence is not None and evidence.image not in ("", self._info.name):
            warnings += (
                f"the pixel size was measured on {evidence.image}: it holds here only if both were taken alike",
            )
        metadata = {**self._info.metadata, **record}
        self._info = replace(self._info, calibration=calibration, warnings=warnings, metadata=metadata)
        return self

    def take_range_from_pixels(self) -> Self:
        """Set the value range to that of the pixels where the type allows values that no image uses; give itself."""
        info = self._info
        if info.dtype in _WITHOUT_RANGE:
            lowest, highest = math.inf, -math.inf
            for row in range(0, info.height_px, info.tile_height_px):
                band = self.read(row, 0, min(info.tile_height_px, info.height_px - row), info.width_px)
                lowest, highest = min(lowest, float(np.min(band))), max(highest, float(np.max(band)))
            self._info = replace(info, value_range=(lowest, highest))
        return self

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of what is decoded at once, in pixels of level 0."""
        return self._info.tile_height_px, self._info.tile_width_px

    def skip_bad_tiles(self) -> None:
        """Read background, from now on, where a tile does not decode, instead of raising `TileError`."""
        background = self._info.value_range[1 if self._info.polarity == DARKER else 0]
        self._bad_tiles = BadTiles(self._read, self.grid, background)

    def leave_out_bad_tiles(self) -> bool:
        """Make exclusions of ``info`` of the tiles that were skipped, and a warning.

        What was measured before holds no longer when there are new ones: they were taken for background.

        Returns
        -------
        bool
            Whether there are new ones since the last call.

        Raises
        ------
        ImageReadError
            If no tile decodes.
        """
        found = self._bad_tiles.exclusions(self._info, self._path) if self._bad_tiles else None
        if found is None:
            return False
        strokes, warning = found
        kept = tuple(each for each in self._info.excluded if each.reason != BAD_TILE)
        told = tuple(each for each in self._info.warnings if each != self._told)
        self._info = replace(self._info, excluded=kept + strokes, warnings=(*told, warning))
        self._told = warning
        return True

    def check_unchanged(self) -> None:
        """Compare size and time of change of the files with those at opening.

        Raises
        ------
        ImageReadError
            If a file was written to, replaced or removed since: pixels read from it may belong to two images.
        """
        for file, stamp in self._stamps.items():
            if _stamp(file) != stamp:
                if _stamp(file) is None:
                    what = "the file is not where it was when it was opened"
                    raise ImageReadError(what, path=file, remedy="connect its drive again, or put it back")
                what = "the file was changed while it was read"
                raise ImageReadError(what, path=file, remedy="wait until it is copied whole, then measure it again")

    def close(self) -> None:
        """Release the file. May be called twice."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None when there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _size(calibration: Calibration) -> str:
    return f"{calibration.um_per_px_row:.6g} x {calibration.um_per_px_col:.6g} µm per pixel"
