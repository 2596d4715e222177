"""A mask that ``write_mask`` wrote, as runs: decoded a band of tiles at a time."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from calcannot.errors import ResultsError
from calcannot.runs.from_mask import RunBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calcannot.model.regions import LabelledRuns


def read_mask(path: Path) -> LabelledRuns:
    """Runs and region numbers of a mask of 0 and 1.

    Raises
    ------
    ResultsError
        If the file is not there, is truncated, or is no such mask.
    """
    import tifffile

    try:
        with _silent(), tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages.first
            if page.dtype != np.uint8 or page.ndim != 2 or not page.is_tiled:
                raise _damaged(path, "it is not a tiled mask of 8 bits")
            builder = RunBuilder(page.imagewidth)
            band = np.zeros((page.tilelength, page.imagewidth), np.uint8)
            for tile, (*_, row, col, _), _ in page.segments(maxworkers=1):
                if tile is None:
                    raise _damaged(path, "a tile is missing")
                height = min(page.tilelength, page.imagelength - row)
                part = band[:height, col : col + page.tilewidth]
                part[:] = tile[0, :height, : part.shape[1], 0]
                if col + page.tilewidth >= page.imagewidth:
                    if band[:height].max() > 1:
                        raise _damaged(path, "it holds other values than 0 and 1")
                    builder.add(band[:height])
    except FileNotFoundError:
        raise ResultsError("is not there", path=path, remedy="measure the image again") from None
    except ResultsError:
        raise
    except Exception as error:  # on damaged bytes the decoders raise anything from KeyError to RecursionError
        raise _damaged(path, type(error).__name__) from error
    return builder.finish()


@contextmanager
def _silent() -> Iterator[None]:
    """Let tifffile log nothing in this thread: what is wrong is said once, in the error."""
    thread = threading.get_ident()

    def others(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger = logging.getLogger("tifffile")
    logger.addFilter(others)
    try:
        yield
    finally:
        logger.removeFilter(others)


def _damaged(path: Path, what: str) -> ResultsError:
    return ResultsError(f"the mask is damaged: {what}", path=path, remedy="measure the image again")
