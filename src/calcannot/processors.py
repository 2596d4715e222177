"""How many threads may work at once where nobody said."""

from __future__ import annotations

import os
from typing import Final

_MOST: Final = 16  # more of them wait for memory and for each other


def default_workers() -> int:
    """Threads to use: the processors this process may run on."""
    # Linux: a cluster binds a job to some of the processors.
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, _MOST))
