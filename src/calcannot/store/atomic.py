"""Files that are whole or not there: written beside their place, flushed to disk, then moved into it."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from calcannot.errors import CalcannotError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quota of this name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; when the block ends well it becomes ``path``, else it is removed.

    Raises
    ------
    OutputError
        If the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".calcannot-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        sync_folder(path.parent)
    except CalcannotError:
        raise  # of an image that cannot be read, for example: it says what to do itself
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace a file by text in UTF-8 with line feeds."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable."""
    # Windows has no handle on a folder; there the move itself is durable.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Say what the system said, in an error that is ours."""
    if isinstance(error, OutputError):
        return error
    reason = error.strerror or type(error).__name__
    remedy = "free space on its disk" if error.errno in _FULL else "check the folder, its rights and free space"
    return OutputError(f"cannot be written ({reason})", path=path, remedy=remedy)
