"""Runs of bands are those of the image, whatever room there was for them at first."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.morphometry import run_buffer
from calcannot.morphometry.run_buffer import RunBuffer


def bands(seed=4, heights=(3, 1, 0, 5, 4)):
    """Runs in each row, their ends, and the piece of each; pieces of each band are numbered from 0."""
    rng = np.random.default_rng(seed)
    for height in heights:
        counts = rng.integers(0, 6, height)
        row_start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        start = rng.integers(0, 50, row_start[-1]).astype(np.int32)
        pieces = 7
        yield row_start, start, start + np.int32(9), rng.integers(0, pieces, start.size).astype(np.int32), pieces


@pytest.mark.parametrize("room", [1, 2, 16, 1 << 22])
def test_runs_of_regions_are_kept_in_order(room, monkeypatch):
    monkeypatch.setattr(run_buffer, "_FIRST_ROOM", room)
    buffer, expected = RunBuffer(13), [[] for _ in range(13)]
    region_of_piece = np.random.default_rng(1).integers(0, 3, 35).astype(np.int32) * np.arange(1, 36, dtype=np.int32)
    row = first = 0
    for row_start, start, stop, labels, pieces in bands():
        buffer.append(row_start, start, stop, labels, pieces)
        for line in range(row_start.size - 1):
            for run in range(row_start[line], row_start[line + 1]):
                region = region_of_piece[first + labels[run]]
                if region:
                    expected[row].append((start[run], stop[run], region))
            row += 1
        first += pieces
    rows, *found = buffer.keep(region_of_piece)
    assert rows.tolist() == [0, *np.cumsum([len(line) for line in expected])]
    assert list(zip(*(each.tolist() for each in found), strict=True)) == [run for line in expected for run in line]
    assert all(each.dtype == np.int32 and each.size == rows[-1] for each in found)


def test_an_image_without_runs():
    nothing = np.zeros(0, np.int32)
    buffer = RunBuffer(2)
    buffer.append(np.zeros(3, np.int64), nothing, nothing, nothing, 0)
    rows, start, stop, region = buffer.keep(nothing)
    assert rows.tolist() == [0, 0, 0] and start.size == stop.size == region.size == 0
