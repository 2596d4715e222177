"""The house: imports go down only, and only the plugin knows a window."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "calcannot"
WINDOW = {"napari", "qtpy", "PySide6", "PyQt6", "PySide2", "PyQt5", "magicgui", "superqt", "vispy", "napari_calcannot"}


def imported_names(source: str) -> set[str]:
    """Top-level packages that a module imports anywhere: at its head, inside a function, or by name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.partition(".")[0])
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(module)), *_]
            ):
                if name in ("import_module", "__import__"):
                    names.add(module.partition(".")[0])
    return names


def test_the_contracts_hold() -> None:
    pytest.importorskip("importlinter", reason="this lane has no linter")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "source",
    ["import napari", "def f():\n    from napari.layers import Image", "import_module('napari.utils')"],
)
def test_an_import_is_seen_wherever_it_hides(source: str) -> None:
    assert imported_names(source) == {"napari"}


def test_the_library_imports_no_window_not_even_inside_a_function() -> None:
    modules = sorted(LIBRARY.rglob("*.py"))
    assert modules
    guilty = {
        str(path.relative_to(ROOT)): names & WINDOW
        for path in modules
        if (names := imported_names(path.read_text("utf-8"))) & WINDOW
    }
    assert guilty == {}


def test_importing_the_plugin_package_opens_no_window() -> None:
    code = "import sys, napari_calcannot; print(*sys.modules, sep='\\n')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not WINDOW - {"napari_calcannot"} & set(result.stdout.split())
