"""Numbers of a table are rounded as text rounds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calcannot.store.regions_writer import _rounded


def as_text_rounds(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.10g}") for value in values.tolist()])


def assert_same(values: np.ndarray) -> None:
    expected = as_text_rounds(values)
    # To the bit: 0.0 is not -0.0 here.
    assert _rounded(values).view(np.int64).tolist() == expected.view(np.int64).tolist()


@settings(max_examples=300, deadline=None)
@given(arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, width=64)))
def test_any_number(values):
    assert_same(values)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**11), 10**11), st.integers(-30, 30)), min_size=1, max_size=30))
def test_halves_of_the_tenth_digit_and_their_neighbours(numbers):
    values = np.array([float(f"{digits}e{power}") for digits, power in numbers])
    assert_same(values)
    assert_same(np.nextafter(values, np.inf))
    assert_same(np.nextafter(values, -np.inf))


@pytest.mark.parametrize("scale", [1e-20, 1e-9, 1.0, 123.4, 1e6, 1e15])
def test_many_numbers(scale):
    values = np.random.default_rng(1).lognormal(0, 3, 20_000) * scale
    assert_same(values)
    assert_same(np.rint(values / scale * 1e10) / 1e10)


def test_powers_of_ten_and_what_is_no_number():
    assert_same(np.array([s * 10.0**p for p in range(-25, 26) for s in (1, -1, 0.99999999999, 0.999999999949)]))
    assert_same(np.array([0.0, -0.0, np.inf, -np.inf]))
    assert np.isnan(_rounded(np.array([np.nan])))
