"""What is told about 64 bytes at once, against numpy; for every length of chosen bytes and from odd places."""

from __future__ import annotations

import numpy as np
import pytest

from calcannot.compiled import (
    BLOCK,
    bits_between,
    bits_with,
    compiled,
    count_bits,
    ends_of_pixels,
    first_bit,
    largest_of,
    least_of,
    sum_of,
    telling_of_compilation,
    union_of,
)


@compiled
def reduced(line, at, bits):
    return sum_of(line, at, bits), least_of(line, at, bits), largest_of(line, at, bits), union_of(line, at, bits)


@compiled
def within(line, at, low, span):
    return bits_between(line, at, low, span)


@compiled
def counted(word):
    return count_bits(word), first_bit(word)


def word_of(chosen) -> np.uint64:
    return np.packbits(chosen, bitorder="little").view(np.uint64)[0]


LINES = {
    "uint8": (0, 256),
    "uint16": (0, 1 << 16),
    "int32": (-(1 << 31), 1 << 31),
    "near 0": (0, 3),
}


@pytest.mark.parametrize("kind", LINES)
def test_sum_least_and_largest_are_those_of_the_chosen(kind):
    rng = np.random.default_rng(5)
    line = rng.integers(*LINES[kind], 200).astype("uint8" if kind == "near 0" else kind)
    ends = np.iinfo(line.dtype)
    line[100:110], line[110:120] = ends.max, ends.min
    for at in (0, 1, 37, 136):
        part = line[at : at + BLOCK].astype(np.int64)
        for size in range(1, BLOCK + 1):
            chosen = np.zeros(BLOCK, bool)
            first = int(rng.integers(0, BLOCK - size + 1))
            chosen[first : first + size] = True
            for each in (chosen, rng.random(BLOCK) < 0.3):
                some = part[each]
                expected = (
                    some.sum(),
                    some.min(initial=ends.max),
                    some.max(initial=ends.min),
                    np.bitwise_or.reduce(some),
                )
                assert reduced(line, at, word_of(each)) == expected
    assert reduced(line, 3, np.uint64(0)) == (0, ends.max, ends.min, 0)


@compiled
def ends(line, at):
    return ends_of_pixels(line, at)


def test_least_and_largest_byte_of_64_pixels():
    rng = np.random.default_rng(7)
    for at in (0, 3, 190):
        for place in range(0, 3 * BLOCK, 5):
            line = rng.integers(20, 200, 400).astype(np.uint8)
            line[at + place], line[at + (place + 77) % 192] = 3, 251
            line[at + 192 :] = 255
            line[:at] = 0
            assert ends(line, at) == 3 + 256 * 251


@compiled
def common(line, at, bit):
    return bits_with(line, at, bit)


def test_bytes_that_have_a_bit_are_told_apart():
    line = np.random.default_rng(6).integers(0, 256, 300).astype(np.uint8)
    for bit in (1, 2, 4, 7, 128, 255):
        for at in (0, 1, 63, 236):
            assert common(line, at, np.uint8(bit)) == word_of(line[at : at + BLOCK] & bit != 0)


def test_bytes_within_bounds_are_told_apart():
    line = np.random.default_rng(6).integers(0, 256, 300).astype(np.uint8)
    for low, high in ((0, 0), (255, 255), (0, 255), (3, 200), (127, 128)):
        for at in (0, 1, 63, 236):
            part = line[at : at + BLOCK]
            inside = (part >= low) & (part <= high)
            word = word_of(inside)
            assert within(line, at, np.uint8(low), np.uint8(high - low)) == word
            assert counted(word) == (inside.sum(), inside.argmax() if inside.any() else BLOCK)


def twice(number):
    return 2 * number


def test_compilation_is_told_once_and_not_where_it_is_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    told = []
    with telling_of_compilation(lambda: told.append("compiling")):
        kernel = compiled(twice)
        assert (kernel(2), kernel(2.5)) == (4, 5.0)
        assert told == ["compiling"]
    assert list(tmp_path.rglob("*.nbi"))
    with telling_of_compilation(lambda: told.append("again")):
        assert compiled(twice)(3) == 6
    assert told == ["compiling"]
