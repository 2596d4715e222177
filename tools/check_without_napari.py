"""Fail unless calcannot imports and runs in an environment in which there is no napari and no Qt."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import calcannot

WINDOW = ("napari", "qtpy", "PySide6", "PyQt6", "magicgui", "superqt", "vispy")

if __name__ == "__main__":
    if present := [name for name in WINDOW if find_spec(name)]:
        sys.exit(f"This lane is about their absence, and here are: {', '.join(present)}")
    command = [str(Path(sys.executable).with_name("calcannot")), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode or calcannot.__version__ not in said.stdout:
        sys.exit(f"calcannot --version left with {said.returncode} and said: {said.stdout}{said.stderr}")
    print(f"{said.stdout.strip()} imports and runs without napari and Qt")
