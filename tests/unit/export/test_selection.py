"""Patients are in one split each, whatever the order, and options that cannot be are refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcannot.errors import OutputError
from calcannot.export.selection import TrainingOptions, drawn_order, split_cases

names = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=30)


@given(names, st.integers(0, 99))
def test_each_patient_has_one_split_whatever_the_order(cases, seed):
    shares = (0.6, 0.2, 0.2)
    splits = split_cases(cases, shares, seed)
    assert set(splits) == set(cases)
    assert splits == split_cases([*reversed(cases), *cases], shares, seed)
    assert "train" in splits.values()


def test_counts_follow_the_shares_and_small_studies_fill_train_first():
    def counts(n, shares=(0.7, 0.15, 0.15)):
        found = Counter(split_cases(map(str, range(n)), shares, 0).values())
        return [found[split] for split in ("train", "val", "test")]

    assert [counts(n) for n in (1, 2, 3, 4, 20)] == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1], [14, 3, 3]]
    assert counts(5, (1, 0, 0)) == [5, 0, 0]
    assert counts(4, (0.5, 0.5, 0)) == [2, 2, 0]


def test_another_seed_is_another_choice():
    cases = [f"case-{i}" for i in range(20)]
    assert split_cases(cases, (0.5, 0.5, 0), 1) != split_cases(cases, (0.5, 0.5, 0), 2)
    places = [(0, i, j) for i in range(5) for j in range(5)]
    assert drawn_order(places, "train", 1) == drawn_order(places[::-1], "train", 1)
    assert drawn_order(places, "train", 1) != drawn_order(places, "train", 2)


@pytest.mark.parametrize(
    "options",
    [
        {"tile_px": 4}, {"overlap_px": 512}, {"overlap_px": -1}, {"um_per_px": 0}, {"um_per_px": float("nan")},
        {"negatives": -1}, {"tissue": 2}, {"shares": (0.5, 0.6, 0)}, {"shares": (0, 1, 0)}, {"shares": (1.5, -0.5, 0)},
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(OutputError):
        TrainingOptions(**options)
