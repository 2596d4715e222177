"""The one place that names the compiler of the pixel kernels, and what it is told about 64 bytes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
Bytes = npt.NDArray[np.uint8]

BLOCK = 64
"""Bytes that ``bits_between`` looks at."""

ALL_BITS = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

COPIED = 16
"""Bytes that ``copy_bytes`` copies."""

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile on first call, keep the result on disk, release the interpreter's lock while running.

    No ``fastmath``: a sum in another order is another number.
    """
    return cast("Callable[P, T]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def _inside_kernels(function: Callable[..., Any]) -> Callable[..., Any]:
    return cast("Callable[..., Any]", intrinsic(function))


@_inside_kernels
def bits_between(_: Any, line: Any, at: Any, low: Any, span: Any) -> Any:
    """Of the 64 bytes from ``line[at]``: which lie from ``low`` to ``low + span``; bit i of the uint64 is byte i.

    A loop over bytes is compiled to one comparison for each width of registers there is, but summing up its outcome
    takes many times longer than comparing. ``line`` must be 64 bytes longer than ``at``: nothing checks.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, least, width = arguments
        block = ir.VectorType(_BYTE, BLOCK)
        source = builder.gep(context.make_array(signature.args[0])(context, builder, array).data, [place])
        found = builder.load(builder.bitcast(source, block.as_pointer()))
        found.align = 1

        def everywhere(byte: Any) -> Any:
            first = builder.insert_element(ir.Constant(block, ir.Undefined), byte, ir.Constant(ir.IntType(32), 0))
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
            return builder.shuffle_vector(first, ir.Constant(block, ir.Undefined), lanes)

        inside = builder.icmp_unsigned("<=", builder.sub(found, everywhere(least)), everywhere(width))
        return builder.bitcast(inside, _WORD)

    return types.uint64(line, types.intp, types.uint8, types.uint8), generate


def _of_chosen_bytes(operation: str, neutral: int, lane: ir.IntType) -> Any:
    """Reduce those of 64 bytes whose bit is set; the others count as ``neutral``."""
    declared: Callable[..., Any] = cgutils.get_or_insert_function

    def reduction(_: Any, line: Any, at: Any, bits: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, place, word = arguments
            block, lanes = ir.VectorType(_BYTE, BLOCK), ir.VectorType(lane, BLOCK)
            source = builder.gep(context.make_array(signature.args[0])(context, builder, array).data, [place])
            found = builder.load(builder.bitcast(source, block.as_pointer()))
            found.align = 1
            chosen = builder.bitcast(word, ir.VectorType(ir.IntType(1), BLOCK))
            counted = builder.select(chosen, found, ir.Constant(block, [neutral] * BLOCK))
            name = f"llvm.vector.reduce.{operation}.v{BLOCK}i{lane.width}"
            reduce = declared(builder.module, ir.FunctionType(lane, [lanes]), name)
            widened = counted if lane is _BYTE else builder.zext(counted, lanes)
            return builder.zext(builder.call(reduce, [widened]), _WORD)

        return types.int64(line, types.intp, types.uint64), generate

    return _inside_kernels(reduction)


# (line, at, bits): sum, least and largest of those of the 64 bytes from ``line[at]`` whose bit is set, as int64; 0, 255
# and 0 where none is. Nothing checks that ``line`` is 64 bytes longer than ``at``.
sum_of_bytes = _of_chosen_bytes("add", 0, ir.IntType(16))
least_of_bytes = _of_chosen_bytes("umin", 255, _BYTE)
largest_of_bytes = _of_chosen_bytes("umax", 0, _BYTE)


@_inside_kernels
def count_bits(_: Any, word: Any) -> Any:
    """Bits of a uint64 that are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@_inside_kernels
def first_bit(_: Any, word: Any) -> Any:
    """Place of the lowest bit of a uint64 that is set; 64 when none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@_inside_kernels
def copy_bytes(_: Any, source: Any, at: Any, target: Any, to: Any) -> Any:
    """Copy 16 bytes from ``source[at]`` to ``target[to]``; both must have as many left: nothing checks."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = ir.VectorType(_BYTE, COPIED)

        def pointer(array: Any, place: Any, kind: Any) -> Any:
            data = context.make_array(kind)(context, builder, array).data
            return builder.bitcast(builder.gep(data, [place]), block.as_pointer())

        copied = builder.load(pointer(arguments[0], arguments[1], signature.args[0]))
        copied.align = 1
        builder.store(copied, pointer(arguments[2], arguments[3], signature.args[2])).align = 1
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), generate
