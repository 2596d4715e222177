"""What is told about 64 bytes at once, against numpy; for every length of chosen bytes and from odd places."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.compiled import (
    BLOCK,
    bits_between,
    compiled,
    count_bits,
    first_bit,
    largest_of_bytes,
    least_of_bytes,
    sum_of_bytes,
)


@compiled
def reduced(line, at, bits):
    return sum_of_bytes(line, at, bits), least_of_bytes(line, at, bits), largest_of_bytes(line, at, bits)


@compiled
def within(line, at, low, span):
    return bits_between(line, at, low, span)


@compiled
def counted(word):
    return count_bits(word), first_bit(word)


def word_of(chosen) -> np.uint64:
    return np.packbits(chosen, bitorder="little").view(np.uint64)[0]


@pytest.mark.parametrize("high", [2, 256])
def test_sum_least_and_largest_are_those_of_the_chosen_bytes(high):
    rng = np.random.default_rng(5)
    line = rng.integers(0, high, 200).astype(np.uint8)
    line[100:] |= 255 * (high > 2)
    for at in (0, 1, 37, 136):
        part = line[at : at + BLOCK]
        for size in range(1, BLOCK + 1):
            chosen = np.zeros(BLOCK, bool)
            first = int(rng.integers(0, BLOCK - size + 1))
            chosen[first : first + size] = True
            some = part[chosen].astype(int)
            assert reduced(line, at, word_of(chosen)) == (some.sum(), some.min(), some.max())
            sparse = rng.random(BLOCK) < 0.3
            some = part[sparse].astype(int)
            assert reduced(line, at, word_of(sparse)) == (some.sum(), some.min(initial=255), some.max(initial=0))
    assert reduced(line, 3, np.uint64(0)) == (0, 255, 0)


def test_bytes_within_bounds_are_told_apart():
    line = np.random.default_rng(6).integers(0, 256, 300).astype(np.uint8)
    for low, high in ((0, 0), (255, 255), (0, 255), (3, 200), (127, 128)):
        for at in (0, 1, 63, 236):
            part = line[at : at + BLOCK]
            inside = (part >= low) & (part <= high)
            word = word_of(inside)
            assert within(line, at, np.uint8(low), np.uint8(high - low)) == word
            assert counted(word) == (inside.sum(), inside.argmax() if inside.any() else BLOCK)
