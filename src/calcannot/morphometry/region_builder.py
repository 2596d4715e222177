"""Regions of an image from its bands: pieces that touch across a seam are one region.

A region's numbers are sums, minima and maxima of integers over its runs, so neither the tiles nor the order in which
bands are measured can change one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled
from calcannot.model.classes import EDGE
from calcannot.model.regions import LabelledRuns, RegionTable
from calcannot.morphometry import pieces as at
from calcannot.morphometry.box_runs import MASKS
from calcannot.morphometry.filled import filled_areas
from calcannot.morphometry.hull import region_hulls
from calcannot.morphometry.pieces import (
    AREAS,
    REGIONS,
    Layout,
    Pieces,
    add_pieces,
    empty_table,
    join_at_seam,
    pieces_of,
)
from calcannot.morphometry.run_buffer import RunBuffer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcannot.morphometry.band_runs import BandRuns

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_LAYOUTS = (REGIONS, AREAS, AREAS)  # of ``MASKS``


class Band(NamedTuple):
    """A measured band: rows, the runs of the first of ``MASKS``, and the pieces of each of them."""

    height_px: int
    row_start: Int64
    start: Int32
    stop: Int32
    pieces: tuple[Pieces, ...]
    reference_px: int


class Components(NamedTuple):
    """Components of one mask, numbered from 0 in raster order of their first pixel.

    Attributes
    ----------
    table
        int64 (n, columns of ``layout``).
    of_piece
        int32: component of each piece.
    """

    table: Int64
    of_piece: Int32
    layout: Layout

    @property
    def area(self) -> Int64:
        """Pixels of each."""
        return self.table[:, at.AREA]

    @property
    def level_min(self) -> Int64:
        """Least level of each."""
        return self.table[:, self.layout.max_from - 1]

    @property
    def bits(self) -> Int64:
        """Flags of ``model.classes`` that a pixel of it has."""
        return self.table[:, self.layout.bits]


def measured_band(
    masks: Sequence[BandRuns], reference_px: int, row: int, height: int, height_px: int, width_px: int
) -> Band:
    """Label and measure a band of ``height`` rows from ``row``, of an image of this size."""
    pieces = tuple(
        pieces_of(runs, row, height_px, width_px, layout) for runs, layout in zip(masks, _LAYOUTS, strict=True)
    )
    return Band(height, masks[0].row_start, masks[0].start, masks[0].stop, pieces, reference_px)


@dataclass(slots=True)
class RegionBuilder:
    """Takes bands from top to bottom. Memory grows with runs and regions, not with pixels."""

    height_px: int
    width_px: int
    reference_px: int = 0
    _runs: RunBuffer = field(init=False)
    _tables: tuple[list[Int64], ...] = field(default_factory=lambda: tuple([] for _ in MASKS))
    _pairs: tuple[list[Int32], ...] = field(default_factory=lambda: tuple([] for _ in MASKS))
    _bottom: list[Int32] = field(default_factory=lambda: [np.zeros((3, 0), np.int32) for _ in MASKS])
    _count: list[int] = field(default_factory=lambda: [0] * len(MASKS))

    def __post_init__(self) -> None:
        self._runs = RunBuffer(self.height_px)

    def add(self, band: Band) -> None:
        """Append the next band."""
        self.reference_px += band.reference_px
        for mask, each in enumerate(band.pieces):
            pairs = join_at_seam(self._bottom[mask], each.top, each.table)
            pairs[:, 1] += self._count[mask]
            self._pairs[mask].append(pairs)
            self._tables[mask].append(each.table)
            self._bottom[mask] = each.bottom
            self._bottom[mask][2] += self._count[mask]
            if mask == 0:
                self._runs.append(band.row_start, band.start, band.stop, each.labels, len(each.table))
            self._count[mask] += len(each.table)

    def components(self, mask: int) -> Components:
        """Components of one of ``MASKS``; can be asked for once."""
        number = MASKS.index(mask)
        pairs = np.concatenate([np.zeros((0, 2), np.int32), *self._pairs[number]])
        of_piece, count = _components(self._count[number], pairs)
        table = empty_table(count, _LAYOUTS[number], "F")
        first = 0
        # Pieces go as they are added: of a million regions they take as much memory as the table.
        parts = self._tables[number][::-1]
        self._tables[number].clear()
        while parts:
            part = parts.pop()
            add_pieces(part, of_piece[first : first + len(part)], table, _LAYOUTS[number])
            first += len(part)
        return Components(table, of_piece, _LAYOUTS[number])

    def finish(
        self, components: Components, keep: npt.NDArray[np.bool_], workers: int = 1
    ) -> tuple[RegionTable, LabelledRuns]:
        """Regions of the first of ``MASKS``; can be asked for once, and uses up the table of the components.

        Parameters
        ----------
        keep
            bool (n,): which components are regions. What an outline encloses does not depend on what was dropped
            inside it.
        """
        runs = self.runs_of(components, keep)
        table = components.table[: _move_up(components.table, keep)]
        holes = table[:, at.CONTACTS] - table[:, at.RUNS] + 1
        rows = np.stack([table[:, at.ROW_MIN], table[:, at.ROW_MAX]], axis=1)
        hull_start, hull_row, hull_col = region_hulls(runs, rows, workers)
        regions = RegionTable(
            area=table[:, at.AREA], row_sum=table[:, at.ROW_SUM], col_sum=table[:, at.COL_SUM],
            row_min=rows[:, 0], row_max=rows[:, 1], col_min=table[:, at.COL_MIN], col_max=table[:, at.COL_MAX],
            crossings=table[:, at.CROSS : at.CROSS + 4], filled_area=filled_areas(runs, table[:, at.AREA], holes, rows),
            hole_count=holes, touches_border=(table[:, at.BORDER] > 0) | (table[:, at.BITS] & EDGE != 0),
            level_sum=table[:, at.LEVEL_SUM], level_min=table[:, at.LEVEL_MIN], level_max=table[:, at.LEVEL_MAX],
            hull_start=hull_start, hull_row=hull_row, hull_col=hull_col,
        )  # fmt: skip
        return regions, runs

    def runs_of(self, components: Components, keep: npt.NDArray[np.bool_]) -> LabelledRuns:
        """Runs of the components to keep, numbered from 1; can be asked for once."""
        number = np.cumsum(keep, dtype=np.int32)
        number[~keep] = 0
        return LabelledRuns(self.height_px, self.width_px, *self._runs.keep(number[components.of_piece]))


@compiled
def _move_up(table: Int64, keep: npt.NDArray[np.bool_]) -> int:
    """Move the rows to keep to the front, in place; gives how many there are."""
    n = 0
    for row in range(table.shape[0]):
        if keep[row]:
            for column in range(table.shape[1]):
                table[n, column] = table[row, column]
            n += 1
    return n


@compiled
def _components(count: int, pairs: Int32) -> tuple[Int32, int]:
    parent = np.arange(count).astype(np.int32)
    for i in range(pairs.shape[0]):
        a, b = pairs[i, 0], pairs[i, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        # The lower number is the one whose first pixel comes first.
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    number = np.empty(count, np.int32)
    n = 0
    for i in range(count):
        root = parent[i]
        while parent[root] != root:
            root = parent[root]
        if root == i:
            number[i] = n
            n += 1
        else:
            number[i] = number[root]
    return number, n
