"""Turns whatever a decoder raises, warns or logs into one `CalcannotError`, and nothing on stderr."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from calcannot.errors import CalcannotError, ImageReadError, TileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_DETAIL = 160


class _Quiet:
    """Silences library warnings while any thread reads.

    ``warnings.catch_warnings`` changes process-wide state and is not safe to interleave between threads, so the first
    thread in sets it and the last one out puts it back. Log records are dropped only in threads that read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved: warnings.catch_warnings[None] | None = None
        self._thread = threading.local()
        for name in ("tifffile", "pydicom"):
            logging.getLogger(name).addFilter(self._outside)

    def _outside(self, record: logging.LogRecord) -> bool:
        return not getattr(self._thread, "depth", 0)

    def enter(self) -> None:
        self._thread.depth = getattr(self._thread, "depth", 0) + 1
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.simplefilter("ignore")

    def leave(self) -> None:
        self._thread.depth -= 1
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._saved is not None:
                self._saved.__exit__(None, None, None)
                self._saved = None


_QUIET = _Quiet()


@contextmanager
def reading(
    path: Path,
    what: str,
    remedy: str = "check the file in a viewer, or export it again",
    *,
    detail: bool = True,
    tile: bool = False,
) -> Iterator[None]:
    """Run a library's reader: errors raised on purpose pass, any other becomes an `ImageReadError`.

    The blanket ``except`` is meant: on damaged bytes the decoders raise anything from KeyError to RecursionError.

    Parameters
    ----------
    path
        The image, for the message.
    what
        What failed if it fails, for example ``the tile at row 0, column 240 cannot be decoded``.
    remedy
        What to do then.
    detail
        Whether to add what the library said; not where it may quote a header that names a patient.
    tile
        Whether it is a piece of the pixels: then it becomes a `TileError`, unless the system failed to read it.
    """
    with quiet():
        try:
            yield
        except Exception as error:
            fail(error, path, what, remedy, detail=detail, tile=tile)


@contextmanager
def quiet() -> Iterator[None]:
    """Let libraries warn and log nothing meanwhile."""
    _QUIET.enter()
    try:
        yield
    finally:
        _QUIET.leave()


def fail(error: Exception, path: Path, what: str, remedy: str, *, detail: bool = True, tile: bool = False) -> NoReturn:
    """Raise the error again if it was raised on purpose, else as an `ImageReadError`; parameters as in `reading`."""
    if isinstance(error, CalcannotError):
        raise error
    if isinstance(error, MemoryError):
        reason = f"{what}: it needs more memory than there is"
        raise ImageReadError(reason, path=path, remedy="use a machine with more memory, or a tiled copy") from error
    reason = f"{what} ({brief(error)})" if detail else what
    # A drive that went away says nothing of the tile.
    kind = TileError if tile and not (isinstance(error, OSError) and error.errno) else ImageReadError
    raise kind(reason, path=path, remedy=remedy) from error


def brief(error: Exception) -> str:
    """First line of an error, short, and without a path: a folder may carry a patient's name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, UnicodeError):
        return "damaged data"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = lines[0].strip().rstrip(".")
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"
