"""Colours of the planes that a JPEG stores, to the bit as libjpeg computes them.

A decoder spends a quarter of its time on bringing chroma to full resolution and on turning it into red, green and
blue. Done here, rows stay in the nearest cache, and glass, whose chroma is one value over many pixels, is spared it.

Sources: ``h2v1_fancy_upsample`` and ``h2v2_fancy_upsample`` of libjpeg-turbo's jdsample.c (weights 3:1 in each
direction, rounding that alternates), and ``build_ycc_rgb_table`` of its jdcolor.c (factors in 65,536ths).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types

from calcannot.compiled import compiled, inside_kernels
from calcannot.lanes import LANES, Lanes, array_data, bytes_at, everywhere, put_pairs, put_shorts, shorts_at

if TYPE_CHECKING:
    from collections.abc import Sequence

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]

BEYOND: Final = 2 * LANES
"""Bytes that may be read or written beyond the last pixel."""

RED_OF_RED, GREEN_OF_RED, GREEN_OF_BLUE, BLUE_OF_BLUE = 91881, -46802, -22554, 116130
"""1.402, -0.714136, -0.344136 and 1.772 in 65,536ths."""

_ONE, _HALF = 1 << 16, 1 << 15


class CodedTiles(NamedTuple):
    """JPEG streams of tiles of one size, and the decoder that writes the planes of one after another.

    Luma (height, width) comes first, then blue and red chroma; chroma has half the columns.

    Attributes
    ----------
    streams
        uint8: all streams.
    first, size
        int64 (n,): where a tile's stream begins, and its bytes; 0 where the tile must be read as pixels.
    decode, decoder, pointers
        Addresses of ``tj3DecompressToYUVPlanes8``, and of its first and fourth argument.
    samples
        uint8: where the planes are written to; at least ``BEYOND`` bytes longer than they are.
    height, width
        Of a tile; multiples of 16.
    halves_rows
        Whether chroma has half the rows (4:2:0) or all of them (4:2:2).
    rows
        Of each tile that are wanted: those at the lower edge of a picture reach beyond it.
    """

    streams: Bytes
    first: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    decode: int
    decoder: int
    pointers: int
    samples: Bytes
    height: int
    width: int
    halves_rows: bool
    rows: int


@runtime_checkable
class CodedSource(Protocol):
    """An open image that may hand out tiles as they are stored."""

    def coded_tiles(self, places: Sequence[tuple[int, int, int, int]]) -> CodedTiles | None:
        """Tiles at places of level 0 (row, column, height, width); None where all must be read as pixels."""


def planes_size(height: int, width: int, *, halves_rows: bool) -> int:
    """Bytes of ``CodedTiles.samples``."""
    return height * width + 2 * (height >> halves_rows) * (width // 2) + BEYOND


def pixels_of(tiles: CodedTiles, number: int) -> Bytes | None:
    """Decode one of the tiles to pixels, uint8 (rows, width, 3); None where the decoder has anything to say of it."""
    if not decode_planes(tiles.streams, tiles.first[number], tiles.size[number], *tiles[3:6]):
        return None
    size = tiles.rows * tiles.width
    red, green, blue = (np.zeros(size + BEYOND, np.uint8) for _ in range(3))
    sums = np.zeros((2, tiles.width // 2 + 2 + LANES), np.int16)
    colour_rows(*tiles[6:10], 0, tiles.rows, red, green, blue, sums)
    return np.stack([each[:size].reshape(tiles.rows, tiles.width) for each in (red, green, blue)], axis=-1)


@compiled
def decode_planes(streams: Bytes, first: int, size: int, decode: int, decoder: int, pointers: int) -> bool:
    """Write the planes of one stream to memory; False where they are not all there."""
    return bool(size > 0 and _call(decode, decoder, streams, first, size, pointers) == 0)


@compiled
def chroma_rows(top: int, rows: int, height: int, halves_rows: bool) -> tuple[int, int]:
    """First chroma row that luma rows from ``top`` depend on, and the row after the last."""
    if not halves_rows:
        return top, top + rows
    return max(0, (top - 1) >> 1), min(height >> 1, ((top + rows) >> 1) + 1)


@compiled
def colours_of_levels(luma: int, blue: int, red: int) -> tuple[int, int, int]:
    """Red, green and blue of one pixel; each from 0 to 255, as its luma and chroma are."""
    b, r = blue - 128, red - 128
    return (
        min(255, max(0, luma + ((RED_OF_RED * r + _HALF) >> 16))),
        min(255, max(0, luma + ((GREEN_OF_BLUE * b + GREEN_OF_RED * r + _HALF) >> 16))),
        min(255, max(0, luma + ((BLUE_OF_BLUE * b + _HALF) >> 16))),
    )


@compiled
def colour_rows(
    samples: Bytes, height: int, width: int, halves_rows: bool, top: int, rows: int,
    red: Bytes, green: Bytes, blue: Bytes, sums: Shorts,
) -> None:  # fmt: skip
    """Write the colours of luma rows from ``top``, row by row without gaps.

    Parameters
    ----------
    samples, height, width, halves_rows
        As in `CodedTiles`.
    top, rows
        First row and how many.
    red, green, blue
        uint8 (at least ``rows * width + BEYOND``,): written.
    sums
        int16 (2, at least ``width // 2 + 2 + LANES``): room to work in.
    """
    half = width // 2
    luma = samples[: height * width].view(np.uint16)
    for row in range(top, top + rows):
        even, odd = chroma_sums(samples, height, width, halves_rows, row, sums)
        for col in range(0, half, LANES):
            at = (row - top) * half + col
            _put_colours(luma, row * half + col, sums[0], sums[1], col, even, odd, red, green, blue, at)


@compiled
def chroma_sums(
    samples: Bytes, height: int, width: int, halves_rows: bool, row: int, sums: Shorts
) -> tuple[np.int16, np.int16]:
    """Write what the chroma of a luma row is weighted from, one more at each end.

    Returns
    -------
    tuple
        What rounds pixels in even and in odd columns.
    """
    half = width // 2
    near = far = row
    if halves_rows:
        near = row >> 1
        far = min((height >> 1) - 1, near + 1) if row & 1 else max(0, near - 1)
    for plane in range(2):
        first = height * width + plane * (height >> halves_rows) * half
        for col in range(0, half, LANES):
            _sums_of_rows(samples, first + near * half + col, first + far * half + col, sums[plane], col + 1)
        sums[plane, 0] = sums[plane, 1]
        sums[plane, half + 1] = sums[plane, half]
    # With all rows of chroma its sum is 4 times the sample: the rounding of its kernel is 1 and 2 of 4.
    return (np.int16(8), np.int16(7)) if halves_rows else (np.int16(4), np.int16(8))


@inside_kernels
def _call(_: Any, decode: Any, decoder: Any, streams: Any, first: Any, size: Any, pointers: Any) -> Any:
    """Call ``int decode(void *, const unsigned char *, size_t, unsigned char **, int *)`` without strides."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [address, address, ir.IntType(64), address, address])
        function, handle, planes = (
            builder.inttoptr(arguments[number], target)
            for number, target in ((0, kind.as_pointer()), (1, address), (5, address))
        )
        data = context.make_array(signature.args[2])(context, builder, arguments[2]).data
        stream = builder.gep(data, [arguments[3]])
        return builder.call(function, [handle, stream, arguments[4], planes, ir.Constant(address, None)])

    return types.int32(types.intp, types.intp, streams, types.intp, types.intp, types.intp), generate


@inside_kernels
def _sums_of_rows(_: Any, samples: Any, near: Any, far: Any, sums: Any, to: Any) -> Any:
    """Three times the samples of the nearer row and once those of the farther."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, first, second, target, place = arguments
        data = context.make_array(signature.args[0])(context, builder, source).data
        total = bytes_at(builder, data, first) * 3 + bytes_at(builder, data, second)
        put_shorts(total, context.make_array(signature.args[3])(context, builder, target).data, place)
        return context.get_dummy_value()

    return types.void(samples, types.intp, types.intp, sums, types.intp), generate


@inside_kernels
def _put_colours(
    _: Any, luma: Any, at: Any, blues: Any, reds: Any, col: Any, even: Any, odd: Any, red: Any, green: Any, blue: Any,
    to: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right = colours_of_64(context, builder, signature, arguments)
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            put_pairs(one, other, array_data(context, builder, signature, arguments, 7 + number), arguments[10])
        return context.get_dummy_value()

    signature = types.void(
        luma, types.intp, blues, reds, types.intp, types.int16, types.int16, red, green, blue, types.intp
    )
    return signature, generate


def colours_of_64(
    context: Any, builder: Any, signature: Any, arguments: Any
) -> tuple[tuple[Lanes, Lanes, Lanes], tuple[Lanes, Lanes, Lanes]]:
    """Red, green and blue of 64 pixels, those of even and those of odd columns: chroma lies between them.

    The first seven arguments of the intrinsic are luma in pairs and the place of the first of them, both of
    ``chroma_sums`` and a place in them, and what rounds.
    """

    def chroma(number: int) -> tuple[Lanes, Lanes]:
        data = array_data(context, builder, signature, arguments, number)
        before, here, after = (
            shorts_at(builder, data, builder.add(arguments[4], ir.Constant(ir.IntType(64), away))) for away in range(3)
        )
        even, odd = (everywhere(builder, arguments[place]) for place in (5, 6))
        return ((here * 3 + before + even) >> 4) - 128, ((here * 3 + after + odd) >> 4) - 128

    pairs = shorts_at(builder, array_data(context, builder, signature, arguments, 0), arguments[1])
    of_blue, of_red = chroma(2), chroma(3)
    return (
        _rgb(pairs & 255, of_blue[0], of_red[0]),
        _rgb(pairs.shifted_unsigned(8), of_blue[1], of_red[1]),
    )


def _rgb(luma: Lanes, blue: Lanes, red: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """As ``colours_of_levels``; factors beyond 16 bits are taken apart into whole ones and a rest."""
    rest = red.high_of_product(RED_OF_RED - _ONE) + (red * (RED_OF_RED - _ONE)).shifted_unsigned(15)
    r = luma + red + rest
    rest = blue.high_of_product(BLUE_OF_BLUE - 2 * _ONE) + (blue * (BLUE_OF_BLUE - 2 * _ONE)).shifted_unsigned(15)
    b = luma + blue + blue + rest
    # The lower halves of two products: what they carry, and the half that rounds.
    low = blue * GREEN_OF_BLUE
    both = low + red * (GREEN_OF_RED + _ONE)
    rest = blue.high_of_product(GREEN_OF_BLUE) + red.high_of_product(GREEN_OF_RED + _ONE)
    g = luma - red + rest + both.is_below_unsigned(low) + both.shifted_unsigned(15)
    return r.larger(0).smaller(255), g.larger(0).smaller(255), b.larger(0).smaller(255)
