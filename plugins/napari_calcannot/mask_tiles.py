"""Pixels of the mask on screen: the runs of a measurement, and tiles of what was changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_calcannot.mask_codes import MINERAL, NOTHING, pooled, reduced_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.regions import LabelledRuns

Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TILE_PX = 512


class MaskTiles:
    """Codes of all pixels of an image.

    Parameters
    ----------
    runs
        What was measured; every region is shown as mineral to begin with.
    """

    def __init__(self, runs: LabelledRuns) -> None:
        self.runs = runs
        count = int(runs.region.max()) if runs.region.size else 0
        self._of_region = np.full(count + 1, MINERAL, np.uint8)
        self._of_region[0] = NOTHING
        self._tiles: dict[tuple[int, int], Codes] = {}

    def region_at(self, row: int, col: int) -> int | None:
        """Measured region, counted from 0, that a pixel on show belongs to; None for none or one drawn since."""
        if not self.codes(row, col, 1, 1)[0, 0]:
            return None
        number = int(self.runs.labels(row, col, 1, 1)[0, 0])
        return number - 1 if number else None

    def set_codes(self, codes: Codes) -> None:
        """Give every measured region its code; uint8 (regions,). Tiles that were changed follow."""
        self._of_region = np.concatenate([[NOTHING], codes]).astype(np.uint8)
        for (r, c), tile in self._tiles.items():
            rows, cols = tile.shape
            measured = self._of_region[self.runs.labels(r * TILE_PX, c * TILE_PX, rows, cols)]
            both = (tile > 0) & (measured > 0)
            tile[both] = measured[both]

    def recode(self, codes: Codes) -> list[int]:
        """Give every measured region its code; the regions, counted from 0, that have another one now."""
        changed = np.flatnonzero(self._of_region[1:] != codes)
        if changed.size:
            self.set_codes(codes)
        return [int(region) for region in changed]

    def mask(self, row: int, col: int, height: int, width: int) -> Mask:
        """Whether each pixel of a box is mineral; bool (height, width)."""
        return self.codes(row, col, height, width) > 0

    def codes(self, row: int, col: int, height: int, width: int) -> Codes:
        """Code of each pixel of a box; uint8 (height, width)."""
        return self.reduced(row, col, height, width, 1)

    def reduced(self, row: int, col: int, height: int, width: int, factor: int) -> Codes:
        """Codes of a box of the image reduced by ``factor``, a power of 2, by their maximum."""
        box = reduced_codes(self.runs, self._of_region, row, col, height, width, factor)
        side = TILE_PX // factor
        for key in self._changed_in(row * factor, col * factor, height * factor, width * factor):
            tile = pooled(self._tiles[key], factor)
            top, left = key[0] * side, key[1] * side
            r0, r1 = max(row, top), min(row + height, top + tile.shape[0])
            c0, c1 = max(col, left), min(col + width, left + tile.shape[1])
            box[r0 - row : r1 - row, c0 - col : c1 - col] = tile[r0 - top : r1 - top, c0 - left : c1 - left]
        return box

    def put(self, row: int, col: int, mask: Mask) -> None:
        """Make a box what this mask says; pixels that are mineral already keep their code."""
        codes = self.codes(row, col, *mask.shape)
        codes[mask & (codes == NOTHING)] = MINERAL
        codes[~mask] = NOTHING
        self.put_codes(row, col, codes)

    def put_codes(self, row: int, col: int, codes: Codes) -> None:
        """Make a box these codes."""
        height, width = codes.shape
        for r in range(row // TILE_PX, (row + height - 1) // TILE_PX + 1):
            for c in range(col // TILE_PX, (col + width - 1) // TILE_PX + 1):
                top, left = r * TILE_PX, c * TILE_PX
                r0, r1 = max(row, top), min(row + height, top + TILE_PX)
                c0, c1 = max(col, left), min(col + width, left + TILE_PX)
                part = codes[r0 - row : r1 - row, c0 - col : c1 - col]
                if (r, c) in self._tiles or not np.array_equal(part, self.codes(r0, c0, r1 - r0, c1 - c0)):
                    self._tile(r, c)[r0 - top : r1 - top, c0 - left : c1 - left] = part

    def _tile(self, r: int, c: int) -> Codes:
        if (r, c) not in self._tiles:
            top, left = r * TILE_PX, c * TILE_PX
            rows, cols = min(TILE_PX, self.runs.height_px - top), min(TILE_PX, self.runs.width_px - left)
            self._tiles[r, c] = self.codes(top, left, rows, cols)
        return self._tiles[r, c]

    def _changed_in(self, row: int, col: int, height: int, width: int) -> Iterator[tuple[int, int]]:
        for key in list(self._tiles):  # a figure is written in a thread while a stroke is drawn
            if (key[0] * TILE_PX < row + height and (key[0] + 1) * TILE_PX > row
                    and key[1] * TILE_PX < col + width and (key[1] + 1) * TILE_PX > col):  # fmt: skip
                yield key
