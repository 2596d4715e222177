"""Which region a pixel belongs to."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from calcannot.model.regions import LabelledRuns
from napari_calcannot.region_index import RegionIndex


def runs_of(labels):
    starts, stops, regions, row_start = [], [], [], [0]
    for row in labels:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
        for start, stop in itertools.pairwise(edges):
            if row[start]:
                starts, stops, regions = [*starts, start], [*stops, stop], [*regions, row[start]]
        row_start.append(len(starts))
    return LabelledRuns(*labels.shape, np.array(row_start), *(np.array(x, np.int32) for x in (starts, stops, regions)))


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 12))))
def test_every_pixel_and_those_beside_the_image(mask):
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    index = RegionIndex(runs_of(labels))
    rows, cols = np.mgrid[-1 : mask.shape[0] + 1, -1 : mask.shape[1] + 1]
    np.testing.assert_array_equal(index.at(rows, cols), np.pad(labels, 1) - 1)
    assert len(index) == count
    for region in range(count):
        row, col = index.pixel_of(region)
        assert labels[row, col] == region + 1
        assert row == np.flatnonzero((labels == region + 1).any(axis=1))[0]
