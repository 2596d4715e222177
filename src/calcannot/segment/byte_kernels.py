"""Kernels that count bytes and take runs of those within bounds, a few rows of a box at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from calcannot.compiled import ALL_BITS, BLOCK, COPIED, bits_between, compiled, copy_bytes, first_bit
from calcannot.jpeg_colours import chroma_rows, decode_planes
from calcannot.segment.byte_counts import any_between, brightest_and_glass, count_bytes, count_one_chroma, is_one_level
from calcannot.segment.byte_lanes import channel_rows

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]
Counts = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint32]

CHUNK: Final = 4096
"""Pixels whose channels stay in the nearest cache."""

_BRIGHTEST = 3


@compiled
def look_at_colours(
    rgb: Bytes, channel: int, counts_channel: bool, counts_glass: bool, keep: bool, seeks: bool,
    low: np.uint8, span: np.uint8, levels: Counts, pairs: Pairs, counts: Shorts,
    plane: Bytes, glass: Bytes, sums: npt.NDArray[np.int16], runs: Shorts, kept: Bytes,
) -> tuple[bool, int, int, bool]:  # fmt: skip
    """Count the pixels of a box and write what is kept.

    Returns
    -------
    tuple
        Whether there is any pixel within the bounds, the number of runs and of their pixels, whether one has colour.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    flat = rgb.reshape(height * width * 3)
    at_once = min(height, max(1, CHUNK // width))
    found = is_coloured = False
    n = size = 0
    for top in range(0, height, at_once):
        rows = min(at_once, height - top)
        part = flat[3 * top * width : 3 * (top + rows) * width]
        is_coloured = is_coloured or _any_colour(part)
        _planes(part, channel, counts_glass, plane, glass)
        any_here, n, size = _take(
            plane, glass, rows, width, counts_channel, counts_glass, keep, seeks, low, span, levels, pairs,
            counts[top:], runs, kept, n, size,
        )  # fmt: skip
        found = found or any_here
    return found, n, size, is_coloured


@compiled
def look_at_tiles(
    streams: Bytes, first: Counts, sizes: Counts, decode: int, decoder: int, pointers: int,
    samples: Bytes, height: int, width: int, halves_rows: bool, wanted: int,
    channel: int, counts_channel: bool, counts_glass: bool, keep: bool, seeks: bool, low: np.uint8, span: np.uint8,
    levels: Counts, pairs: Pairs, counts: Shorts, found: npt.NDArray[np.int64],
    plane: Bytes, glass: Bytes, sums: npt.NDArray[np.int16], runs: Shorts, kept: Bytes,
) -> bool:  # fmt: skip
    """Decode tiles and look at each as ``look_at_colours`` does; returns whether one has colour.

    ``found`` (n, 3) is written: runs and pixels of each tile, and -1 where it was not decoded, 1 where a pixel lies
    within the bounds, else 0.
    """
    is_coloured = False
    n = size = 0
    for tile in range(first.size):
        if not decode_planes(streams, first[tile], sizes[tile], decode, decoder, pointers):
            found[tile, 2] = -1
            continue
        any_here, runs_now, size_now, has_colour = _look_at_planes(
            samples, height, width, halves_rows, wanted, channel, counts_channel, counts_glass, keep, seeks, low, span,
            levels, pairs, counts[tile], plane, glass, sums, runs[n:], kept[size:],
        )  # fmt: skip
        found[tile, 0], found[tile, 1], found[tile, 2] = runs_now, size_now, any_here
        n += runs_now
        size += size_now
        is_coloured = is_coloured or has_colour
    return is_coloured


@compiled
def _look_at_planes(
    samples: Bytes, height: int, width: int, halves_rows: bool, wanted: int, channel: int, counts_channel: bool,
    counts_glass: bool, keep: bool, seeks: bool, low: np.uint8, span: np.uint8, levels: Counts, pairs: Pairs,
    counts: Shorts, plane: Bytes, glass: Bytes, sums: npt.NDArray[np.int16], runs: Shorts, kept: Bytes,
) -> tuple[bool, int, int, bool]:  # fmt: skip
    """As ``look_at_colours``, for the first ``wanted`` rows of the planes of a tile."""
    at_once = min(wanted, max(1, CHUNK // width))
    found = is_coloured = False
    n = size = 0
    for top in range(0, wanted, at_once):
        rows = min(at_once, wanted - top)
        pixels = rows * width
        first, last = chroma_rows(top, rows, height, halves_rows)
        chroma = (height >> halves_rows) * (width // 2)
        begin, end = height * width + first * (width // 2), height * width + last * (width // 2)
        if is_one_level(samples, begin, end) and is_one_level(samples, begin + chroma, end + chroma):
            is_counted, has_colour = count_one_chroma(
                samples, top * width, pixels, int(samples[begin]), int(samples[begin + chroma]), channel,
                counts_channel, counts_glass, seeks, low, span, levels,
            )  # fmt: skip
            if is_counted:
                is_coloured = is_coloured or has_colour
                continue
        has_colour = channel_rows(samples, height, width, halves_rows, top, rows, channel, plane, glass, sums)
        is_coloured = is_coloured or has_colour
        any_here, n, size = _take(
            plane, glass, rows, width, counts_channel, counts_glass, keep, seeks, low, span, levels, pairs,
            counts[top:], runs, kept, n, size,
        )  # fmt: skip
        found = found or any_here
    return found, n, size, is_coloured


@compiled
def _take(
    plane: Bytes, glass: Bytes, rows: int, width: int, counts_channel: bool, counts_glass: bool, keep: bool,
    seeks: bool, low: np.uint8, span: np.uint8, levels: Counts, pairs: Pairs, counts: Shorts,
    runs: Shorts, kept: Bytes, n: int, size: int,
) -> tuple[bool, int, int]:  # fmt: skip
    """Count rows whose channels are known, and append what is kept of them."""
    pixels = rows * width
    if counts_channel:
        count_bytes(plane, pixels, levels[0], pairs[0])
    if counts_glass:
        count_bytes(glass, pixels, levels[1], pairs[1])
    if not seeks or not any_between(plane, pixels, low, span):
        return False, n, size
    if not keep:
        return True, n, size
    for row in range(rows):
        last = _runs_of_row(plane, row * width, width, low, span, runs, n)
        counts[row] = last - n
        for run in range(n, last):
            start, length = int(runs[run, 0]), int(runs[run, 1]) - int(runs[run, 0])
            for i in range(0, length, COPIED):
                copy_bytes(plane, row * width + start + i, kept, size + i)
            size += length
        n = last
    return True, n, size


@compiled
def _planes(flat: Bytes, channel: int, wants_glass: bool, plane: Bytes, glass: Bytes) -> None:
    """The rule's channel and the channel ``glass`` of each pixel, as ``Channel.values`` computes them."""
    if wants_glass or channel == _BRIGHTEST:
        for i in range(flat.size // 3):
            plane[i], glass[i] = brightest_and_glass(flat[3 * i], flat[3 * i + 1], flat[3 * i + 2])
    if channel < _BRIGHTEST:
        for i in range(flat.size // 3):
            plane[i] = flat[3 * i + channel]
    elif channel > _BRIGHTEST:
        for i in range(flat.size // 3):
            plane[i] = min(flat[3 * i], flat[3 * i + 1], flat[3 * i + 2])


@compiled
def _any_colour(flat: Bytes) -> bool:
    differences = np.uint8(0)
    for i in range(flat.size // 3):
        differences |= (flat[3 * i] ^ flat[3 * i + 1]) | (flat[3 * i + 1] ^ flat[3 * i + 2])
    return bool(differences != np.uint8(0))


@compiled
def _runs_of_row(plane: Bytes, first: int, width: int, low: np.uint8, span: np.uint8, runs: Shorts, n: int) -> int:
    """Append the runs of the row that starts at ``first``; returns the number of runs after it."""
    inside = np.uint64(0)
    ends = 2 * n
    for col in range(0, width, BLOCK):
        bits = bits_between(plane, first + col, low, span)
        if col + BLOCK > width:
            bits &= ALL_BITS >> np.uint64(col + BLOCK - width)
        changes = bits ^ ((bits << np.uint64(1)) | inside)
        inside = bits >> np.uint64(BLOCK - 1)
        while changes != np.uint64(0):
            runs[ends >> 1, ends & 1] = col + first_bit(changes)
            changes &= changes - np.uint64(1)
            ends += 1
    if inside != np.uint64(0):
        runs[ends >> 1, 1] = width
        ends += 1
    return ends // 2
