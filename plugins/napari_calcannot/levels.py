"""Pyramid levels as arrays that read only what is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
Box = Callable[[int, int, int, int], Pixels]
"""Reads row, col, height, width; the box is never empty and lies inside."""


class LazyLevel:
    """An array that is read box by box when it is indexed: what napari needs of an array, and no more.

    Parameters
    ----------
    read
        Gives the pixels of a box.
    shape
        Rows and columns, and 3 for colour.
    dtype
        Of the pixels.
    chunk
        Rows and columns that are decoded at once; napari reads whole chunks and keeps them while it pans.
    whole
        Gives all pixels for ``np.asarray``, where ``read`` may give what is there for the time being.
    """

    def __init__(
        self,
        read: Box,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        chunk: tuple[int, int],
        *,
        whole: Callable[[], Pixels] | None = None,
    ) -> None:
        self._read = read
        self._whole = whole
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.chunks = (min(chunk[0], shape[0]), min(chunk[1], shape[1]), *shape[2:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: object) -> Pixels:
        """Index by integers, slices and an ellipsis, as an array."""
        keys = _completed(key, self.ndim)
        rows, cols = (_span(each, size) for each, size in zip(keys, self.shape[:2], strict=False))
        if rows.stop <= rows.start or cols.stop <= cols.start:
            box = np.empty((len(rows), len(cols), *self.shape[2:]), self.dtype)
        else:
            box = self._read(rows.start, cols.start, rows.stop - rows.start, cols.stop - cols.start)
        inside = tuple(
            _within(each, span, size) for each, span, size in zip(keys, (rows, cols), self.shape[:2], strict=False)
        )
        return np.asarray(box[(*inside, *keys[2:])])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Pixels:
        whole = self[...] if self._whole is None else self._whole()
        return whole if dtype is None else whole.astype(dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # napari copies the data of a duplicated layer; an open file cannot be copied and need not be.
        return self


def _completed(key: object, ndim: int) -> tuple[Any, ...]:
    keys = key if isinstance(key, tuple) else (key,)
    if any(each is Ellipsis for each in keys):
        at = next(i for i, each in enumerate(keys) if each is Ellipsis)
        keys = (*keys[:at], *[slice(None)] * (ndim - len(keys) + 1), *keys[at + 1 :])
    if len(keys) > ndim:
        message = f"too many indices: {len(keys)} for {ndim} axes"
        raise IndexError(message)
    return (*keys, *[slice(None)] * (ndim - len(keys)))


def _span(key: Any, size: int) -> range:
    """Smallest stretch of an axis that holds what the key asks for."""
    if isinstance(key, slice):
        chosen = range(*key.indices(size))
        if not chosen:
            return range(0)
        low, high = sorted((chosen[0], chosen[-1]))
        return range(low, high + 1)
    index = _index(key, size)
    return range(index, index + 1)


def _within(key: Any, span: range, size: int) -> Any:
    """The key, counted from the start of its stretch."""
    if not isinstance(key, slice):
        return _index(key, size) - span.start
    chosen = range(*key.indices(size))
    if not chosen:
        return slice(0, 0)
    first = chosen[0] - span.start
    last = chosen[-1] - span.start
    step = chosen.step
    stop = last + (1 if step > 0 else -1)
    return slice(first, None if stop < 0 else stop, step)


def _index(key: Any, size: int) -> int:
    index = int(key.__index__())
    if not -size <= index < size:
        message = f"index {index} is outside an axis of {size}"
        raise IndexError(message)
    return index % size
