"""The one place that names the compiler of the pixel kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile on first call, keep the result on disk, release the interpreter's lock while running.

    No ``fastmath``: a sum in another order is another number.
    """
    return cast("Callable[P, T]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
