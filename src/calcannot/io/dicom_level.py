"""One level of a DICOM slide: tiles are frames, of one file or of the parts it was split into."""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ImageReadError, UnsupportedImageError
from calcannot.io import dicom_facts as facts
from calcannot.io.dicom_decode import colours_of, decoder_of, ends, frame_bytes, is_jpeg
from calcannot.io.tiling import TiledReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from calcannot.io.dicom_file import DicomFile
    from calcannot.io.dicom_pixels import Rule
    from calcannot.io.jpeg_planes import PlaneDecoder
    from calcannot.io.segment_cache import SegmentCache
    from calcannot.jpeg_colours import CodedTiles

# A slide of 60 x 25 mm at 0.1 µm per pixel in tiles of 128 has nine million.
_MOST_TILES = 2**24


class LevelReader(TiledReader):
    """Pixels of a level.

    Parameters
    ----------
    files
        Its parts in order, each with its path; one unless the level was split.
    rule
        From frames to pixels.
    cache
        Where decoded tiles are kept.

    Raises
    ------
    ImageReadError, UnsupportedImageError
        If the tiles do not make up the level.
    """

    def __init__(self, files: Sequence[tuple[DicomFile, Path]], rule: Rule, cache: SegmentCache) -> None:
        header, path = files[0][0].header, files[0][1]
        size = tuple(int(facts.number(header, f"TotalPixelMatrix{side}") or 0) for side in ("Rows", "Columns"))
        if min(size) <= 0:
            what = f"the header gives a slide of {size[0]} x {size[1]} px"
            raise ImageReadError(what, path=path, remedy="the file is damaged; export it again")
        tile = int(header.Rows), int(header.Columns)
        samples = (3,) if rule.channels == 3 else ()
        # White where the slide has no tile: glass that was not scanned.
        super().__init__((size[0], size[1]), tile, samples, rule.dtype, rule.value_range[1], cache)
        self._rule = rule
        self._files = [file for file, _ in files]
        self._decoders = [decoder_of(file, place) for file, place in files]
        self._starts = np.cumsum([0] + [file.frames for file, _ in files])
        self._frames = _grid(files, (size[0], size[1]), tile)
        if self.missing and rule.channels == 1:
            what = f"{self.missing} of {self._frames.size} tiles are not in the file"
            raise ImageReadError(what, path=path, remedy="export the slide again, whole")

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width to read at once."""
        return min(self._tile[0], self.height), min(self._tile[1], self.width)

    @property
    def missing(self) -> int:
        """Tiles that are in no file."""
        return int((self._frames < 0).sum())

    def coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        """Tiles as they are stored, for a decoder; None where all must be read as pixels."""
        if self._plane_decoder is None:
            return None
        tiles, rows = self._stored_tiles(places)
        parts = [b"" if tile is None else self._coded(*tile) for tile in tiles]
        sizes = [len(part) for part in parts]
        return self._plane_decoder.tiles(b"".join(parts), [0, *accumulate(sizes)][:-1], sizes, rows)

    @cached_property
    def _plane_decoder(self) -> PlaneDecoder | None:
        from calcannot.io.jpeg_planes import decoder_of_planes  # brings the compiler; to open an image needs none

        header = self._files[0].header
        photometric = str(header.PhotometricInterpretation)
        if int(header.SamplesPerPixel) != 3 or not all(is_jpeg(file) for file in self._files):
            return None
        return decoder_of_planes(self._tile, None, lambda coded: colours_of(coded, photometric))

    def _coded(self, down: int, across: int) -> bytes:
        """Stream of a tile; empty where there is none or it is cut short."""
        place = self._place_of(down, across)
        if place is None:
            return b""
        try:
            coded = self._files[place[0]].frame(place[1], 0)
        except ImageReadError:  # told by whoever reads it as pixels
            return b""
        return coded if ends(coded) else b""

    def _decoded(self, down: int, across: int) -> npt.NDArray[Any] | None:
        place = self._place_of(down, across)
        if place is None:
            return None
        name, least = f"the tile {self._corner(down, across)}", self._inside(down, across)
        return self._rule.convert(self._decoders[place[0]](place[1], name, least))

    @contextmanager
    def _ahead(self, tiles: Sequence[tuple[int, int]]) -> Iterator[None]:
        places = [place for tile in tiles if (place := self._place_of(*tile)) is not None]
        with ExitStack() as stack:
            for part in {part for part, _ in places}:
                file = self._files[part]
                frames = [frame for of, frame in places if of == part]
                stack.enter_context(file.ahead(frames, frame_bytes(file.header)))
            yield

    def _place_of(self, down: int, across: int) -> tuple[int, int] | None:
        """Part and frame of a tile."""
        frame = int(self._frames[down, across])
        if frame < 0:
            return None
        part = int(np.searchsorted(self._starts, frame, side="right")) - 1 if len(self._decoders) > 1 else 0
        return part, frame - int(self._starts[part])


def _grid(files: Sequence[tuple[DicomFile, Path]], size: tuple[int, int], tile: tuple[int, int]) -> npt.NDArray[Any]:
    """Number of the frame of every tile, counted over all parts; -1 where there is none."""
    shape = math.ceil(size[0] / tile[0]), math.ceil(size[1] / tile[1])
    header, path = files[0][0].header, files[0][1]
    frames = sum(file.frames for file, _ in files)
    if facts.text(header, "DimensionOrganizationType") == "TILED_FULL" or not header.get(
        "PerFrameFunctionalGroupsSequence"
    ):
        if frames != shape[0] * shape[1]:
            what = f"{shape[0] * shape[1]} tiles are expected and {frames} are there"
            remedy = "put all parts of the level into one folder" if _is_part(header) else "export the slide again"
            raise ImageReadError(what, path=path, remedy=remedy + ", all tiles of a level in one file")
        return np.arange(frames).reshape(shape)
    if shape[0] * shape[1] > _MOST_TILES:
        what = (
            f"the header gives a slide of {size[0]} x {size[1]} px in tiles of {tile[0]} x {tile[1]}, which cannot be"
        )
        raise ImageReadError(what + " true", path=path, remedy="the file is damaged; export it again")
    grid = np.full(shape, -1, np.int64)
    number = 0
    for file, place in files:
        for group in file.header.get("PerFrameFunctionalGroupsSequence") or ():
            down, across = _place(group, number, tile, place)
            if not (0 <= down < shape[0] and 0 <= across < shape[1]) or grid[down, across] >= 0:
                what = f"frame {number + 1} of the slide lies outside it, or on another frame"
                raise ImageReadError(what, path=place, remedy="export the slide as TILED_FULL")
            grid[down, across] = number
            number += 1
    return grid


def _place(group: Any, number: int, tile: tuple[int, int], path: Path) -> tuple[int, int]:
    position = facts.first_item(group, "PlanePositionSlideSequence")
    top = facts.number(position, "RowPositionInTotalImagePixelMatrix") if position is not None else None
    left = facts.number(position, "ColumnPositionInTotalImagePixelMatrix") if position is not None else None
    if top is None or left is None or (top - 1) % tile[0] or (left - 1) % tile[1]:
        what = f"frame {number + 1} of the slide does not lie on the grid of tiles"
        raise UnsupportedImageError(what, path=path, remedy="export the slide as TILED_FULL")
    return int(top - 1) // tile[0], int(left - 1) // tile[1]


def _is_part(header: Any) -> bool:
    return bool(facts.text(header, "ConcatenationUID"))
