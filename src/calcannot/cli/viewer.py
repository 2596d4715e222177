"""``calcannot open``: napari with the plugin docked."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from calcannot.errors import MissingExtraError

_LAUNCHER = "napari_calcannot"


def open_viewer(
    path: Annotated[Path | None, typer.Argument(help="Image or case folder.", show_default=False)] = None,
) -> None:
    """Open napari with the calcannot panel."""
    if path is not None and not path.exists():
        from calcannot.errors import ImageReadError

        raise ImageReadError("there is no such file", path=path, remedy="check the path")
    if not has_viewer():
        what = "the viewer is not installed"
        raise MissingExtraError(what, remedy='install it with: pip install "calcannot[all]"')
    if not has_screen():
        raise MissingExtraError("there is no screen to open a window on", remedy="use calcannot measure instead")
    raise typer.Exit(launch(path))


def has_viewer() -> bool:
    """Whether napari and a Qt binding are installed."""
    return find_spec("napari") is not None and any(find_spec(qt) for qt in ("PySide6", "PyQt6"))


def has_screen() -> bool:
    """Whether a window can be opened: always on Windows and macOS, elsewhere where a display is named."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def launch(path: Path | None) -> int:
    """Run the viewer in a process of its own until it is closed; its exit code."""
    # A process of its own: the command line never imports a window, and a crash of Qt is not ours.
    command = [sys.executable, "-m", _LAUNCHER, *([str(path)] if path is not None else [])]
    return subprocess.run(command, check=False).returncode
