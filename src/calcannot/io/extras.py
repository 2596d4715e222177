"""Libraries that only some formats need, imported when a file of that format is opened."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from calcannot.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path


def import_extra(module: str, extra: str, path: Path, format: str) -> Any:
    """Import a module, or raise MissingExtraError that names the format and the extra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        what = f"{format} needs a part that is not installed"
        raise MissingExtraError(what, path=path, remedy=f'install it with: pip install "calcannot[{extra}]"') from error
