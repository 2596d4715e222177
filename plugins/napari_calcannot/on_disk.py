"""Arrays that are seldom looked at, in a file of the system's folder for temporary files instead of in memory."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from calcannot.model.regions import RegionTable

Array = npt.NDArray[Any]

_ALIGNED = 64
_maps: WeakSet[mmap.mmap] = WeakSet()


def table_on_disk(table: RegionTable) -> RegionTable:
    """The same table with its numbers in a file: they are read when they are asked for, and the file goes with them.

    Of 170,000 regions they take 46 MiB, for which a window on a slide has better use. Where the disk refuses, the table
    itself.
    """
    columns = {each.name: getattr(table, each.name) for each in fields(table)}
    owners = {id(owner): owner for owner in map(_owner, columns.values())}
    places, end = {}, 0
    for key, owner in owners.items():
        places[key] = end
        end += -(-owner.nbytes // _ALIGNED) * _ALIGNED
    if not end:
        return table
    try:
        with tempfile.TemporaryFile(prefix="calcannot-") as file:
            file.truncate(end)
            for key, owner in owners.items():
                file.seek(places[key])
                file.write(owner.ravel(order="K").data)  # as it lies in memory: the table is kept by columns
            file.flush()
            mapped = mmap.mmap(file.fileno(), end, access=mmap.ACCESS_COPY)  # holds the file
    except (OSError, ValueError):
        return table
    _maps.add(mapped)

    def moved(column: Array) -> Array:
        owner = _owner(column)
        within = column.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        return np.ndarray(column.shape, column.dtype, mapped, places[id(owner)] + within, column.strides)

    return replace(table, **{name: moved(column) for name, column in columns.items()})


def let_pages_go() -> None:
    """Give back what was read of such files; it is read again when it is asked for."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in list(_maps):
            mapped.madvise(mmap.MADV_DONTNEED)


def _owner(column: Array) -> Array:
    """The array that a column is a view of; itself where that is none, or has holes."""
    base = column.base
    return base if isinstance(base, np.ndarray) and base.flags.forc else column
