"""Runs drawn into tiles and at half the size, against the mask that they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.runs.from_mask import RunBuilder
from calcannot.runs.raster import halved, row_of_tiles


def runs_of(mask: np.ndarray):
    builder = RunBuilder(mask.shape[1])
    builder.add(mask.astype(np.uint8))
    return builder.finish()


def drawn(runs, tile: int) -> np.ndarray:
    """All tiles put together, and what reaches beyond the image cut off."""
    rows = []
    for row in range(0, runs.height_px, tile):
        tiles, place = row_of_tiles(runs, row, tile)
        assert all(each.any() for each in tiles)
        rows.append(np.hstack([tiles[n] if n >= 0 else np.zeros((tile, tile), np.uint8) for n in place]))
    whole = np.vstack(rows)
    assert not whole[runs.height_px :].any()
    assert not whole[:, runs.width_px :].any()
    return whole[: runs.height_px, : runs.width_px]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (7, 6), (64, 48), (65, 49), (33, 100)])
def test_tiles_show_the_mask_and_its_halves(shape, share):
    mask = np.random.default_rng(3).random(shape) < share
    runs = runs_of(mask)
    while max(mask.shape) > 1:
        np.testing.assert_array_equal(drawn(runs, 16), mask)
        padded = np.pad(mask, [(0, size % 2) for size in mask.shape])
        mask = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).max(axis=(1, 3))
        runs = halved(runs)
        assert (runs.height_px, runs.width_px) == mask.shape
        # Runs of a row do not touch: what is one run stays one.
        for row in range(runs.height_px):
            part = slice(runs.row_start[row], runs.row_start[row + 1])
            assert (runs.start[part][1:] > runs.stop[part][:-1]).all()
    np.testing.assert_array_equal(drawn(runs, 16), mask)
