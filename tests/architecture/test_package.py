"""One distribution, two packages: what a user gets from the wheel."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import calcannot

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    """Names of the files in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    ("folder", "inside"),
    [
        ("src/calcannot", "calcannot"),
        ("plugins/napari_calcannot", "napari_calcannot"),
        ("sample_images", "calcannot/sample_images"),
    ],
)
def test_the_wheel_holds_every_file(folder: str, inside: str, wheel_names: set[str], tracked_files: list[Path]) -> None:
    wanted = {
        f"{inside}/{path.relative_to(folder).as_posix()}" for path in tracked_files if path.is_relative_to(folder)
    }
    assert wanted
    assert wanted <= wheel_names


def test_the_wheel_holds_what_is_not_python(wheel: Path) -> None:
    # The script that the release workflow calls.
    check = [sys.executable, str(ROOT / "tools" / "check_wheel.py"), str(wheel)]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    folders = {name.partition("/")[0] for name in wheel_names}
    assert folders == {"calcannot", "napari_calcannot", f"calcannot-{calcannot.__version__}.dist-info"}


def test_the_manifest_is_found_by_the_viewer() -> None:
    npe2 = pytest.importorskip("npe2", reason="this lane has no viewer")
    manifest = npe2.PluginManifest.from_distribution("calcannot")
    assert manifest.name == "calcannot"
    assert manifest.package_version == calcannot.__version__


def test_the_version_has_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    assert importlib.metadata.version("calcannot") == calcannot.__version__
