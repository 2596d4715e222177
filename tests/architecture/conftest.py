"""What is in the project: the files that git tracks, not whatever lies about."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Paths of the tracked files that are there, relative to the root of the project."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout: there is no telling which files are ours")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip(f"git does not list this checkout: {listed.stderr.decode('utf-8').strip()}")
    names = listed.stdout.decode("utf-8").split("\0")
    return [path for name in names if name and (ROOT / (path := Path(name))).is_file()]
