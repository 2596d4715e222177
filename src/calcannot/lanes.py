"""Arithmetic on 32 short integers at once, written down as on one: for kernels whose loop is not compiled to lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from llvmlite import ir
from numba.core import cgutils

if TYPE_CHECKING:
    from collections.abc import Callable

LANES: Final = 32
"""Integers of 16 bits that are computed with at once."""

_SHORTS = ir.VectorType(ir.IntType(16), LANES)
_INTS = ir.VectorType(ir.IntType(32), LANES)
_BYTES = ir.VectorType(ir.IntType(8), LANES)


@dataclass(frozen=True, slots=True)
class Lanes:
    """32 integers of 16 bits while a kernel is compiled; what does not fit wraps round, as in registers.

    Attributes
    ----------
    builder
        llvmlite's builder of the kernel.
    value
        The vector in it.
    """

    builder: Any
    value: Any

    def __add__(self, other: Lanes | int) -> Lanes:
        return self._with(self.builder.add(self.value, _vector(other)))

    def __sub__(self, other: Lanes | int) -> Lanes:
        return self._with(self.builder.sub(self.value, _vector(other)))

    def __mul__(self, other: Lanes | int) -> Lanes:
        return self._with(self.builder.mul(self.value, _vector(other)))

    def __and__(self, other: Lanes | int) -> Lanes:
        return self._with(self.builder.and_(self.value, _vector(other)))

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._with(self.builder.or_(self.value, _vector(other)))

    def __xor__(self, other: Lanes) -> Lanes:
        return self._with(self.builder.xor(self.value, other.value))

    def __rshift__(self, bits: int) -> Lanes:
        """Shift as signed integers: rounds down."""
        return self._with(self.builder.ashr(self.value, _vector(bits)))

    def shifted_unsigned(self, bits: int) -> Lanes:
        """Shift as unsigned integers."""
        return self._with(self.builder.lshr(self.value, _vector(bits)))

    def high_of_product(self, factor: int) -> Lanes:
        """Upper 16 of the 32 bits of the product with a factor from -32,768 to 32,767."""
        factors, sixteen = (ir.Constant(_INTS, [each] * LANES) for each in (factor, 16))
        product = self.builder.mul(self.builder.sext(self.value, _INTS), factors)
        return self._with(self.builder.trunc(self.builder.lshr(product, sixteen), _SHORTS))

    def is_below_unsigned(self, other: Lanes) -> Lanes:
        """1 where smaller as unsigned integers, else 0."""
        return self._with(self.builder.zext(self.builder.icmp_unsigned("<", self.value, other.value), _SHORTS))

    def where_at_most(self, value: Lanes, bound: Lanes) -> Lanes:
        """These where a signed value is at most the bound, else 0."""
        chosen = self.builder.icmp_signed("<=", value.value, bound.value)
        return self._with(self.builder.select(chosen, self.value, _vector(0)))

    def larger(self, other: Lanes | int) -> Lanes:
        """The larger of two signed integers."""
        return self._of_two("smax", other)

    def smaller(self, other: Lanes | int) -> Lanes:
        """The smaller of two signed integers."""
        return self._of_two("smin", other)

    def _of_two(self, operation: str, other: Lanes | int) -> Lanes:
        kind = ir.FunctionType(_SHORTS, [_SHORTS, _SHORTS])
        declared: Callable[..., Any] = cgutils.get_or_insert_function
        function = declared(self.builder.module, kind, f"llvm.{operation}.v{LANES}i16")
        return self._with(self.builder.call(function, [self.value, _vector(other)]))

    def _with(self, value: Any) -> Lanes:
        return Lanes(self.builder, value)


def shorts_at(builder: Any, data: Any, at: Any) -> Lanes:
    """Load 32 integers of 16 bits from the place ``at`` of an array of them; nothing checks that it has as many."""
    return Lanes(builder, _loaded(builder, data, at, _SHORTS))


def bytes_at(builder: Any, data: Any, at: Any) -> Lanes:
    """Load 32 unsigned bytes."""
    return Lanes(builder, builder.zext(_loaded(builder, data, at, _BYTES), _SHORTS))


def everywhere(builder: Any, short: Any) -> Lanes:
    """Give all lanes the same integer of 16 bits."""
    one = builder.insert_element(ir.Constant(_SHORTS, ir.Undefined), short, ir.Constant(ir.IntType(32), 0))
    return Lanes(builder, builder.shuffle_vector(one, one, ir.Constant(_INTS, [0] * LANES)))


def put_shorts(lanes: Lanes, data: Any, at: Any) -> None:
    """Store to the place ``at`` of an array of 16-bit integers."""
    builder = lanes.builder
    builder.store(lanes.value, builder.bitcast(builder.gep(data, [at]), _SHORTS.as_pointer())).align = 1


def array_data(context: Any, builder: Any, signature: Any, arguments: Any, number: int) -> Any:
    """Where the elements of an array lie that an intrinsic was given."""
    return context.make_array(signature.args[number])(context, builder, arguments[number]).data


def put_pairs(even: Lanes, odd: Lanes, data: Any, at: Any) -> None:
    """Store 64 bytes, those of even and of odd columns in turn, from byte ``2 * at`` of an array."""
    builder = even.builder
    put_shorts(even | (odd * 256), builder.bitcast(data, ir.IntType(16).as_pointer()), at)


def _loaded(builder: Any, data: Any, at: Any, kind: Any) -> Any:
    found = builder.load(builder.bitcast(builder.gep(data, [at]), kind.as_pointer()))
    found.align = 1
    return found


def _vector(value: Lanes | int) -> Any:
    return value.value if isinstance(value, Lanes) else ir.Constant(_SHORTS, [value] * LANES)
