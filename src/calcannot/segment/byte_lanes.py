"""Channels of the planes that a JPEG stores: 64 pixels from chroma to channel without leaving the registers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types

from calcannot.compiled import compiled, inside_kernels
from calcannot.jpeg_colours import chroma_sums, colours_of_64
from calcannot.lanes import LANES, Lanes, array_data, put_pairs, put_shorts, shorts_at
from calcannot.segment.byte_counts import NEUTRAL_SHIFT

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]


@compiled
def channel_rows(
    samples: Bytes, height: int, width: int, halves_rows: bool, top: int, rows: int, channel: int,
    plane: Bytes, glass: Bytes, sums: Shorts,
) -> bool:  # fmt: skip
    """Write a channel and the channel ``glass`` of luma rows from ``top``, row by row without gaps.

    Parameters
    ----------
    samples, height, width, halves_rows
        As in ``calcannot.jpeg_colours.CodedTiles``.
    channel
        By its number in ``byte_scan.BYTE_CHANNELS``.
    plane, glass
        uint8 (at least ``rows * width + BEYOND``,): written.
    sums
        int16 (3, at least ``width // 2 + 2 + LANES``): room to work in.

    Returns
    -------
    bool
        Whether any pixel has colour.
    """
    half = width // 2
    luma = samples[: height * width].view(np.uint16)
    differences = sums[2]
    differences[:LANES] = 0
    for row in range(top, top + rows):
        even, odd = chroma_sums(samples, height, width, halves_rows, row, sums)
        for col in range(0, half, LANES):
            at, to = row * half + col, (row - top) * half + col
            _put_channels(luma, at, sums[0], sums[1], col, even, odd, channel, plane, glass, to, differences)
    return bool(np.any(differences[:LANES] != 0))


@inside_kernels
def _put_channels(
    _: Any, luma: Any, at: Any, blues: Any, reds: Any, col: Any, even: Any, odd: Any, channel: Any, plane: Any,
    glass: Any, to: Any, differences: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def data(number: int) -> Any:
            return array_data(context, builder, signature, arguments, number)

        def chosen(colours: tuple[Lanes, Lanes, Lanes], largest: Lanes, least: Lanes) -> Lanes:
            value = least.value
            for number, each in enumerate((*colours, largest)):
                is_it = builder.icmp_signed("==", arguments[7], ir.Constant(ir.IntType(64), number))
                value = builder.select(is_it, each.value, value)
            return Lanes(builder, value)

        seen = shorts_at(builder, data(11), ir.Constant(ir.IntType(64), 0))
        found = list[tuple[Lanes, Lanes]]()
        for colours in colours_of_64(context, builder, signature, arguments):
            red, green, blue = colours
            largest, least = red.larger(green).larger(blue), red.smaller(green).smaller(blue)
            of_glass = least.where_at_most(largest - least, largest >> NEUTRAL_SHIFT)
            found.append((chosen(colours, largest, least), of_glass))
            seen = seen | (red ^ green) | (green ^ blue)
        for target, (even_lanes, odd_lanes) in zip((8, 9), zip(*found, strict=True), strict=True):
            put_pairs(even_lanes, odd_lanes, data(target), arguments[10])
        put_shorts(seen, data(11), ir.Constant(ir.IntType(64), 0))
        return context.get_dummy_value()

    signature = types.void(
        luma, types.intp, blues, reds, types.intp, types.int16, types.int16, types.intp, plane, glass, types.intp,
        differences,
    )  # fmt: skip
    return signature, generate
