"""Arrays that are read where they are looked at."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_calcannot.levels import LazyLevel

WHOLE = np.arange(7 * 9 * 3).reshape(7, 9, 3)


def lazy(array):
    return LazyLevel(lambda r, c, h, w: array[r : r + h, c : c + w], array.shape, array.dtype, (4, 4))


def keys(size):
    ends = st.none() | st.integers(-size - 2, size + 2)
    steps = st.sampled_from([None, 1, 2, 3, -1, -2])
    return st.integers(-size, size - 1) | st.builds(slice, ends, ends, steps)


@given(row=keys(7), col=keys(9), depth=keys(3))
def test_indexed_as_an_array(row, col, depth):
    np.testing.assert_array_equal(lazy(WHOLE)[row, col, depth], WHOLE[row, col, depth])
    np.testing.assert_array_equal(lazy(WHOLE)[row, col], WHOLE[row, col])
    np.testing.assert_array_equal(lazy(WHOLE)[..., depth], WHOLE[..., depth])


def test_reads_no_more_than_asked():
    boxes = []
    level = LazyLevel(lambda *box: boxes.append(box) or np.zeros(box[2:]), (1000, 2000), np.float64, (256, 256))
    level[10:20, 500:600]
    assert boxes == [(10, 500, 10, 100)]
    assert level.chunks == (256, 256)


def test_whole_array_and_its_facts():
    level = lazy(WHOLE)
    np.testing.assert_array_equal(np.asarray(level), WHOLE)
    assert (level.shape, level.ndim, level.size, len(level)) == (WHOLE.shape, 3, WHOLE.size, 7)


def test_outside_is_an_error():
    with pytest.raises(IndexError):
        lazy(WHOLE)[7]
    with pytest.raises(IndexError):
        lazy(WHOLE)[0, 0, 0, 0]


def test_a_copy_is_the_same_view_of_an_open_file():
    level = lazy(WHOLE)
    assert copy.deepcopy(level) is level


def test_the_whole_may_come_from_elsewhere_than_the_parts():
    level = LazyLevel(lambda r, c, h, w: np.zeros((h, w)), (7, 9), np.float64, (4, 4), whole=lambda: np.ones((7, 9)))
    assert not level[...].any()
    assert np.asarray(level).all()
