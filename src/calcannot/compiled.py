"""The one place that names the compiler of the pixel kernels, and what it is told about 64 bytes at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils, event
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@contextmanager
def telling_of_compilation(say: Callable[[], None]) -> Iterator[None]:
    """Call ``say`` once when a kernel is compiled because it is not on disk; from the thread that waits for it."""

    class Listener(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                say()

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def inside_kernels(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make what is written in LLVM's words callable from kernels (numba's ``intrinsic``)."""
    return cast("Callable[..., Any]", intrinsic(function))


def _everywhere(builder: Any, block: Any, byte: Any) -> Any:
    first = builder.insert_element(ir.Constant(block, ir.Undefined), byte, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(first, ir.Constant(block, ir.Undefined), lanes)


@inside_kernels
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

        above = builder.sub(found, _everywhere(builder, block, least))
        inside = builder.icmp_unsigned("<=", above, _everywhere(builder, block, width))
        return builder.bitcast(inside, _WORD)

    return types.uint64(line, types.intp, types.uint8, types.uint8), generate


def _of_chosen(operation: str) -> Any:
    """Reduce those of 64 integers whose bit is set."""
    declared: Callable[..., Any] = cgutils.get_or_insert_function

    def reduction(_: Any, line: Any, at: Any, bits: Any) -> Any:
        width, signed = line.dtype.bitwidth, line.dtype.signed

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, place, word = arguments
            single = ir.IntType(width)
            block = ir.VectorType(single, BLOCK)
            source = builder.gep(context.make_array(signature.args[0])(context, builder, array).data, [place])
            found = builder.load(builder.bitcast(source, block.as_pointer()))
            found.align = 1
            chosen = builder.bitcast(word, ir.VectorType(ir.IntType(1), BLOCK))
            most, least = (1 << (width - signed)) - 1, -(1 << (width - 1)) if signed else 0
            others = ir.Constant(block, [{"add": 0, "or": 0, "min": most, "max": least}[operation]] * BLOCK)
            reduced = builder.select(chosen, found, others)
            longer = builder.sext if signed else builder.zext
            name = operation if operation in ("add", "or") else f"{'s' if signed else 'u'}{operation}"
            if operation == "add":
                single = ir.IntType(min(64, 2 * width))
                block = ir.VectorType(single, BLOCK)
                reduced = longer(reduced, block)
            name = f"llvm.vector.reduce.{name}.v{BLOCK}i{single.width}"
            reduce = declared(builder.module, ir.FunctionType(single, [block]), name)
            return longer(builder.call(reduce, [reduced]), _WORD)

        return types.int64(line, types.intp, types.uint64), generate

    return inside_kernels(reduction)


# (line, at, bits): sum, bits, least and largest, as int64, of those of the 64 integers from ``line[at]`` whose bit is
# set. Where none is: 0 and the ends of the type. Nothing checks that ``line`` goes on for 64.
sum_of = _of_chosen("add")
union_of = _of_chosen("or")
least_of = _of_chosen("min")
largest_of = _of_chosen("max")


@inside_kernels
def ends_of_pixels(_: Any, line: Any, at: Any) -> Any:
    """Least of the 192 bytes of 64 colour pixels from ``line[at]``, plus 256 times the largest."""
    declared: Callable[..., Any] = cgutils.get_or_insert_function

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = ir.VectorType(_BYTE, BLOCK)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        thirds = []
        for third in range(3):
            place = builder.add(arguments[1], ir.Constant(_WORD, BLOCK * third))
            thirds.append(builder.load(builder.bitcast(builder.gep(data, [place]), block.as_pointer())))
            thirds[-1].align = 1
        ends = []
        for operation in ("umin", "umax"):
            two = declared(builder.module, ir.FunctionType(block, [block, block]), f"llvm.{operation}.v{BLOCK}i8")
            name = f"llvm.vector.reduce.{operation}.v{BLOCK}i8"
            reduce = declared(builder.module, ir.FunctionType(_BYTE, [block]), name)
            of_lanes = builder.call(two, [builder.call(two, thirds[:2]), thirds[2]])
            ends.append(builder.zext(builder.call(reduce, [of_lanes]), _WORD))
        return builder.or_(ends[0], builder.shl(ends[1], ir.Constant(_WORD, 8)))

    return types.int64(line, types.intp), generate


@inside_kernels
def bits_with(_: Any, line: Any, at: Any, bit: Any) -> Any:
    """Of the 64 bytes from ``line[at]``: which have a bit in common with ``bit``; bit i of the uint64 is byte i."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, wanted = arguments
        block = ir.VectorType(_BYTE, BLOCK)
        source = builder.gep(context.make_array(signature.args[0])(context, builder, array).data, [place])
        found = builder.load(builder.bitcast(source, block.as_pointer()))
        found.align = 1
        some = builder.and_(found, _everywhere(builder, block, wanted))
        return builder.bitcast(builder.icmp_unsigned("!=", some, ir.Constant(block, [0] * BLOCK)), _WORD)

    return types.uint64(line, types.intp, types.uint8), generate


@inside_kernels
def count_bits(_: Any, word: Any) -> Any:
    """Bits of a uint64 that are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@inside_kernels
def first_bit(_: Any, word: Any) -> Any:
    """Place of the lowest bit of a uint64 that is set; 64 when none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@inside_kernels
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
