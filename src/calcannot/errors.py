"""Every error calcannot raises on purpose.

One base, ``CalcannotError``. Each child is also the builtin it stands in for, so that code which knows nothing of
calcannot still catches it. An error says what is wrong, in which file, and what to do, in one line.
"""

from __future__ import annotations

from pathlib import Path


class CalcannotError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    what
        What is wrong, a phrase without a full stop.
    path
        The file it is about. Only its name is shown, never the folder (a folder may carry a patient's name).
    remedy
        What to do about it, a phrase without a full stop.
    """

    def __init__(self, what: str, *, path: str | Path | None = None, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.file = Path(path) if path is not None else None
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.file.name or self.file}: " if self.file is not None else ""
        advice = f". {self.remedy[0].upper()}{self.remedy[1:]}" if self.remedy else ""
        stop = "" if advice.endswith("?") else "."
        return " ".join(f"{place}{self.what}{advice}{stop}".split())

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.file, self.remedy)


def _rebuild(kind: type[CalcannotError], what: str, path: Path | None, remedy: str) -> CalcannotError:
    return kind(what, path=path, remedy=remedy)


class ImageReadError(CalcannotError, OSError):
    """Use when the bytes of an image cannot be read: absent, truncated, damaged, not an image at all."""


class TileError(ImageReadError):
    """Use when a tile or strip of an image does not decode, though the system could read it; the rest may be sound."""


class UnsupportedImageError(CalcannotError, ValueError):
    """Use when an image is sound but of a kind that is not measured: a volume, an animation, an unknown codec."""


class CalibrationError(CalcannotError, ValueError):
    """Use when a pixel size is asked for and none is known, or when a given one cannot be true."""


class RecipeError(CalcannotError, ValueError):
    """Use when a recipe is malformed or cannot be applied to this image."""


class AnnotationError(CalcannotError, ValueError):
    """Use when drawn geometry is malformed or cannot belong to this image."""


class CaseError(CalcannotError, ValueError):
    """Use when a case is malformed, damaged or newer than this version: what was read is never taken for empty."""


class CaseBusyError(CalcannotError, TimeoutError):
    """Use when another writer holds a case for longer than anybody should wait."""


class OutputError(CalcannotError, OSError):
    """Use when a result cannot be written, or writing it would overwrite something that is not ours."""


class ResultsError(CalcannotError, ValueError):
    """Use when a folder of results cannot be read back: absent, damaged, or put together from different runs."""


class ClusterError(CalcannotError, ConnectionError):
    """Use when a cluster cannot do the work: no scheduler, no workers, workers of another version."""


class MissingExtraError(CalcannotError, ImportError):
    """Use when an optional part is needed and not installed; the remedy names the extra."""
