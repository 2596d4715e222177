"""Connected components of runs by union-find."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calcannot.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def label_components(row_start: Int64, start: Int32, stop: Int32, *, diagonal: bool) -> tuple[Int32, int]:
    """Number the components of runs from 0, in raster order of their first pixel.

    Parameters
    ----------
    row_start, start, stop
        As in ``LabelledRuns``.
    diagonal
        Whether pixels that touch at a corner hang together: 8-connected, else 4-connected.

    Returns
    -------
    labels
        int32 (n,), component of each run.
    count
        Number of components.
    """
    return _label(row_start, start, stop, 1 if diagonal else 0)


@compiled
def _root(parent: Int32, run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@compiled
def _label(row_start: Int64, start: Int32, stop: Int32, reach: int) -> tuple[Int32, int]:
    n = start.size
    parent = np.empty(n, np.int32)
    for run in range(n):
        parent[run] = run
    for row in range(1, row_start.size - 1):
        above, above_end = row_start[row - 1], row_start[row]
        for run in range(row_start[row], row_start[row + 1]):
            while above < above_end and stop[above] + reach <= start[run]:
                above += 1
            other = above
            while other < above_end and start[other] < stop[run] + reach:
                a, b = _root(parent, run), _root(parent, other)
                if a < b:
                    parent[b] = a
                elif b < a:
                    parent[a] = b
                other += 1
    labels = np.empty(n, np.int32)
    count = 0
    for run in range(n):
        root = _root(parent, run)
        if root == run:
            labels[run] = count
            count += 1
        else:
            labels[run] = labels[root]
    return labels, count
